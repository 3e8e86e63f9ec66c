"""Cameras from an office's table or a hostile centre: what is opened, what is shown, who is near."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

from console.domain.cameras import AddressRefused, StreamAddress, VideoCamera, by_nearness, camera_of, checked_address, masked
from console.domain.objects import Thing, thing_from_doc
from console.domain.video import STALL_S, STILL_S, Pulse, StreamState, judge_stream
from console.engine.stillness import HEIGHT, WIDTH, same_picture
from console.presenters.library import library_rows
from console.presenters.video_patrol import log_text
from console.services.duty_desk import TEXT_LIMIT
from console.services.library_desk import Entry
from console.services.video.desk import STREAMS_MAX, VideoDesk, join_all, wishes_for
from console.services.video.patrol import Finding, Patrol
from console.services.video.source import options_of
from console.services.video.stream import Demand, Sight, fitted


def thing(code="C1", name="石角断面", place=(113.0, 23.5), **props):
    return Thing("cameras", code, name, ((place,),) if place else (), {"name": name, **props})


def test_an_imported_row_gives_streams_bound_stations_and_platform():
    doc = {
        "code": "C1",
        "geometry": {"type": "Point", "coordinates": [113.0, 23.5]},
        "properties": {
            "name": "石角断面",
            "facts": {
                "主码流": "rtsp://10.1.2.3/main",
                "子码流": "rtsp://10.1.2.3/sub",
                "关联测站": "81001000、81002000；81001000",
                "平台": "省水利视频平台",
                "地址": "清远市清城区石角镇",
            },
        },
    }
    camera = camera_of(thing_from_doc("cameras", doc))
    assert camera.main.url == "rtsp://10.1.2.3/main" and camera.sub.url == "rtsp://10.1.2.3/sub"
    assert camera.for_tile == camera.sub and camera.for_focus == camera.main
    assert camera.objects == ("81001000", "81002000") and camera.platform == "省水利视频平台"
    assert not camera.refused and camera.place == (113.0, 23.5)


def test_one_address_serves_tile_and_focus_and_a_postal_address_is_none():
    assert camera_of(thing(facts={"地址": "http://10.0.0.9/live/a.flv"})).for_tile.url == "http://10.0.0.9/live/a.flv"
    camera = camera_of(thing(facts={"地址": "清远市人民路 1 号"}))
    assert camera.for_tile is None and camera.refused == "", "a postal address is no mistake"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "file"),
        ("/etc/passwd", "scheme"),
        ("concat:/etc/passwd|/etc/hosts", "scheme"),
        ("subfile,,start,0,end,9,,:/etc/passwd", "scheme"),
        ("data:video/mp4;base64,AAAA", "scheme"),
        ("pipe:0", "scheme"),
        ("tcp://127.0.0.1:22", "scheme"),
        ("udp://239.0.0.1:1234", "scheme"),
        ("crypto:http://a/b", "scheme"),
        ("async:http://a/b", "scheme"),
        ("lavfi:testsrc", "scheme"),
        ("rtsp:/no/host", "form"),
        ("rtsp://", "form"),
        ("rtsp://host:99999/a", "form"),
        ("rtsp://host:a/b@c/", "form"),
        ("http://[::1/x", "form"),
        ("http://a/b c", "form"),
        ("http://a/\r\nHost: evil", "form"),
        ("rtsp://a/" + "x" * 500, "long"),
        ("", "scheme"),
    ],
)
def test_an_address_that_ffmpeg_would_open_otherwise_is_refused(url, code):
    with pytest.raises(AddressRefused) as refused:
        checked_address(url)
    assert refused.value.code == code
    if url:
        assert camera_of(thing(url=url)).for_tile is None and camera_of(thing(url=url)).refused == code


@pytest.mark.parametrize(
    "url", ["rtsp://10.0.0.1:554/a?channel=1", "RTSPS://cam.gd/x", "https://v.gd/hls/1.m3u8", "http://u:p@[::1]:8/a"]
)
def test_the_four_schemes_pass_and_allow_no_file_on_the_way(url):
    allowed = options_of(checked_address(url))["protocol_whitelist"].split(",")
    assert "file" not in allowed and "tcp" in allowed and "concat" not in allowed


def test_no_password_or_token_is_ever_shown_or_logged(caplog):
    url = "rtsp://admin:ge@h:eim@10.0.0.1/ch1?token=abc"
    assert masked(url) == "rtsp://admin:***@10.0.0.1/ch1?***"
    assert masked("见 http://only-token@h/x 和 rtsp://h/a") == "见 http://***@h/x 和 rtsp://h/a"
    camera = camera_of(thing(url=url))
    assert "eim" not in repr(camera) and "abc" not in f"{camera.main}"
    row = library_rows([Entry("cameras", "C1", "石角", "北江", {"主码流": url})], str)[0]
    assert not any("eim" in text or "abc" in text for text, _ in row)

    class Stuck:
        address = camera.main

        def join(self, _timeout_s):
            return False

    with caplog.at_level(logging.WARNING):
        assert join_all([Stuck()], 0.0) == 1
    assert "admin:***@" in caplog.text and "eim" not in caplog.text


def test_hostile_facts_leave_a_camera_that_can_be_shown():
    for facts in (
        {"facts": "nonsense", "url": 7, "objects": {"a": 1}, "platform": None},
        {"facts": {"主码流": ["x"], "关联测站": 5, "平台": {"x": 1}}},
        {"objects": ["a", 3, None, "a"], "facts": None},
        {"objects": "x," * 10_000},
    ):
        camera = camera_of(thing(**facts))
        assert camera.for_tile is None and len(camera.objects) <= 50
    assert camera_of(thing(place=(math.nan, 23.0))).place is None
    assert camera_of(thing(place=(500.0, 23.0))).place is None
    assert camera_of(thing(place=None)).place is None


def test_bound_cameras_come_first_then_the_nearest_and_unknown_places_last():
    def camera(code, place=None, objects=()):
        return VideoCamera(code, code, place, objects=objects)

    all_ = [
        camera("far", (114.0, 23.5)),
        camera("nowhere"),
        camera("near", (113.01, 23.5)),
        camera("bound", (116.0, 25.0), ("S1",)),
    ]
    order = by_nearness(all_, "S1", (113.0, 23.5))
    assert [n.camera.code for n in order] == ["bound", "near", "far", "nowhere"]
    assert order[0].bound and order[1].km == pytest.approx(1.02, abs=0.01) and order[3].km is None
    assert [n.camera.code for n in by_nearness(all_, None, None)] == ["far", "nowhere", "near", "bound"]
    assert by_nearness(all_, "near", (113.01, 23.5))[0].camera.code == "near", "a camera that is chosen itself"


def test_a_silent_stream_and_an_unchanging_picture_are_frozen_each_in_its_time():
    assert judge_stream(Pulse(), 100.0).state is StreamState.CONNECTING
    pulse = Pulse(frame_s=100.0, frame_t=5000.0, changed_s=100.0, changed_t=5000.0)
    assert judge_stream(pulse, 100.0 + STALL_S - 0.1).state is StreamState.LIVE
    stalled = judge_stream(pulse, 100.0 + STALL_S)
    assert (stalled.state, stalled.since, stalled.reason) == (StreamState.FROZEN, 5000.0, "stall")
    still = judge_stream(Pulse(frame_s=200.0, frame_t=5100.0, changed_s=200.0 - STILL_S, changed_t=5040.0), 200.5)
    assert (still.state, still.since, still.reason) == (StreamState.FROZEN, 5040.0, "still")
    lost = judge_stream(Pulse(frame_s=200.0, frame_t=5100.0, changed_s=200.0, lost="refused", lost_t=5101.0), 200.1)
    assert (lost.state, lost.reason) == (StreamState.OFFLINE, "refused"), "a last picture does not make it live"


def test_the_very_same_picture_is_told_from_one_with_noise_or_a_ticking_clock():
    rng = np.random.default_rng(7)
    view = rng.integers(30, 200, (HEIGHT, WIDTH), np.uint8)
    again = view.copy()
    again[::6, ::6] += 2  # encoded anew
    assert same_picture(view, view) and same_picture(view, again)
    assert not same_picture(view, np.clip(view + rng.normal(0, 2.0, view.shape), 0, 255).astype(np.uint8))
    clock = view.copy()
    clock[2, 50] ^= 64
    assert not same_picture(view, clock) and not same_picture(view, view[:, :10])


class Fake:
    """A stream that ends only when it is let."""

    made: list

    def __init__(self, address, demand):
        self.address, self.demand, self.alive = address, demand, False

    def start(self):
        self.alive = True

    def stop(self):
        self.stopped = True

    def look(self):
        return Sight(judge_stream(Pulse(), 0.0))


def addresses(n, first=0):
    return [StreamAddress(f"rtsp://h/{i}") for i in range(first, first + n)]


def test_no_more_streams_run_than_this_machine_decodes_and_the_rest_is_said_to_wait():
    made = []

    def make(address, demand):
        made.append(Fake(address, demand))
        return made[-1]

    desk = VideoDesk(make)
    wished = addresses(STREAMS_MAX + 3)
    desk.want("tiles", dict.fromkeys(wished, Demand()))
    assert desk.running == STREAMS_MAX and desk.look(wished[-1]).verdict.state is StreamState.WAITING
    desk.want("tiles", {wished[0]: Demand(1920, 1080)})
    assert desk.running == 1 and made[0].demand.width == 1920 and all(s.stopped for s in made[1:])
    desk.want("patrol", {wished[1]: Demand()})
    assert desk.running == 1, "fifteen threads have not ended yet"
    for stream in made[1:]:
        stream.alive = False
    desk.settle()
    assert desk.running == 2
    assert {s.address for s in desk.stop()} == {wished[0], wished[1]} and desk.running == 0


def test_tiles_take_the_sub_stream_and_the_focused_one_alone_the_main_stream():
    main, sub = StreamAddress("rtsp://h/main"), StreamAddress("rtsp://h/sub")
    both = VideoCamera("A", "A", main=main, sub=sub)
    lone = [VideoCamera(f"L{i}", "L", main=a) for i, a in enumerate(addresses(3))]
    assert list(wishes_for([both, *lone], None, Demand(), 2)) == [sub, lone[0].main, lone[1].main]
    assert list(wishes_for([both, *lone], both, Demand(), 2)) == [main]
    assert wishes_for([VideoCamera("N", "N")], VideoCamera("N", "N"), Demand(), 2) == {}


def test_a_picture_fits_its_tile_and_is_never_blown_up():
    assert fitted(1920, 1080, 480, 270) == (480, 270)
    assert fitted(640, 360, 1920, 1080) == (640, 360)
    assert fitted(1, 9000, 100, 100) == (2, 100)


def test_a_patrol_of_a_whole_province_still_fits_one_log_entry():
    cameras = [VideoCamera(f"C{i}", "摄像头" * 10) for i in range(900)]
    patrol = Patrol(VideoDesk(), cameras, lambda: None, wall=lambda: 1.7e9)
    patrol.findings = [Finding(c.code, c.name, StreamState.OFFLINE, "no-answer", 1.7e9) for c in cameras[:800]]
    text = log_text(patrol, 0.0)
    assert len(text) <= TEXT_LIMIT and "离线 800" in text and "100 路未巡" in text and "见导出的结果表" in text
