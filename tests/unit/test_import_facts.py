"""Tables that tell what a place is: what they say reaches its document, its card and its figures."""

from __future__ import annotations

import pytest

from backend_client.adapters.harvest import ForeignSeries
from console.central.importers.run import Importer
from console.central.repository import Repository
from console.central.sources.catalogue import catalogue
from console.central.sources.config import load_sources
from console.domain.elements import ELEMENTS, Element
from console.domain.objects import station_from_doc
from console.domain.reservoirs import reservoir_facts
from console.domain.time import from_beijing
from console.domain.vocabulary import Kind, Vocabulary
from console.presenters.station_facts import annual_maxima

STATIONS = "站码,站名,站类,经度,纬度\n44001,龙潭水库,RR,113.2,24.1\n44002,石角,ZQ,113.0,23.5\n"


@pytest.fixture
def repo(tmp_path):
    found = Repository(tmp_path / "central.db", "live")
    yield found
    found.close()


def brought(repo, tmp_path, **tables):
    """Import tables by name; their names sort before and after the station table's."""
    folder = tmp_path / "tables"
    folder.mkdir(exist_ok=True)
    for name, text in {"m_stations": STATIONS, **tables}.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return Importer(repo).folder(folder, progress=False)


def place(repo, code, kind="reservoirs"):
    return station_from_doc(next(d for d in repo.objects(kind) if d["code"] == code))


def test_limits_by_season_hold_in_their_days_whatever_the_order_of_the_files(repo, tmp_path):
    seasons = "STCD,BGMD,EDMD,FSLTDZ\n44001,0401,0630,76.5\n44001,7-1,10月15日,78\n44001,1101,0228,80\n"
    report = brought(repo, tmp_path, a_seasons=seasons)
    assert not report.rejects and report.listed == {"seasons": 1}
    pool = place(repo, "44001")

    def limit(day):
        found = pool.threshold("flood_limit", from_beijing(f"2026-{day} 08:00"), "RZ")
        return found and (found.value, found.source)

    assert [limit(d) for d in ("04-01", "06-30", "07-01", "10-15", "10-20", "12-31", "02-28", "03-01")] == [
        (76.5, "文件导入"),
        (76.5, "文件导入"),
        (78.0, "文件导入"),
        (78.0, "文件导入"),
        None,
        (80.0, "文件导入"),
        (80.0, "文件导入"),
        None,
    ]
    assert brought(repo, tmp_path, a_seasons="STCD,BGMD,EDMD,FSLTDZ\n44001,0401,1015,77\n").listed == {"seasons": 1}
    assert [t.value for t in place(repo, "44001").thresholds] == [77.0], "a newer table takes the place of the older one"


def test_marks_and_curves_of_a_reservoir_are_usable_at_once(repo, tmp_path):
    report = brought(
        repo,
        tmp_path,
        marks="站码,正常高水位(m),设计洪水位(m),校核洪水位(m),死水位(m),坝顶高程(m),总库容(亿m3),防洪库容(万m³)\n44001,80,82.1,83.4,60,85,1.2,3500\n",
        storage="STCD,MSTM,PTNO,RZ,W,WSFA\n44001,2001,1,60,5,1\n44001,2020,1,60,6,1.1\n44001,2020,2,80,90,4.2\n44001,2020,3,85,120,5\n",
        release="站码,工况,库水位,泄量(m3/s)\n44001,全开,70,0\n44001,全开,80,1500\n44001,一孔,70,0\n44001,一孔,80,300\n",
    )
    assert not report.rejects, report.rejects
    pool = place(repo, "44001")
    t = from_beijing("2026-06-01 08:00")
    assert [pool.threshold(k, t, "RZ").value for k in ("normal", "design", "check", "dead", "crest")] == [
        80,
        82.1,
        83.4,
        60,
        85,
    ]
    facts = reservoir_facts(pool.facts)
    assert facts.refused == () and facts.total_mcm.value == 120 and facts.flood_control_mcm.value == 35
    assert facts.storage.points == ((60, 6), (80, 90), (85, 120)), "the newest survey of the storage counts"
    assert [(o, c.points[-1]) for o, c in facts.releases] == [("全开", (80, 1500)), ("一孔", (80, 300))]
    assert "水位库容曲线 1 项" in report.lines_of_text()[2] and "泄流曲线 1 项" in report.lines_of_text()[2]


def test_yearly_maxima_feed_the_frequency_curve(repo, tmp_path):
    rows = "".join(f"44002,{year},{9000 + 37 * (year % 11) * 10}\n" for year in range(1960, 2022))
    assert not brought(repo, tmp_path, z="站码,年份,年最大流量(m³/s)\n" + rows).rejects
    found = annual_maxima(place(repo, "44002", "stations"))
    assert (found.element, found.unit, found.source, len(found.values), found.left_out) == ("Q", "m³/s", "文件导入", 62, 0)


def test_matters_of_a_line_of_business_come_as_they_are(repo, tmp_path):
    table = "编码,名称,类型,经度,纬度,市,stage,fine_yuan,文号\nC1,偷采河砂案,case,113.1,23.6,清远,立案,20000,007\nC2,占用堤防案,case,,,清远,办结,,\n"
    assert brought(repo, tmp_path, cases=table).listed == {"matters": 2}
    docs = {d["code"]: d for d in repo.objects("matters")}
    assert docs["C1"]["properties"]["facts"] == {"stage": "立案", "fine_yuan": 20000.0, "文号": "007"}
    assert docs["C1"]["geometry"]["coordinates"] == [113.1, 23.6] and docs["C2"]["geometry"] is None
    again = brought(repo, tmp_path, cases=table.replace("立案", "结案"))
    assert again.listed == {"matters": 2} and {d["code"]: d["version"] for d in repo.objects("matters")} == {"C1": 2, "C2": 1}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("STCD,BGMD,EDMD,FSLTDZ\n44001,0431,0630,76\n", "应为月日"),
        ("STCD,BGMD,EDMD,FSLTDZ\n44001,0401,0630,七十六\n", "不是数"),
        ("STCD,BGMD,EDMD,FSLTDZ\n99999,0401,0630,76\n", "请先导入测站表"),
        ("STCD,RZ,W\n44001,60,5\n", "两个点"),
        ("STCD,RZ,W\n44001,60,5\n44001,70,4\n", "不能下降"),
        ("STCD,RZ,W\n44001,60,5\n44001,70\n", "有 2 列"),
        ("站码,库水位,泄量(加仑)\n44001,60,5\n", "单位不认识"),
        ("STCD,RZ,W\n44001,60,1e99\n", "不可能"),
    ],
)
def test_what_cannot_be_used_is_named_and_leaves_the_place_as_it_was(repo, tmp_path, table, why):
    report = brought(repo, tmp_path, z_bad=table)
    assert any(why in reason for _, _, reason in report.rejects), report.rejects
    assert place(repo, "44001").thresholds == () and not place(repo, "44001").facts


def test_readings_brought_later_leave_the_limits_by_season_alone(repo, tmp_path):
    seasons = "STCD,BGMD,EDMD,FSLTDZ\n44001,0415,0630,70.5\n44001,0701,1015,75\n"
    brought(repo, tmp_path, a=seasons)
    brought(repo, tmp_path, readings="stcd,stnm,tm,rz\n44001,龙潭水库,2026-05-01 08:00,70.1\n")
    limits = [(t.value, t.season) for t in place(repo, "44001").thresholds if t.kind == "flood_limit"]
    assert limits == [(70.5, ("0415", "0630")), (75.0, ("0701", "1015"))]


def test_a_tide_station_stays_one_when_its_readings_come(repo, tmp_path):
    brought(repo, tmp_path, m="站码,站名,站类,经度,纬度\nT1,赤湾,TT,113.9,22.5\n")
    brought(repo, tmp_path, z="站码,时间,水位\nT1,2026-05-01 08:00,0.4\n")
    assert place(repo, "T1", "stations").kind == "tide"


def test_a_register_with_marks_places_the_stations_too_and_a_limit_without_a_season_is_named(repo, tmp_path):
    table = "站码,站名,站类,经度,纬度,正常蓄水位,死水位,汛限水位\n55001,新建水库,RR,112.5,23.9,80,60,76\n"
    report = brought(repo, tmp_path, zz_register=table)
    pool = place(repo, "55001")
    assert (pool.name, pool.kind, pool.lon) == ("新建水库", "reservoir", 112.5)
    assert {(t.kind, t.value) for t in pool.thresholds} == {("normal", 80.0), ("dead", 60.0)}
    assert [r[2] for r in report.rejects] == ["汛限水位没有开始、结束月日，没有导入；请用分期汛限水位表"]


def test_readings_of_days_are_no_storage_curve(repo, tmp_path):
    report = brought(repo, tmp_path, z="站码,日期,库水位,蓄水量\n44001,2026-05-01,70,50\n44001,2026-05-02,71,55\n")
    assert report.rejects and not place(repo, "44001").facts


def test_a_matter_cannot_take_the_code_of_a_reservoir(repo, tmp_path):
    report = brought(repo, tmp_path, x="编码,名称,类型,报告阶段\n44001,灾情,disaster,终报\nL1,灾情,disaster,终报\n")
    assert [r[2] for r in report.rejects] == ["编码 44001 已是一个站或工程的编码，请给事项自己的编码"]
    assert [d["code"] for d in repo.objects("matters")] == ["L1"]


def test_a_blank_cell_costs_its_line_and_a_broken_file_costs_itself(repo, tmp_path):
    seasons = "STCD,BGMD,EDMD,FSLTDZ\n44001,0415,0630,\n44001,,0630,71\n44001,0701,1015,75\n"
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "b.csv").write_text("STCD,RZ,W\n44001,60," + "5" * 200_000 + "\n", "utf-8")
    report = brought(repo, tmp_path, a=seasons, c="STCD,RZ,W\n44001,60,5\n44001,70,9\n")
    assert [(r[0], r[1]) for r in report.rejects][:2] == [("a.csv", 2), ("a.csv", 3)] and "b.csv" in {
        r[0] for r in report.rejects
    }
    pool = place(repo, "44001")
    assert [t.value for t in pool.thresholds] == [75.0] and "storage_curve" in pool.facts


def test_readings_of_declared_elements_come_from_tables_and_make_their_kind_of_station(repo, tmp_path):
    oxygen = Element("DO", "溶解氧", "mg/L", 1, low_is_bad=True)
    words = Vocabulary(
        ELEMENTS | {"DO": oxygen}, {"quality": Kind("quality", "水质站", "DO"), "soil": Kind("soil", "墒情站", "SM")}
    )
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "站码,站名,时间,溶解氧(mg/L),土壤含水率\nW1,断面,2026-05-01 08:00,6.8,\nM1,墒情,2026-05-01 08:00,,14.2\n", "utf-8"
    )
    (folder / "b.csv").write_text("站码,时间,溶解氧(ug/L)\nW1,2026-05-02 08:00,6800\n", "utf-8")
    report = Importer(repo, words=words).folder(folder, progress=False)
    assert [r[2] for r in report.rejects] == ["列“溶解氧(ug/L)”的单位应为 mg/L"] and report.added == 2
    assert {s.code: s.kind for s in map(station_from_doc, repo.objects("stations"))} == {"W1": "quality", "M1": "soil"}
    assert {(d["properties"]["element"], d["properties"]["unit"]) for d in repo.objects("series")} == {
        ("DO", "mg/L"),
        ("SM", "%"),
    }


def test_a_foreign_series_of_a_declared_element_finds_its_kind_and_a_wrong_unit_is_named(tmp_path):
    words = Vocabulary(ELEMENTS | {"DO": Element("DO", "溶解氧", "mg/L", 1)}, {"quality": Kind("quality", "水质站", "DO")})
    file = tmp_path / "sources.toml"
    file.write_text(
        '[[source]]\nname = "环保"\nkind = "sensorthings"\nprefix = "EP"\nurl = "https://example.invalid/v1.1"\n', "utf-8"
    )
    (conf,) = load_sources(file)
    found = [ForeignSeries("k1", "A", "断面甲", "DO", "mg/L"), ForeignSeries("k2", "B", "断面乙", "DO", "µg/L")]
    made = catalogue(conf, found, {}, words)
    assert [p.key.element for p in made.placed] == ["DO"] and made.unread == 1 and made.notes == ("unit-differs:DO",)
    assert [d["properties"]["type"] for d in made.stations["stations"]] == ["quality"]


def test_a_runoff_coefficient_comes_along_and_columns_that_mean_nothing_are_named(repo, tmp_path):
    report = brought(repo, tmp_path, z="站码,集水面积(km2),径流系数,管理单位\n44001,856,0.7,某局\n")
    facts = reservoir_facts(place(repo, "44001").facts)
    assert (facts.catchment_km2.value, facts.runoff_coefficient.value) == (856, 0.7)
    assert [r[2] for r in report.rejects] == ["不认识的列没有导入：管理单位"]
