"""A line of business is added as data; a mistake in it is told with file, line and key."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from console.domain.toml_places import TopicError
from console.topics import declared_topics

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
    assert {t.regime for t in declared_topics()} == set("雨水工潮风旱")
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
    with pytest.raises(TopicError, match=r"坏\.toml 不是有效的 TOML"):
        declared_topics(own(tmp_path / "a", "code = ", "坏.toml"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "gbk.toml").write_bytes("name = '水质'".encode("gbk"))
    with pytest.raises(TopicError, match="UTF-8"):
        declared_topics(tmp_path / "b")


def test_two_files_of_one_code_are_a_mistake(tmp_path):
    own(tmp_path, WATER_QUALITY, "a.toml")
    with pytest.raises(TopicError, match=r"与 a\.toml 重复"):
        declared_topics(own(tmp_path, WATER_QUALITY, "b.toml"))
