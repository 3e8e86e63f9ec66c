"""A line of business is added as data; a mistake in it is told with file, line and key."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from console.domain.objects import Series, Station, Threshold
from console.domain.states import State
from console.domain.toml_places import TopicError
from console.domain.topics import topic_of
from console.domain.vocabulary import vocabulary_of
from console.presenters.card import card_view
from console.presenters.fields import field_of
from console.presenters.hydrograph import roles_of
from console.presenters.map import map_view
from console.presenters.regimes import Regimes, tiles
from console.presenters.wording import margin_text
from console.state.desk import DeskState
from console.state.rows import judged
from console.topics import declared_topics, site_topics
from console.viewdata.board import Sample
from console.viewdata.table import Moments
from tests.rows import T as NOW
from tests.rows import board_of

WATER_QUALITY = """# 水质
code = "water_quality"
name = "水质"
regime = "灾"
order = 80
kinds = ["quality"]

[layer]
name = "水质站"
symbol = "square"

[[datasets]]
kind = "stations"
element = "CL"
unit = "mg/L"
interval_s = 14400

[[columns]]
field = "name"
title = "站名"

[[columns]]
field = "element.CL"
title = "氯度"
width = 70
"""


def plain(text):
    return text


def own(folder: Path, text: str, name: str = "water_quality.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def test_a_site_adds_water_quality_as_a_file(tmp_path):
    before = {t.code for t in declared_topics()}
    topics = declared_topics(own(tmp_path / "topics", WATER_QUALITY))
    assert {t.code for t in topics} - before == {"water_quality"}
    assert [c.title for c in topics[-1].columns] == ["站名", "氯度"]


def test_the_package_declares_every_regime_that_has_readings():
    assert {t.regime for t in declared_topics()} == set("雨水工旱灾风潮")
    json.dumps([asdict(t) for t in declared_topics()])  # what the service sends


def test_a_site_may_redeclare_a_topic_of_the_package(tmp_path):
    text = WATER_QUALITY.replace("water_quality", "tide").replace('"水质"', '"潮"')
    assert next(t for t in declared_topics(own(tmp_path, text)) if t.code == "tide").name == "潮"


@pytest.mark.parametrize(
    ("good", "bad", "line", "key"),
    [
        ('title = "氯度"', "title = 7", 24, "columns.title"),
        ('field = "element.CL"', 'field = "element.XX"', 23, "columns.field"),
        ('field = "element.CL"', 'field = "__class__"', 23, "columns.field"),
        ('field = "name"', 'feild = "name"', 19, "columns.feild"),
        ('unit = "mg/L"', 'unit = "g/L"', 15, "datasets.unit"),
        ('regime = "灾"', 'regime = "火"', 4, "regime"),
        ('code = "water_quality"', 'code = "../x"', 2, "code"),
        ("width = 70", "width = 7000", 25, "columns.width"),
        ('name = "水质站"\n', "", 8, "layer.name"),
        ("order = 80", "order = true", 5, "order"),
    ],
)
def test_a_mistake_names_file_line_and_key(tmp_path, good, bad, line, key):
    assert good in WATER_QUALITY
    with pytest.raises(TopicError) as said:
        declared_topics(own(tmp_path, WATER_QUALITY.replace(good, bad)))
    assert str(said.value).startswith(f"water_quality.toml 第 {line} 行 {key}：")


def test_broken_files_are_refused_in_words(tmp_path):
    with pytest.raises(TopicError, match=r"坏\.toml .*写法不合 TOML 格式"):
        declared_topics(own(tmp_path / "a", "code = ", "坏.toml"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "gbk.toml").write_bytes("name = '水质'".encode("gbk"))
    with pytest.raises(TopicError, match="UTF-8"):
        declared_topics(tmp_path / "b")


def test_two_files_of_one_code_are_a_mistake(tmp_path):
    own(tmp_path, WATER_QUALITY, "a.toml")
    with pytest.raises(TopicError, match=r"与 a\.toml 重复"):
        declared_topics(own(tmp_path, WATER_QUALITY, "b.toml"))


CASES = """code = "cases"
name = "执法"
order = 90
kinds = ["case"]
charts = ["video"]
actions = ["log.entry", "table"]

[[objects]]
kind = "case"
name = "水事案件"
status = "stage"
calm = ["办结"]
watch = ["整改中"]
warning = ["立案"]
severe = ["逾期"]

[layer]
name = "水事案件"
symbol = "square"
label = ["name", "fact.stage"]

[[columns]]
field = "name"
title = "案件"

[[columns]]
field = "fact.fine_yuan"
title = "罚款 元"

[[card]]
field = "fact.stage"
title = "阶段"

[[indicators]]
code = "over"
name = "件待办"
measure = "over"

[[indicators]]
code = "fines"
name = "罚款合计"
measure = "total"
field = "fact.fine_yuan"
unit = "元"
"""

OXYGEN = """
[[elements]]
code = "DO"
name = "溶解氧"
unit = "mg/L"
decimals = 1
low_is_bad = true

[[objects]]
kind = "quality"
name = "水质站"
element = "DO"
"""


def board_with(topics, *stations, values=()):
    words = vocabulary_of(topics)
    rows = []
    for station, value in zip(stations, [*values, *[None] * len(stations)], strict=False):
        known = words.station(station)
        samples = {known.main_element: Sample(1, known.what, NOW, value, 0, value, None, 3600, "")} if value is not None else {}
        rows.append(judged(known, samples, NOW, words.kinds.get(known.kind)))
    return board_of(*rows)


def test_a_site_adds_an_element_that_is_judged_and_written_as_declared(tmp_path):
    text = WATER_QUALITY.replace('field = "element.CL"', 'field = "element.DO"') + OXYGEN
    topics = declared_topics(own(tmp_path / "topics", text))
    limits = (Threshold("warning", 5.0, "DO", "GB 3838-2002"), Threshold("guaranteed", 2.0, "DO"))
    stations = [Station(f"Q{i}", f"断面{i}", "quality", thresholds=limits) for i in range(3)]
    board = board_with(topics, *stations, values=(7.26, 4.0, 1.9))
    assert [r.state for r in board.rows] == [State.NORMAL, State.WARNING, State.GUARANTEED]
    moments = Moments(NOW, NOW)
    assert [field_of(f, plain).text(board.rows[0], moments) for f in ("value", "unit", "element.DO")] == ["7.3", "mg/L", "7.3"]
    card = card_view(board.rows[1], board, plain, topics)
    assert card.state_word == "偏低" and card.state is State.WARNING
    series = vocabulary_of(topics).series(Series(9, "Q1", "DO", "mg/L"))
    assert roles_of(board.rows[1].station, [series], topics) == {9: "level"} and series.what.name == "溶解氧"


def test_a_line_of_business_without_readings_is_told_by_its_status(tmp_path):
    topics = declared_topics(own(tmp_path / "topics", CASES, "cases.toml"))
    facts = [
        {"stage": "办结", "fine_yuan": {"value": 20000}},
        {"stage": "逾期", "fine_yuan": {"value": 50000}},
        {"stage": "？"},
    ]
    cases = [Station(f"C{i}", f"案件{i}", "case", lon=113.0, lat=23.5, facts=f) for i, f in enumerate(facts)]
    gauge = Station("Z1", "石角", "river", thresholds=(Threshold("warning", 10.0),))
    board = board_with(topics, gauge, *cases, values=(9.0,))
    assert [r.state for r in board.rows[1:]] == [State.NORMAL, State.GUARANTEED, State.UNJUDGED]
    assert [r.state_word for r in board.rows[1:]] == ["办结", "逾期", "？"]
    assert not any(r.stale for r in board.rows[1:]), "nobody waits for a reading of a case"
    tile = next(t for t in tiles(Regimes(board, topics, {}), DeskState(), plain) if t.topic == "cases")
    assert (tile.name, tile.value, tile.unit, tile.state) == ("执法", "1", "件待办", State.GUARANTEED)
    assert tile.lines[0] == "罚款合计 70 000 元（2/3）"
    sections = card_view(board.rows[2], board, plain, topics).sections
    assert [f.value for s in sections if s.title == "执法" for f in s.facts] == ["逾期"]
    assert not any(f.value == "本站没有数据" for s in sections for f in s.facts)
    view = map_view(board, topics, {}, None, plain)
    assert set(view.stations.code) >= {"C0", "C1", "C2"} and "cases" in {v.code for v in view.layers}


@pytest.mark.parametrize(
    ("good", "bad", "key"),
    [
        ('code = "DO"', 'code = "CL"', "elements.code"),
        ('code = "DO"', 'code = "溶氧"', "elements.code"),
        ("decimals = 1", "decimals = 9", "elements.decimals"),
        ('element = "DO"', 'element = "DX9"', "objects.element"),
        ('element = "DO"', 'calm = ["好"]', "objects.calm"),
        ('element = "DO"', 'status = "s"\ncalm = ["好"]\nwatch = ["好"]', "objects.watch"),
        ("order = 80", 'order = 80\ncharts = ["pie"]', "charts"),
        ("order = 80", 'order = 80\nactions = ["format.disk"]', "actions"),
    ],
)
def test_a_mistake_in_the_words_names_its_place(tmp_path, good, bad, key):
    with pytest.raises(TopicError) as said:
        declared_topics(own(tmp_path, (WATER_QUALITY + OXYGEN).replace(good, bad)))
    assert f" {key}：" in str(said.value) and "第 " in str(said.value)


def test_losses_reported_by_cities_fill_the_card_of_their_regime():
    topics = declared_topics()
    told = [
        ("首报", {"受灾人口": 12000, "转移人员": 3100, "死亡失踪": 0}),
        ("终报", {"转移人员": {"value": 900, "source": "清远市三防办"}}),
        ("首报", {"转移人员": float("nan")}),
    ]
    losses = [Station(f"L{i}", f"灾情{i}", "disaster", facts={"报告阶段": s} | f) for i, (s, f) in enumerate(told)]
    board = board_with(topics, Station("Z1", "石角", "river"), *losses, values=(9.0,))
    tile = next(t for t in tiles(Regimes(board, topics, {}), DeskState(), plain) if t.code == "灾")
    assert (tile.value, tile.unit, tile.lines[0], tile.topic) == ("2", "处首报", "转移人员 4 000 人（2/3）", "disaster")
    facts = {f.name: (f.value, f.source) for s in card_view(board.rows[1], board, plain, topics).sections for f in s.facts}
    assert facts["死亡失踪"] == ("0", ""), "nobody lost is a figure, not a blank"
    assert facts["受灾人口"] == ("12 000", "") and facts["倒塌房屋"] == ("—", "")
    facts = {f.name: (f.value, f.source) for s in card_view(board.rows[2], board, plain, topics).sections for f in s.facts}
    assert facts["转移人员"] == ("900", "清远市三防办")


def test_a_topic_copied_from_an_earlier_package_still_reads(tmp_path):
    text = WATER_QUALITY.replace("order = 80", 'order = 80\ncharts = ["hydrograph", "reservoir_card", "basin_strip"]')
    topic = next(t for t in declared_topics(own(tmp_path, text)) if t.code == "water_quality")
    assert topic.charts == ("hydrograph", "reservoir", "strip")


def test_one_code_of_an_element_has_one_meaning(tmp_path):
    own(tmp_path, WATER_QUALITY + OXYGEN)
    other = WATER_QUALITY.replace('"water_quality"', '"supply"') + OXYGEN.replace("溶解氧", "日供水量").replace(
        "quality", "supply"
    )
    with pytest.raises(TopicError, match=r"supply\.toml 的要素 DO .*换一个代码|water_quality\.toml 的要素 DO"):
        declared_topics(own(tmp_path, other, "supply.toml"))


def test_what_a_site_says_of_a_kind_goes_before_the_package(tmp_path):
    text = CASES.replace('"case"', '"disaster"').replace("order = 90", "order = 99")
    words = vocabulary_of(declared_topics(own(tmp_path, text, "cases.toml")))
    assert words.kinds["disaster"].name == "水事案件" and words.kinds["river"].name == "河道站"


def test_a_word_that_looks_like_a_number_stays_a_word(tmp_path):
    topics = declared_topics(own(tmp_path / "topics", CASES.replace('calm = ["办结"]', 'calm = ["0"]'), "cases.toml"))
    case = Station("C", "案件", "case", facts={"stage": 0.0, "fine_yuan": "00700"})
    board = board_with(topics, case)
    assert (board.rows[0].state, board.rows[0].state_word) == (State.NORMAL, "0")
    field = field_of("fact.fine_yuan", plain)
    assert field.text(board.rows[0], Moments(NOW, NOW)) == "00700"
    facts = [f.value for s in card_view(board.rows[0], board, plain, topics).sections if s.title == "执法" for f in s.facts]
    assert facts == ["0"]


def test_too_little_is_said_to_be_too_little(tmp_path):
    topics = declared_topics(own(tmp_path / "topics", WATER_QUALITY + OXYGEN))
    station = Station("Q", "断面", "quality", thresholds=(Threshold("warning", 5.0, "DO"),))
    row = board_with(topics, station, values=(4.2,)).rows[0]
    assert (row.state_word, margin_text(row), row.margin_m) == ("偏低", "−0.8", pytest.approx(0.8))


def test_one_broken_file_of_a_site_leaves_its_others_alone(tmp_path):
    own(tmp_path / "topics", WATER_QUALITY)
    own(tmp_path / "topics", "code = ", "zbad.toml")
    own(tmp_path / "topics", CASES.replace("order = 90", 'order = "x"'), "cases.toml")
    topics, fault = site_topics(tmp_path)
    assert "water_quality" in {t.code for t in topics} and "cases" not in {t.code for t in topics}
    assert "有 2 个专题声明没有用" in fault and "zbad.toml" in fault and "cases.toml" in fault


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (('kinds = ["quality"]', "kinds = []"), r"kinds：至少要写一种对象"),
        (("[layer]", "[layer]\nwidest_km = -3"), r"layer.widest_km：不能为负"),
        (("[layer]", '[layer]\nlabel = ["naem"]'), r"layer.label：没有叫 'naem' 的字段"),
        (("[layer]", 2 * '[[elements]]\ncode = "WT"\nname = "水温"\n\n' + "[layer]"), r"elements.code：WT 写了两次"),
    ],
)
def test_what_would_pass_without_a_word_is_told_with_its_key(tmp_path, changed, said):
    (tmp_path / "water_quality.toml").write_text(WATER_QUALITY.replace(*changed), "utf-8")
    with pytest.raises(TopicError, match=said):
        declared_topics(tmp_path)


def test_a_kind_that_a_site_takes_into_its_own_topic_is_drawn_there(tmp_path):
    (tmp_path / "city.toml").write_text(WATER_QUALITY.replace('kinds = ["quality"]', 'kinds = ["tide"]'), "utf-8")
    topics = declared_topics(tmp_path)
    assert topic_of("tide", topics).own and not topic_of("river", topics).own
