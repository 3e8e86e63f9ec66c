"""Tours that come with the program tell published facts in a readable pace; a user's broken file spoils no other."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest

from console.domain.flight import Flight, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.flight_document import flight_json
from console.domain.layers import DRAPES, GROUND, MARKS
from console.domain.situation import DEFAULT_LAYERS
from console.domain.time import from_beijing
from console.errors import StoreError
from console.services.tours import all_tours, keep_tour

BASIN = Path(__file__).resolve().parent.parent.parent / "assets" / "basin"
FACTS = "\n".join(p.read_text("utf-8") for p in sorted(BASIN.rglob("*.toml")))
FIGURE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:m³/s|mm|km²|km|m(?![a-z])|亿|孔|个村|人|年一遇|小时)")
SHIPPED = {t.file: t.flight for t in all_tours(Path("nowhere")).tours}
CHARACTERS_A_SECOND = 6.0


def own(home, name: str, text: str) -> None:
    (home.root / "tours").mkdir(exist_ok=True)
    (home.root / "tours" / name).write_text(text, "utf-8")


def my_flight(name: str = "我的飞行") -> Flight:
    camera = FlightCamera(113.25, 23.81, 20.0)
    return Flight(name, (Keyframe(0.0, camera, dwell_s=3.0),), "值班员")


def test_three_tours_come_with_the_program():
    shelf = all_tours(Path("nowhere"))
    assert shelf.faults == ()
    assert set(SHIPPED) == {"beijiang-2022-06.toml", "feilaixia-2022-06.toml", "province-2022-06.toml"}
    assert not any(t.own for t in shelf.tours)
    assert shelf.named("feilaixia-2022-06") is shelf.named("飞来峡近景：2022年6月")
    assert shelf.named("没有") is None


@pytest.mark.parametrize("file", SHIPPED)
def test_every_figure_of_a_caption_was_published_and_its_source_is_named(file):
    published = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", FACTS)}
    told = 0
    for key in SHIPPED[file].keyframes:
        figures = FIGURE.findall(key.caption)
        told += len(figures)
        assert all(float(f) in published for f in figures), key.caption
        assert key.source or not figures, key.caption
        for source in filter(None, key.source.split("；")):
            assert re.match(r"[\w-]+", source)[0] in FACTS, source
    assert told >= 6


def test_a_figure_that_nobody_published_would_be_found():
    assert FIGURE.findall("石角站流量18501 m³/s，水位12.22 m，长64 km") == ["18501", "12.22", "64"]
    assert "18501" not in FACTS


@pytest.mark.parametrize("file", SHIPPED)
def test_a_visitor_can_read_every_caption_before_it_goes(file):
    flight = SHIPPED[file]
    ends = [k.t_s for k in flight.keyframes[1:]] + [flight.length_s]
    for key, end in zip(flight.keyframes, ends, strict=True):
        assert len(key.caption) / (end - key.t_s) < CHARACTERS_A_SECOND, key.caption


@pytest.mark.parametrize("file", SHIPPED)
def test_what_a_tour_selects_exists_and_lies_where_it_looks(file):
    places = {}
    for name, table in (("stations", "station"), ("reservoirs", "reservoir")):
        for thing in tomllib.loads((BASIN / f"{name}.toml").read_text("utf-8"))[table]:
            places[thing["code"]] = thing["at"]
    known = {*DEFAULT_LAYERS, *GROUND, *DRAPES, *MARKS}
    for key in SHIPPED[file].keyframes:
        assert set(key.layers or ()) <= known
        if key.selection:
            lon, lat = places[key.selection]
            reach_deg = max(0.15, key.camera.distance_km / 111 / 1.5)
            assert abs(lon - key.camera.lon) < reach_deg and abs(lat - key.camera.lat) < reach_deg, key.selection


@pytest.mark.parametrize("file", SHIPPED)
def test_a_tour_runs_forward_within_the_recording(file):
    flood = tomllib.loads((BASIN / "floods" / "beijiang-2022-06.toml").read_text("utf-8"))
    times = [k.situation_t for k in SHIPPED[file].keyframes]
    assert from_beijing(flood["from"]) <= times[0] and times[-1] <= from_beijing(flood["to"])
    assert all(b > a for a, b in itertools.pairwise(times))


def test_the_long_tour_follows_the_river_from_the_sources_to_the_delta():
    lats = [k.camera.lat for k in SHIPPED["beijiang-2022-06.toml"].keyframes[1:]]
    assert lats == sorted(lats, reverse=True)
    assert lats[0] > 24.8 and lats[-1] < 23.4


def test_a_broken_file_is_listed_with_words_and_the_others_are_there(home):
    own(home, "a.toml", "schema = 1\nname = [")
    own(home, "b.json", flight_json(my_flight()))
    own(home, "c.json", flight_json(my_flight()).replace("23.81", "230.81"))
    own(home, "d.json", flight_json(my_flight("全省概览：2022年6月")))
    own(home, "readme.txt", "不是漫游")
    (home.root / "tours" / "e.toml").write_bytes(b"\xff\xfe\x00name")
    (home.root / "tours" / "f.toml").mkdir()
    shelf = all_tours(home.root)
    assert len(shelf.tours) == 4
    assert [t.flight.name for t in shelf.tours if t.own] == ["我的飞行"]
    words = {fault.split("：")[0]: fault for fault in shelf.faults}
    assert set(words) == {"a.toml", "c.json", "d.json", "e.toml", "f.toml"}
    assert "写法不合 TOML 格式" in words["a.toml"]
    assert "第 1 个关键帧 camera.lat：230.81" in words["c.json"]
    assert "province-2022-06.toml 重名" in words["d.json"]
    assert "UTF-8" in words["e.toml"]
    assert "读不出来" in words["f.toml"]


def test_a_flight_that_was_kept_is_offered_again_and_replaced_by_its_next_version(home):
    path = keep_tour(home.root, my_flight("会商：一/二"))
    assert all_tours(home.root).named("会商：一/二") == my_flight("会商：一/二")
    longer = Flight("会商：一/二", (Keyframe(0.0, FlightCamera(113.0, 24.0, 30.0), dwell_s=9.0),))
    assert keep_tour(home.root, longer) == path
    assert all_tours(home.root).named("会商：一/二") == longer
    assert [p.name for p in (home.root / "tours").iterdir()] == [path.name]
    with pytest.raises(StoreError, match="内置漫游"):
        keep_tour(home.root, my_flight("全省概览：2022年6月"))
    with pytest.raises(StoreError, match="不是这段飞行"):
        keep_tour(home.root, my_flight("会商：一?二"))


def test_a_full_disk_keeps_the_version_before(home, monkeypatch):
    keep_tour(home.root, my_flight())

    def full(*_args, **_kinds):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="没有存下"):
        keep_tour(home.root, my_flight())
    monkeypatch.undo()
    assert all_tours(home.root).named("我的飞行") == my_flight()
    assert len(list((home.root / "tours").iterdir())) == 1
