"""Real readings from files: drifting columns, encodings, units, time zones; rejects are listed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from openpyxl import Workbook

from backend_client.adapters.tabular.columns import Misaligned, UnknownUnit, aligned, layout_of
from backend_client.adapters.tabular.readings import qualities, time_of, trend_disagrees
from console.central.importers.run import Importer
from console.central.repository import Repository, open_repository
from console.domain.quality import Quality
from console.domain.time import BEIJING, beijing, from_beijing
from console.errors import ConsoleError


@pytest.fixture
def repo(tmp_path):
    r = Repository(tmp_path / "central.db", "test")
    yield r
    r.close()


def values(repo, code, element):
    sid = next(
        int(d["properties"]["sid"])
        for d in repo.objects("series")
        if (d["properties"]["object"], d["properties"]["element"]) == (code, element)
    )
    return {r[1]: (r[2], r[3]) for page in repo.in_series_order(0, 2**32, 1000) for r in page if r[0] == sid}


def write(folder, name, text, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text.encode(encoding))
    return folder


HEAD = "oq,rvnm,stcd,stnm,tm,wptn,z\n"


def test_flow_columns_may_come_and_go_within_a_file(repo, tmp_path):
    text = (
        HEAD
        + "17200,长江干流,60106980,三峡水库,1717167600000,4,147.90\n16500,13000,长江干流,60106980,三峡水库,1717178400000,4,147.86\n"
    )
    Importer(repo).folder(write(tmp_path / "d", "a.csv", text), progress=False)
    t0, t1 = 1717167600, 1717178400
    assert values(repo, "60106980", "RZ") == {t0: (147.9, 0), t1: (147.86, 0)}
    assert values(repo, "60106980", "OTQ") == {t0: (17200.0, 0), t1: (16500.0, 0)}
    assert values(repo, "60106980", "INQ") == {t1: (13000.0, 0)}


def test_columns_of_readings_that_mean_nothing_here_are_named_once_with_their_files(repo, tmp_path):
    for name in ("一月.csv", "二月.csv"):
        write(tmp_path / "d", name, "站码,时间,水位,水温,\n81001,2022-06-22 08:00,35.9,21.3,\n")
    report = Importer(repo).folder(tmp_path / "d", progress=False)
    assert report.left_out == {"水温": 2} and not report.rejects
    assert any("没有用到的列：水温（2 个文件）" in line for line in report.lines_of_text())


def test_an_unclear_flow_is_listed_and_the_level_still_loads(repo, tmp_path):
    text = "oq,q,rvnm,stcd,stnm,tm,wptn,z\n659,汉江,61802700,丹江口水库,1720317600000,4,157.95\n"
    report = Importer(repo).folder(write(tmp_path / "d", "a.csv", text), progress=False)
    assert values(repo, "61802700", "RZ") == {1720317600: (157.95, 0)}
    assert report.rejects[0][:2] == ("a.csv", 2) and "分不清" in report.rejects[0][2]


def test_importing_twice_changes_nothing(repo, tmp_path):
    folder = write(tmp_path / "d", "a.csv", HEAD + "1,长江,60106980,三峡水库,1717167600000,4,147.90\n")
    Importer(repo).folder(folder, progress=False)
    seq = repo.seq
    again = Importer(repo).folder(folder, progress=False)
    assert (again.added, again.unchanged, repo.seq) == (0, 2, seq)


def test_a_correction_is_a_new_revision(repo, tmp_path):
    Importer(repo).folder(write(tmp_path / "a", "a.csv", "stcd,tm,z\nA1,2024-06-01 08:00,5.00\n"), progress=False)
    Importer(repo).folder(write(tmp_path / "b", "a.csv", "stcd,tm,z\nA1,2024-06-01 08:00,5.10\n"), progress=False)
    rows, _, _ = repo.changes(0, 100)
    assert [(r[2], r[4]) for r in rows] == [(5.1, 2)]


def test_bad_rows_are_named_with_file_line_and_reason_and_the_rest_loads(repo, tmp_path):
    text = "站码,时间,水位(m)\nA1,2024-06-01 08:00,5.00\nA1,昨天,5.1\nA1,2024-06-01 10:00,abc\n,2024-06-01 11:00,5.2\nA1,2024-06-01 12:00,99999\nA1,2024-06-01 13:00,5.3,9,9\n\nA1,2024-06-01 14:00,—\n"
    report = Importer(repo).folder(write(tmp_path / "d", "坏.csv", text), progress=False)
    assert list(values(repo, "A1", "Z").values()) == [(5.0, 0)]
    assert [(f, n) for f, n, _ in report.rejects] == [("坏.csv", n) for n in (3, 4, 5, 6, 7)]
    assert all(reason for _, _, reason in report.rejects)


def test_excel_in_china_writes_gb18030_and_beijing_time(repo, tmp_path):
    Importer(repo).folder(
        write(tmp_path / "d", "a.csv", "站码,站名,时间,水位\nA1,滃江,2022/06/22 14:00,35.97\n", "gb18030"), progress=False
    )
    assert values(repo, "A1", "Z") == {from_beijing("2022-06-22 14:00"): (35.97, 0)}
    assert repo.objects("stations")[0]["properties"]["name"] == "滃江"


def test_xlsx_with_units_in_the_heading(repo, tmp_path):
    book = Workbook()
    book.active.append(["站码", "站名", "时间", "库水位(m)", "蓄水量（亿m3）", "入库流量(m3/s)"])
    book.active.append(["R1", "白盆珠水库", "2024-06-01 08:00", 74.5, 5.75, 1200])
    (tmp_path / "d").mkdir()
    book.save(tmp_path / "d" / "a.xlsx")
    Importer(repo).folder(tmp_path / "d", progress=False)
    t = from_beijing("2024-06-01 08:00")
    assert values(repo, "R1", "W") == {t: (575.0, 0)}, "storage is kept in 10⁶ m³"
    assert values(repo, "R1", "INQ") == {t: (1200.0, 0)}
    assert repo.objects("reservoirs")[0]["properties"]["name"] == "白盆珠水库"


def test_an_unknown_unit_is_refused_not_guessed():
    with pytest.raises(UnknownUnit, match="英尺"):
        layout_of(["站码", "时间", "水位(英尺)"])


def test_sl323_station_and_limit_tables_give_positions_and_thresholds(repo, tmp_path):
    folder = write(
        tmp_path / "d",
        "1_ST_STBPRP_B.csv",
        "STCD,STNM,RVNM,LGTD,LTTD,DTMNM,STTP\n80000001,某站,北江,113.41,24.19,珠江基面,ZQ\n",
    )
    write(folder, "2_ST_RVFCCH_B.csv", "STCD,WRZ,GRZ,OBHTZ\n80000001,26.0,,34.2\n")
    write(folder, "3_ST_RIVER_R.csv", "STCD,TM,Z,Q,WPTN\n80000001,2022-06-22 14:00:00,35.97,,5\n")
    Importer(repo).folder(folder, progress=False)
    (doc,) = repo.objects("stations")
    assert doc["geometry"]["coordinates"] == [113.41, 24.19]
    assert {(t["kind"], t["value"]) for t in doc["properties"]["thresholds"]} == {("warning", 26.0), ("record", 34.2)}
    assert doc["properties"]["datum"] == "珠江基面" and doc["properties"]["name"] == "某站"


def test_a_limit_of_a_pool_belongs_to_the_pool_level_even_when_the_file_with_the_type_came_later(repo, tmp_path):
    folder = write(tmp_path / "d", "1_ST_RVFCCH_B.csv", "STCD,WRZ,GRZ,OBHTZ\n80000002,59.6,,\n")
    write(folder, "2_ST_STBPRP_B.csv", "STCD,STNM,STTP\n80000002,某水库,RR\n")
    Importer(repo).folder(folder, progress=False)
    (doc,) = repo.objects("reservoirs")
    assert [(t["kind"], t["element"], t["value"]) for t in doc["properties"]["thresholds"]] == [("warning", "RZ", 59.6)]


def test_a_lone_spike_is_suspect_a_real_rise_is_not():
    assert qualities("Z", np.array([5.0, 25.0, 5.1])).tolist() == [0, Quality.SUSPECT, 0]
    assert qualities("Z", np.array([5.0, 8.0, 11.0])).tolist() == [0, 0, 0]


def test_duplicates_are_counted_and_a_contradiction_is_listed(repo, tmp_path):
    text = "stcd,tm,z\nA1,1717167600,5.0\nA1,1717167600,5.0\nA1,1717167600,6.0\n"
    report = Importer(repo).folder(write(tmp_path / "d", "a.csv", text), progress=False)
    assert report.duplicates == 2 and "两个不同的值" in report.rejects[0][2]
    assert values(repo, "A1", "Z") == {1717167600: (6.0, 0)}


def test_cancel_keeps_what_is_complete(repo, tmp_path, monkeypatch):
    folder = write(tmp_path / "d", "a.csv", "stcd,tm,z\nA1,1717167600,5.0\n")
    write(folder, "b.csv", "stcd,tm,z\nB1,1717167600,6.0\n")
    importer = Importer(repo)
    whole = importer.file
    monkeypatch.setattr(importer, "file", lambda path, label: (whole(path, label), importer.stop()))
    report = importer.folder(folder, progress=False)
    assert report.cancelled and report.stations == {"A1"}
    assert Importer(repo).folder(folder, progress=False).stations == {"A1", "B1"}


@pytest.mark.parametrize(
    ("cell", "t"),
    [
        ("1717167600000", 1717167600),
        ("1717167600", 1717167600),
        ("2024-05-31T23:00:00+08:00", 1717167600),
        ("2024-05-31 23:00", 1717167600),
    ],
)
def test_times_in_all_their_forms(cell, t):
    assert time_of(cell, BEIJING) == t


def test_trend_codes_are_only_compared_never_trusted():
    assert trend_disagrees("4", 0.3) and trend_disagrees("5", -0.3)
    assert trend_disagrees("6", 0.3) and trend_disagrees("6", -0.3)
    assert not trend_disagrees("5", 0.3) and not trend_disagrees("9", 1.0) and not trend_disagrees("6", 0.01)


def test_a_row_that_no_rule_fits_is_refused():
    with pytest.raises(Misaligned):
        aligned(layout_of(["stcd", "tm", "z"]), ["1", "2", "3", "4"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"just text\n", "甲,乙\n1,2\n".encode()])
def test_files_that_are_no_tables_are_listed(repo, tmp_path, content):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.csv").write_bytes(content)
    (tmp_path / "d" / "b.xlsx").write_bytes(b"not a zip")
    report = Importer(repo).folder(tmp_path / "d", progress=False)
    assert {f for f, _, _ in report.rejects} == {"a.csv", "b.xlsx"}


def test_an_empty_folder_and_a_wrong_zone_say_what_to_do(repo, tmp_path):
    with pytest.raises(ConsoleError, match="没有 CSV"):
        Importer(repo).folder(tmp_path, progress=False)
    with pytest.raises(ConsoleError, match="时区"):
        Importer(repo, "Mars/Olympus")


def test_the_real_changjiang_readings_load_whole(repo, shared):
    report = Importer(repo).folder(shared / "realdata" / "longriver", progress=False)
    assert (report.lines, len(report.stations)) == (30445, 15)
    assert len(report.rejects) == 1 and report.rejects[0][0].endswith("丹江口水库.csv")
    assert report.added > 56_000


def test_a_table_may_say_what_its_values_are_worth(tmp_path):
    """Forecasts, suspect and edited values come as such; a future value that nobody called a forecast is doubtful."""
    now = int(time.time()) // 3600 * 3600
    stamps = [beijing(now + h * 3600).strftime("%Y-%m-%d %H:%M") for h in (-2, -1, 3, 4, 5)]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "站码,时间,水位,水位预报下限,水位预报上限,质量\n"
        f"A1,{stamps[0]},10.0,,,实测\nA1,{stamps[1]},10.1,,,存疑\nA1,{stamps[2]},10.5,10.3,10.9,预报\n"
        f"A1,{stamps[3]},10.6,10.3,11.0,\nA1,{stamps[4]},10.7,,,好像对\n",
        "utf-8",
    )
    repo = open_repository(tmp_path / "centre", "live")
    try:
        report = Importer(repo).folder(folder, progress=False)
        sids = {int(d["properties"]["sid"]): d["properties"]["element"] for d in repo.objects("series")}
        found = {}
        for page in repo.in_series_order(0, now + 10 * 3600, 1000, sorted(sids)):
            for sid, _t, value, quality, *_ in page:
                found.setdefault(sids[sid], []).append((value, Quality(quality)))
        q = Quality
        assert found["Z"] == [(10.0, q.MEASURED), (10.1, q.SUSPECT), (10.5, q.FORECAST), (10.6, q.SUSPECT), (10.7, q.SUSPECT)]
        assert found["ZLO"] == [(10.3, q.FORECAST)] * 2 and found["ZHI"] == [(10.9, q.FORECAST), (11.0, q.FORECAST)]
        told = " ".join(reason for _, _, reason in report.rejects)
        assert "时间在将来" in told and "质量“好像对”不认识" in told
    finally:
        repo.close()


def test_foreign_codes_say_nothing_and_measured_makes_no_flood_of_a_spike(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "站码,时间,水位,质量码\n" + "".join(f"A1,2024-06-01 {h:02d}:00,{10 + h / 10},0\n" for h in range(5)), "utf-8"
    )
    (folder / "b.csv").write_text(
        "站码,时间,水位,质量\nB1,2024-06-01 08:00,10,原始\nB1,2024-06-01 09:00,90,原始\nB1,2024-06-01 10:00,10,原始\n", "utf-8"
    )
    repo = open_repository(tmp_path / "centre", "live")
    try:
        report = Importer(repo).folder(folder, progress=False)
        sids = {int(d["properties"]["sid"]): d["properties"]["object"] for d in repo.objects("series")}
        found = {"A1": [], "B1": []}
        for page in repo.in_series_order(0, 2_000_000_000, 1000, sorted(sids)):
            for sid, _t, _value, quality, *_ in page:
                found[sids[sid]].append(Quality(quality))
        assert not report.rejects and set(found["A1"]) == {Quality.MEASURED}
        assert found["B1"] == [Quality.MEASURED, Quality.SUSPECT, Quality.MEASURED]
    finally:
        repo.close()
