"""A folder into which somebody drops tables: half-written files, corrections, encodings, shares that go away."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest
from openpyxl import Workbook

from backend_client.adapters.harvest import FORECAST, MEASURED, SUSPECT
from backend_client.adapters.tabular.folder import TableFolder
from backend_client.errors import BackendUnavailable, WireFormatError

HEAD = "stcd,stnm,tm,z\n"
T0 = 1717200000  # 2024-06-01 08:00 in Beijing
FOREVER = (0, 2**40)


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def drop(tmp_path, clock):
    folder = tmp_path / "drop"
    folder.mkdir()

    def put(name, text, age_s=60.0, encoding="utf-8"):
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        os.utime(path, (clock.now - age_s, clock.now - age_s))
        return path

    put.folder = folder
    return put


def open_folder(drop, clock):
    return TableFolder(drop.folder, clock=clock)


def values(source, key="S1:Z", window=FOREVER):
    series = [s for s in source.series() if s.key == key]
    got = source.read(series, *window)
    return {int(t): float(v) for p in got.parts for t, v in zip(p.t, p.value)}


def test_a_file_still_being_written_is_left_until_it_stands_still(drop, clock):
    source = open_folder(drop, clock)
    drop("a.csv", HEAD + "S1,石角,2024-06-01 08:00,10.0\nS1,石角,2024-06-", age_s=1)
    assert source.series() == ()
    drop("a.csv", HEAD + "S1,石角,2024-06-01 08:00,10.0\nS1,石角,2024-06-01 09:00,10.2\n", age_s=0)
    assert source.series() == (), "it has just grown"
    got = source.read([], *FOREVER)
    assert got.complete, "the second look saw the same size and time"
    assert values(source) == {T0: 10.0, T0 + 3600: 10.2}


def test_only_changed_files_are_read_again_and_the_later_file_wins(drop, clock):
    drop("a.csv", HEAD + "S1,石角,2024-06-01 08:00,10.0\n")
    drop("b.csv", HEAD + "S2,清远,2024-06-01 08:00,8.0\n")
    source = open_folder(drop, clock)
    assert values(source) == {T0: 10.0}
    read = source.meter.requests
    clock.now += 600
    drop("b.csv", HEAD + "S2,清远,2024-06-01 08:00,8.0\n", age_s=100)  # touched, not changed
    source.probe()
    assert source.meter.requests == read == 2
    drop("a-更正.csv", HEAD + "S1,石角,2024-06-01 08:00,10.4\n")
    assert values(source) == {T0: 10.4}
    fresh = source.changed_since(source.series(), int(clock.now))
    assert {p.key: p.value.tolist() for p in fresh.parts} == {"S1:Z": [10.4], "S2:Z": []}
    (drop.folder / "a-更正.csv").unlink()
    assert values(source) == {T0: 10.0}, "the correction was taken back"


def test_excel_in_china_writes_gb18030_and_units_in_brackets(drop, clock):
    text = "站码,站名,时间,蓄水量(亿m3),库水位(m)\nR1,飞来峡水库,2024/6/1 8:00,1.905,24.00\n"
    drop("水库.csv", text.replace("2024/6/1 8:00", "2024/06/01 08:00"), encoding="gb18030")
    source = open_folder(drop, clock)
    got = {s.key: s for s in source.series()}
    assert got["R1:W"].station_name == "飞来峡水库" and got["R1:W"].unit == "106m3"
    assert values(source, "R1:W") == {T0: 190.5} and values(source, "R1:RZ") == {T0: 24.0}


def test_an_unknown_unit_or_a_broken_book_is_named_and_never_guessed(drop, clock):
    drop("a.csv", "stcd,tm,水位(英寻)\nS1,2024-06-01 08:00,3\n")
    drop("b.xlsx", b"PK\x03\x04 not a book")
    drop(
        "c.csv",
        HEAD + "S1,石角,2024-06-01 08:00,10\nS1,石角,昨天,11\nS1,石角,2024-06-01 09:00,1e999\nS1,石角,2024-06-01 10:00,-9999\n",
    )
    drop("d.csv", b"\xff\xfe\x00z\x81\xff,\n")
    drop("~$c.xlsx", b"lock")
    source = open_folder(drop, clock)
    assert values(source) == {T0: 10.0}
    got = source.read(source.series(), *FOREVER)
    assert not got.complete and got.expected is None
    assert {"unreadable:a.csv", "unreadable:b.xlsx", "unreadable:d.csv", "rejected:c.csv:2"} <= set(got.notes)
    reasons = {(file, line): reason for file, line, reason in source.rejects()}
    assert "单位" in reasons["a.csv", 1] and "XLSX" in reasons["b.xlsx", 1] and "时间" in reasons["c.csv", 3]


def test_a_small_book_that_unpacks_to_gigabytes_is_refused(drop, clock, monkeypatch):
    monkeypatch.setattr("backend_client.adapters.tabular.tables.SIZE_LIMIT", 1 << 20)
    path = drop.folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * (4 << 20))
    os.utime(path, (clock.now - 60, clock.now - 60))
    source = open_folder(drop, clock)
    source.probe()
    assert "展开" in source.rejects()[0][2]


def test_a_book_cut_short_keeps_what_the_whole_one_said(drop, clock):
    book = Workbook()
    for row in (["stcd", "tm", "z"], ["S1", "2024-06-01 08:00", 10.0]):
        book.active.append(row)
    path = drop.folder / "a.xlsx"
    book.save(path)
    os.utime(path, (clock.now - 60, clock.now - 60))
    source = open_folder(drop, clock)
    assert values(source) == {T0: 10.0}
    whole = path.read_bytes()
    drop("a.xlsx", whole[: len(whole) // 2], age_s=50)
    wanted = source.series()
    got = source.read(wanted, T0, T0)
    assert got.parts[0].value.tolist() == [10.0] and not got.complete and got.gaps[0].key == "S1:Z"
    drop("a.xlsx", whole, age_s=40)
    assert source.read(wanted, T0, T0).complete


def test_a_share_that_is_away_is_not_an_empty_folder(drop, clock):
    drop("a.csv", HEAD + "S1,石角,2024-06-01 08:00,10.0\n")
    source = open_folder(drop, clock)
    assert values(source) == {T0: 10.0}
    drop.folder.rename(drop.folder.with_name("away"))
    with pytest.raises(BackendUnavailable):
        source.read([], *FOREVER)
    drop.folder.with_name("away").rename(drop.folder)
    assert values(source) == {T0: 10.0}
    with pytest.raises(WireFormatError, match="zone"):
        TableFolder(drop.folder, "Asia/Nowhere")


def test_a_link_out_of_the_folder_is_not_followed(drop, clock, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(HEAD + "S9,x,2024-06-01 08:00,1\n")
    (drop.folder / "a.csv").symlink_to(secret)
    os.utime(secret, (clock.now - 60, clock.now - 60))
    assert open_folder(drop, clock).series() == ()


def test_real_months_of_the_yangtze_come_in_with_their_spikes_doubted(shared, clock):
    source = TableFolder(shared / "realdata/longriver/2024-07", clock=clock)
    series = source.series()
    assert {s.element for s in series} >= {"Z", "Q", "RZ", "INQ"} and len({s.station_code for s in series}) == 14
    got = source.read(series, *FOREVER)
    assert got.complete and got.expected == got.got > 10_000
    assert all(np.all(np.diff(p.t) > 0) for p in got.parts)
    assert any((p.quality == SUSPECT).any() for p in got.parts) or got.notes
    again = source.meter.requests
    source.read(series, *FOREVER)
    assert source.meter.requests == again, "an unchanged month is not parsed twice"


def test_a_quality_column_and_the_bounds_of_a_forecast_are_read(drop, clock):
    drop(
        "f.csv",
        "stcd,stnm,tm,z,水位预报下限,水位预报上限,质量\n"
        "A,站,2024-06-01 08:00,1.0,,,实测\nA,站,2024-06-01 09:00,1.5,1.2,1.9,预报\n"
        "R,青山水库,2024-06-01 09:00,80.0,79.0,81.0,预报\n",
    )
    source = open_folder(drop, clock)
    series = {(s.station_code, s.element): s for s in source.series()}
    assert set(series) == {("A", "Z"), ("A", "ZLO"), ("A", "ZHI"), ("R", "RZ"), ("R", "RZLO"), ("R", "RZHI")}
    got = {p.key: p.quality.tolist() for p in source.read(list(series.values()), *FOREVER).parts}
    assert got["A:Z"] == [MEASURED, FORECAST] and got["A:ZLO"] == [FORECAST] and got["R:RZHI"] == [FORECAST]


def test_a_later_line_of_a_file_corrects_an_earlier_one_wholly(drop, clock):
    drop("f.csv", "stcd,stnm,tm,z,质量\nA,站,2024-06-01 08:00,99,坏值\nA,站,2024-06-01 08:00,10.1,\n")
    source = open_folder(drop, clock)
    (part,) = source.read(source.series(), *FOREVER).parts
    assert part.value.tolist() == [10.1] and part.quality.tolist() == [MEASURED]
