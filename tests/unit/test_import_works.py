"""A reservoir office brings its own works: tables make sections, sensors with models, gates, surveys and their alarms."""

from __future__ import annotations

import numpy as np
import pytest

from console.central.importers.run import Importer
from console.central.repository import open_repository
from console.central.survey_watch import SurveyWatch
from console.domain.objects import station_from_doc, thing_from_doc
from console.domain.time import beijing, from_beijing
from console.domain.works import gate_of, sensor_of, works_of
from console.store.cause_rules import declared_causes
from console.viewdata.works_assess import Inputs, assess

H, DAY = 3600, 86400
T = from_beijing("2024-06-22 08:00")


@pytest.fixture
def repo(tmp_path):
    found = open_repository(tmp_path / "centre", "live")
    yield found
    found.close()


def stamp(t):
    return beijing(t).strftime("%Y-%m-%d %H:%M")


def brought(repo, tmp_path, **tables):
    folder = tmp_path / f"in{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return Importer(repo).folder(folder, progress=False)


WORKS = "编号,名称,类型,等级,水位站,冲刷限值(m),坝顶高程,坝型\nD1,青山水库大坝,大坝,2 级,R1,1.0,92.5,黏土心墙坝\n"
PROFILE = "工程,断面,名称,桩号,离轴距,高程\n" + "".join(
    f"D1,A,主断面,0+120,{y},{z}\n" for y, z in ((60, 60), (5, 92.5), (-5, 92.5), (-70, 58))
)
SENSORS = "编号,名称,工程,要素,断面,桩号,离轴距,高程\nP1,坝基渗压,D1,渗压水位,A,0+120,-10,55\n"


def history():
    t = np.arange(T - 1500 * DAY, T - 40 * DAY, 7 * DAY)
    level = 80 + 4 * np.sin(2 * np.pi * t / (365 * DAY)) + np.random.default_rng(1).normal(0, 0.8, len(t))
    value = 60 + 0.35 * (level - 80) + np.random.default_rng(2).normal(0, 0.05, len(t))
    rows = zip(t.tolist(), level.tolist(), value.tolist(), strict=True)
    return "监测点,时间,水位(m),读数\n" + "".join(f"P1,{stamp(a)},{b:.3f},{c:.3f}\n" for a, b, c in rows)


def readings(code, title, values):
    return f"站码,时间,{title}\n" + "".join(
        f"{code},{stamp(T - (len(values) - 1 - n) * H)},{v}\n" for n, v in enumerate(values)
    )


def test_an_imported_dam_is_judged_like_any_other(repo, tmp_path):
    report = brought(
        repo,
        tmp_path,
        断面=PROFILE,
        工程=WORKS,
        监测点=SENSORS,
        率定=history(),
        闸门="编号,工程,孔号,净宽,最大开度\nG1,D1,1,12,8\n",
        读数=readings("P1", "渗压水位", [60.0] * 10 + [63.0] * 6),
        开度=readings("G1", "闸门开度", [0.0, 2.5]),
    )
    assert not report.rejects, report.rejects
    assert report.listed == {"works": 1, "profiles": 1, "sensors": 1, "calibrations": 1, "gates": 1}
    (doc,) = repo.objects("works")
    works = works_of(thing_from_doc("works", doc))
    assert (works.name, works.type, works.level, works.crest_m) == ("青山水库大坝", "dam", ("R1", "Z"), 92.5)
    assert works.sections[0].profile[1] == (5.0, 92.5) and works.sections[0].chainage_m == 120.0
    assert works.facts == (("坝型", "黏土心墙坝", "文件导入"),) and not works.simulated
    (sensor,) = (sensor_of(station_from_doc(d)) for d in repo.objects("sensors"))
    assert sensor.problem == "" and sensor.driver == ("R1", "Z") and sensor.chainage_m == 120.0
    assert gate_of(station_from_doc(repo.objects("gates")[0])).max_opening_m == 8.0
    assert repo.objects("stations") == [], "their readings make no stations of instruments"
    kept = {(d["properties"]["object"], d["properties"]["element"]) for d in repo.objects("series")}
    assert kept == {("P1", "PW"), ("G1", "GTO")}
    t = np.arange(T - 15 * H, T + 1, H)
    own = (t, np.array([60.0] * 10 + [63.0] * 6), np.zeros(16, np.int64))
    level = (t, np.full(16, 80.0), np.zeros(16, np.int64))
    (health,) = assess([Inputs(sensor, own, level, H)], T, declared_causes(), {})
    assert health.state == "alarm" and health.off > 20 and health.n > 150


def sounding(code, day, hole):
    return "".join(
        f"{code},D1,坝脚,{stamp(T + day * DAY)},{x},{y},{50 - (hole if (x, y) == (20, 10) else 0)},珠基\n"
        for x in range(0, 41, 5)
        for y in range(0, 21, 5)
    )


def test_imported_soundings_raise_the_scour_alarm_of_the_works(repo, tmp_path):
    head = "编号,工程,测段,时间,桩号,离轴距,高程,基面\n"
    report = brought(repo, tmp_path, 工程=WORKS, 水下测量=head + sounding("S1", -100, 0.0) + sounding("S2", -1, 3.0))
    assert not report.rejects and report.listed == {"works": 1, "surveys": 2}
    watch = SurveyWatch(repo.objects("works"), repo.objects("surveys"))
    (found,) = watch.due(T)
    assert found.over and found.value == pytest.approx(3.0) and not found.simulated


def test_importing_again_changes_nothing_and_a_corrected_table_takes_the_old_ones_place(repo, tmp_path):
    for _ in range(2):
        report = brought(repo, tmp_path, 工程=WORKS, 断面=PROFILE, 监测点=SENSORS)
        assert not report.rejects
    assert {d["version"] for k in ("works", "sensors") for d in repo.objects(k)} == {1, 2}, "the profile is the second"
    brought(repo, tmp_path, 监测点=SENSORS.replace("坝基渗压", "坝基渗压计"), 工程=WORKS.replace("92.5", "92.6"))
    (doc,) = repo.objects("works")
    assert works_of(thing_from_doc("works", doc)).crest_m == 92.6 and doc["properties"]["sections"]
    assert repo.objects("sensors")[0]["properties"]["name"] == "坝基渗压计"


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"工程": "编号,名称\nD1,坝\n"}, "缺少这些列：类型"),
        ({"工程": WORKS.replace(",大坝,", ",大桥,")}, "类型应为大坝"),
        ({"监测点": SENSORS}, "没有编号为 D1 的工程"),
        ({"工程": WORKS, "监测点": SENSORS.replace("渗压水位", "渗压压")}, "没有叫“渗压压”的要素"),
        ({"工程": WORKS, "监测点": SENSORS.replace("0+120", "零加")}, "不是数：零加"),
        ({"工程": WORKS, "监测点": SENSORS.replace("0+120", "K12")}, "写成 K12+000"),
        ({"率定": "监测点,时间,水位,读数\nP9,2024-01-01,1,2\n"}, "没有编号为 P9 的监测点"),
        ({"工程": WORKS, "断面": PROFILE.replace("92.5\n", "\n")}, "“高程”是空的"),
        ({"工程": WORKS, "水下测量": "编号,工程,时间,桩号,离轴距,高程\nS,D1,昨天,1,2,3\n"}, "时间"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line_and_the_rest_comes(repo, tmp_path, tables, why):
    report = brought(repo, tmp_path, **tables)
    assert any(why in reason for _, _, reason in report.rejects), report.rejects


@pytest.mark.parametrize(
    ("text", "metres"),
    [("1050", 1050.0), ("1+050", 1050.0), ("1+50", 1050.0), ("12+3.5", 12003.5), ("K1 + 200", 1200.0), ("-0+050", -50.0)],
)
def test_a_chainage_is_read_as_it_is_written_on_the_levee(repo, tmp_path, text, metres):
    brought(repo, tmp_path, 工程=WORKS, 监测点=SENSORS.replace("0+120", text))
    assert sensor_of(station_from_doc(repo.objects("sensors")[0])).chainage_m == metres


def test_a_registered_station_keeps_its_code_and_a_simulated_works_stays_one(repo, tmp_path):
    point = {"type": "Point", "coordinates": [113.0, 23.0]}
    repo.put_objects(
        "stations", [{"code": "G1", "version": 3, "geometry": point, "properties": {"name": "站", "type": "river"}}]
    )
    told = {"name": "旧", "type": "dam", "simulated": True, "subsystems": {"video": {"state": "ok"}}}
    repo.put_objects("works", [{"code": "D1", "version": 1, "geometry": None, "properties": told}])
    report = brought(repo, tmp_path, 工程=WORKS, 闸门="编号,工程,孔号\nG1,D1,1\n")
    assert any("已是登记的测站" in reason for _, _, reason in report.rejects)
    assert repo.objects("stations")[0]["version"] == 3 and repo.objects("gates") == []
    works = works_of(thing_from_doc("works", repo.objects("works")[0]))
    assert works.simulated and works.name == "青山水库大坝" and any(s.state == "ok" for s in works.subsystems)


def test_readings_in_a_file_of_that_name_are_readings(repo, tmp_path):
    report = brought(repo, tmp_path, 测点="站号,站名,时间,水位\n80001,甲,2024-06-01 08:00,12.3\n")
    assert report.stations == {"80001"} and not report.rejects


def test_a_unit_in_a_column_that_is_only_shown_refuses_no_table(repo, tmp_path):
    report = brought(repo, tmp_path, 工程="编号,名称,类型,库容（万方）\nD1,坝,大坝,120\n")
    assert not report.rejects and works_of(thing_from_doc("works", repo.objects("works")[0])).facts[0][1] == "120"
