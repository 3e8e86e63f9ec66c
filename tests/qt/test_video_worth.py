"""What a picture is worth: old footage played again, a camera that shows a still, a decoder that is not there."""

from __future__ import annotations

import functools
import http.server
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from console.domain.cameras import VideoCamera, checked_address, local_address, own_camera
from console.domain.video import Pulse, StreamState, judge_stream
from console.presenters.video import REASONS
from console.presenters.video_patrol import log_text, patrol_said
from console.services.video.desk import VideoDesk
from console.services.video.patrol import Patrol
from console.services.video.replay import AGAIN, ASK_S, ASKING, NEW, ReplayWatch
from console.services.video.stream import Demand, Stream
from tests.rtsp_source import make_clip

LIVE, FILM, FROZEN, OFFLINE = StreamState.LIVE, StreamState.FILM, StreamState.FROZEN, StreamState.OFFLINE


@pytest.fixture
def web(clips):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(clips)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def watched(qtbot, address, done):
    """Run one stream until done says so; returns what it showed last."""
    stream = Stream(address, Demand(160, 90, 25.0))
    stream.start()
    try:
        qtbot.waitUntil(lambda: done(stream.look().verdict), timeout=15_000)
        return stream.look()
    finally:
        stream.stop()
        assert stream.join(10.0)


def test_hls_over_http_and_a_film_are_shown_too_and_what_has_an_end_is_no_live_picture(qtbot, web, clips):
    open_ended = (clips / "live.m3u8").read_text().replace("#EXT-X-ENDLIST", "")
    (clips / "running.m3u8").write_text(open_ended)
    for address, state in (
        (checked_address(f"{web}/running.m3u8"), LIVE),
        (checked_address(f"{web}/live.m3u8"), FILM),
        (checked_address(f"{web}/sub.mp4"), FILM),
        (local_address(clips / "sub.mp4"), FILM),
    ):
        found = watched(qtbot, address, lambda v: v.state in (LIVE, FILM))
        assert found.verdict.state is state
        assert found.size == (320, 180) and found.picture.width == 160 and len(found.picture.data) >= 160 * 90 * 4


@pytest.mark.parametrize(
    "lure", ["#EXTM3U\n#EXTINF:4,\n{path}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{path}'\n", "plain text"]
)
def test_a_playlist_that_names_a_file_of_this_machine_opens_nothing(qtbot, web, clips, lure):
    (clips / "lure.m3u8").write_text(lure.format(path=f"file://{clips / 'sub.mp4'}"))
    found = watched(qtbot, checked_address(f"{web}/lure.m3u8"), lambda v: v.state is not StreamState.CONNECTING)
    assert found.verdict.state is OFFLINE and found.picture is None


def picture(n):
    return np.full((36, 64), n * 20 % 250, np.uint8)


class Clock:
    t = 0.0

    def __call__(self):
        return self.t


def played(watch, frames, keep=True):
    said = []
    for pts, n in frames:
        said.append(watch.follow(pts, lambda n=n: picture(n)))
        if keep:
            watch.keep(pts, picture(n))
    return said


def test_a_stream_that_comes_back_with_what_it_showed_before_is_known_for_it():
    clock = Clock()
    watch = ReplayWatch(clock)
    first = [(n, n) for n in range(10)]
    assert set(played(watch, first)) == {NEW}
    watch.opened()
    assert played(watch, [(4, 4), (5, 5), (9, 9)]) == [AGAIN, AGAIN, AGAIN]
    assert played(watch, [(10, 10), (11, 11)]) == [NEW, NEW], "a live playlist overlaps a little and goes on"
    watch.opened()
    assert played(watch, [(3, 8)]) == [NEW], "another picture at the same time: the encoder began anew"
    watch.opened()
    assert played(watch, [(-100, 1)]) == [ASKING]
    clock.t = ASK_S + 1
    assert played(watch, [(-99, 1), (-98, 1)]) == [NEW, NEW]
    assert watch.follow(None, lambda: picture(1)) == NEW


def test_a_gateway_whose_encoder_died_is_frozen_and_never_live_again(qtbot, web, clips):
    """The playlist stays as it was, open-ended: every try to go on gets the same few seconds."""
    (clips / "dead.m3u8").write_text((clips / "live.m3u8").read_text().replace("#EXT-X-ENDLIST", ""))
    stream, seen = Stream(checked_address(f"{web}/dead.m3u8"), Demand(160, 90, 25.0)), []
    stream.start()

    def again():
        verdict = stream.look().verdict
        seen.append((verdict.state, verdict.reason))
        return verdict.reason == "again"

    try:
        qtbot.waitUntil(again, timeout=60_000)
        broke = next(i for i, (state, _) in enumerate(seen) if state is OFFLINE)
        assert seen[0][0] is not FROZEN and not any(state is StreamState.LIVE for state, _ in seen[broke:])
    finally:
        stream.stop()
        assert stream.join(15.0)


def test_a_patrol_watches_a_still_picture_until_it_is_sure_and_counts_a_film_apart(qtbot, runner, source, clips):
    make_clip(clips / "still.mp4", still=True)
    cameras = (
        VideoCamera("S", "静止", main=checked_address(source.url("still.mp4"))),
        VideoCamera("M", "会动", main=checked_address(source.url("sub.mp4"))),
        VideoCamera("F", "片子", main=local_address(clips / "sub.mp4")),
    )

    class Fast(VideoDesk):
        def look(self, address):
            sight = super().look(address)
            if sight.verdict.state is StreamState.LIVE and "still" in address.url and sight.still_s > 4:
                return replace(sight, verdict=judge_stream(Pulse(frame_s=0.0, changed_s=-100.0), 0.0))
            return sight

    async def run():
        patrol = Patrol(Fast(), cameras, lambda: None, dwell_s=1.0)
        await patrol.run()
        return patrol

    patrol = runner.run(run())
    assert [(f.code, f.state, f.reason) for f in patrol.findings] == [
        ("S", FROZEN, "still"),
        ("M", StreamState.LIVE, ""),
        ("F", StreamState.FILM, "film"),
    ]
    assert "正常 1，录像（不算） 1，冻结 1" in log_text(patrol, 0.0) and "异常 1" in patrol_said(patrol, str)


@pytest.mark.parametrize("how", ["missing", "broken"])
def test_a_decoder_that_is_not_there_is_said_and_tried_again(qtbot, monkeypatch, how):
    if how == "missing":
        monkeypatch.setitem(sys.modules, "av.video.reformatter", None)
    else:
        monkeypatch.setattr(Stream, "_play", lambda self: 1 / 0)
    found = watched(qtbot, checked_address("rtsp://127.0.0.1:9/x"), lambda v: v.state is OFFLINE)
    assert found.verdict.reason == ("decoder" if how == "missing" else "fault") and found.verdict.reason in REASONS


def test_a_film_is_named_from_where_its_list_lies_and_a_missing_one_is_called_missing(qtbot, tmp_path):
    make_clip(tmp_path / "clip.mp4")
    camera = own_camera({"code": "A", "name": "片", "file": "clip.mp4"}, tmp_path)
    assert watched(qtbot, camera.main, lambda v: v.state is StreamState.FILM).size == (320, 180)
    gone = own_camera({"code": "B", "file": "no.mp4"}, tmp_path)
    found = watched(qtbot, gone.main, lambda v: v.state is OFFLINE)
    assert found.verdict.reason == "no-file" and "本机文件不存在" in REASONS["no-file"]


def test_a_minute_of_the_same_picture_counts_over_reconnections():
    began = time.monotonic()
    pulse = Pulse(frame_s=began, frame_t=1.0, changed_s=began - 70.0, changed_t=2.0)
    assert judge_stream(pulse, began).reason == "still"
