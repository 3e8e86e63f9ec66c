"""Tours, films and views of the sandbox: played with the situation, kept in files, and what spoils a file or a disk."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from console.domain.flight import Flight, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.flight_document import flight_json
from tests.gui import until
from tests.sandbox import PEAK, hills, opened_sandbox, said

CAMERA = FlightCamera(113.05, 23.69, 60.0, 20.0, 35.0)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return hills(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def opened(qapp, home, hub, runner, ground):
    return opened_sandbox(qapp, home, hub, runner, ground)


def keep(home, name, start, *, seconds=0.4):
    """Put a short tour into the user's own folder."""
    (home.root / "tours").mkdir(exist_ok=True)
    there = replace(CAMERA, heading=80.0)
    keys = (Keyframe(0.0, CAMERA, start, caption=name), Keyframe(seconds, there, start + 6 * 3600, dwell_s=0.2))
    (home.root / "tours" / f"{name}.json").write_text(flight_json(Flight(name, keys)), "utf-8")


def test_while_a_tour_plays_the_situation_follows_and_then_is_live_again(opened, home):
    first, second = PEAK - 48 * 3600, PEAK - 96 * 3600
    keep(home, "甲", first)
    keep(home, "乙", second, seconds=30.0)
    (home.root / "tours" / "坏.json").write_text("{", "utf-8")

    async def story(desk, session):
        clock = lambda: session.situation.current.clock  # noqa: E731 - read anew each time
        bar = desk.panel.toolbar
        assert "坏.json" in said(desk), "a tour that cannot be read is named, the others fly"
        assert {"甲", "乙"} <= set(bar._tour_names)
        assert clock().mode == "live"
        moments = []
        session.situation.changed.connect(lambda _names: moments.append(session.situation.moment()))
        bar.tour_chosen.emit("甲")
        assert clock().mode == "at" and session.situation.moment() == first
        await until(lambda: desk._flights._shown is None, what="the tour's end")
        assert clock().mode == "live" and first + 6 * 3600 in moments
        bar.tour_chosen.emit("乙")
        assert session.situation.moment() == second
        desk.view.grab()
        desk.view.grasped.emit()
        assert not desk._flights._player.playing and clock().mode == "at", "the hand stops it where it is"
        bar.tour_chosen.emit("甲")
        await until(lambda: desk._flights._shown is None)
        assert clock().mode == "live", "one tour after another: live as before the first"
        session.situation.look_at(PEAK - 3600)
        bar.tour_chosen.emit("乙")
        bar.tour_chosen.emit("")
        assert clock().mode == "at", "who looked at another moment before is not made live"
        session.situation.go_live()
        bar.tour_chosen.emit("乙")
        desk._flights.close()
        assert clock().mode == "live", "a panel that goes takes its tour's time with it"

    opened(story)


def test_a_film_of_a_tour_is_made_behind_the_screen_or_stopped(opened, home, tmp_path, monkeypatch):
    monkeypatch.setattr("console.windows.sandbox_flights.FILM_SIZE", (320, 240))
    monkeypatch.setattr("console.windows.sandbox_flights.FILM_FPS", 4)
    keep(home, "甲", PEAK - 48 * 3600)

    async def story(desk, session):
        flights = desk._flights
        flight = flights._tours.named("甲")
        flights.film_to(flight, tmp_path / "甲.mp4")
        await until(lambda: not flights._filming, 60)
        assert said(desk) == "已导出 甲.mp4" and (tmp_path / "甲.mp4").stat().st_size > 1000
        flights.film_to(flight, tmp_path / "停.mp4")
        await until(lambda: flights._job is not None, 60)
        flights._ask_film()
        await until(lambda: not flights._filming, 60)
        assert "已取消" in said(desk) and [f.name for f in tmp_path.glob("*.mp4")] == ["甲.mp4"]

    opened(story)


def test_views_are_kept_and_one_that_was_spoilt_takes_no_other_with_it(opened, home):
    file = home.layouts / "sandbox-views.json"
    good = {"lon": 113.0, "lat": 23.5, "distance_km": 40.0, "heading": 10.0, "pitch": 30.0, "height_m": 5.0}
    spoilt = {"甲": good, "乙": {**good, "lon": "x"}, "丙": {"lon": 1}, "丁": 7, "戊": {**good, "distance_km": 1e12}}
    file.write_text(json.dumps(spoilt, ensure_ascii=False), "utf-8")

    async def story(desk, session):
        bar = desk.panel.toolbar
        assert bar._bookmark_names == ("甲",)
        session.situation.select(next(r.code for r in session.board.board.rows if r.station.name == "石角"))
        seen = replace(desk.view.camera, distance_km=33.0, heading=77.0)
        desk.view.turn(seen, moving=False)
        bar.bookmark_added.emit()
        assert said(desk) == "已记住 石角 1"
        desk.view.home()
        bar.bookmark_chosen.emit("石角 1")
        assert (desk.view.camera.distance_km, desk.view.camera.heading) == pytest.approx((33.0, 77.0))
        assert set(json.loads(file.read_text("utf-8"))) == {"甲", "石角 1"}

    opened(story)

    async def later(desk, session):
        assert desk.panel.toolbar._bookmark_names == ("甲", "石角 1")

    opened(later)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1, 2]", b"[" * 100_000, b"null"])
def test_a_broken_file_of_views_is_no_view_and_no_fault(opened, home, content):
    (home.layouts / "sandbox-views.json").write_bytes(content)

    async def story(desk, session):
        assert desk.panel.toolbar._bookmark_names == ()

    opened(story)


def test_views_and_flights_that_cannot_be_written_are_said_and_nothing_half_is_left(opened, home, monkeypatch):
    def full(path, text, encoding):
        path.write_bytes(text.encode(encoding)[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story(desk, session):
        bar = desk.panel.toolbar
        shutil.rmtree(home.layouts)
        home.layouts.write_text("a file, not a folder")
        bar.bookmark_added.emit()
        assert said(desk).startswith("视角没有存下：") and bar._bookmark_names == ()
        home.layouts.unlink()
        home.layouts.mkdir()
        monkeypatch.setattr(Path, "write_text", full)
        bar.bookmark_added.emit()
        assert said(desk) == "视角没有存下：No space left on device" and list(home.layouts.iterdir()) == []
        for heading in (10.0, 200.0):
            desk.view.turn(replace(desk.view.camera, heading=heading, distance_km=50.0), moving=False)
            bar.keyframe_added.emit()
        bar.flight_kept.emit()
        assert "没有存下" in said(desk) and len(desk._flights._draft) == 2, "the flight is still there to be kept"
        assert list((home.root / "tours").iterdir()) == []

    opened(story)


def test_a_flight_of_ones_own_is_kept_and_the_next_in_the_same_minute_does_not_replace_it(opened, home):
    async def story(desk, session):
        bar = desk.panel.toolbar
        bar.flight_kept.emit()
        assert said(desk).startswith("没有存下：有 0 个关键帧")
        for _ in range(2):
            for heading in (10.0, 200.0):
                desk.view.turn(replace(desk.view.camera, heading=heading, distance_km=50.0), moving=False)
                bar.keyframe_added.emit()
            bar.flight_kept.emit()
            assert said(desk).startswith("已存为 自编飞行")
        own = [n for n in bar._tour_names if n.startswith("自编飞行")]
        assert len(own) == 2 and len(list((home.root / "tours").glob("*.json"))) == 2
        flight = desk._flights._tours.named(own[0])
        assert flight.keyframes[1].camera.heading == 200.0 and flight.keyframes[0].situation_t == pytest.approx(PEAK, abs=60)

    opened(story)
