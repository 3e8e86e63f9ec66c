"""Video as the wall's operator meets it: pictures come, freeze, go and return; nothing frozen passes for live."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage

from console.domain.cameras import checked_address
from console.domain.objects import Station, Thing
from console.domain.video import StreamState
from console.services.video.stream import Demand, Stream
from console.viewdata.video import Picture, TileView
from console.windows.export import write_csv
from console.windows.panels import PanelHost
from console.windows.video_panels import VideoPanel, build_video
from tests.gui import context_of, session_of, until
from tests.rtsp_source import make_clip
from widgets.video_board import best_columns
from widgets.video_tile import VideoTile

LIVE, FILM, FROZEN, OFFLINE = StreamState.LIVE, StreamState.FILM, StreamState.FROZEN, StreamState.OFFLINE


@pytest.fixture
def session(home, hub, runner):
    found = session_of(home, "beijiang-2022-06", hub)
    found.board.stations = {
        "S1": Station("S1", "石角", "river", lon=113.0, lat=23.5),
        "S2": Station("S2", "英德(五)", "river", lon=113.4, lat=24.2),
    }
    yield found
    runner.run(found.close())


def built(runner, context, **how):
    async def make():
        return PanelHost(context, "monitor.video", "视频", build_video, **how)

    return runner.run(make())


@pytest.fixture
def host(qtbot, qapp, session, hub, runner):
    found = built(runner, context_of(qapp, session, hub, operator="张三"))
    qtbot.addWidget(found.panel)
    found.panel.resize(820, 480)
    found.panel.show()
    yield found
    found.release()


def camera(code, url="", sub="", objects="", place=(113.0, 23.5), name=""):
    facts = {k: v for k, v in (("主码流", url), ("子码流", sub), ("关联测站", objects)) if v}
    name = name or f"摄像头{code}"
    return Thing("cameras", code, name, ((place,),), {"name": name, "facts": facts})


def video(host):
    return host.widget.findChild(VideoPanel)


def show(host, session, *cameras):
    session.board.things = {"cameras": cameras}
    host._mark({"board"})


def tile(host, code):
    return next((t for t in host.widget.tiles if t.view is not None and t.view.code == code), None)


def state(host, code):
    found = tile(host, code)
    return found.view.state if found is not None else None


def test_a_picture_arrives_freezes_when_the_camera_hangs_goes_when_it_dies_and_comes_back(host, session, runner, source):
    async def story():
        show(host, session, camera("A", source.url("main.mp4"), source.url("sub.mp4"), "S1"))
        await until(lambda: state(host, "A") is LIVE, what="the picture")
        await until(lambda: tile(host, "A").picture is not None)
        first = tile(host, "A").picture
        assert first.width <= 320 and "子码流 320×180" in tile(host, "A").view.stream
        await until(lambda: tile(host, "A").picture.number > first.number, what="it moves")

        assert host.widget.counts.text() == "实时 1"
        source.stall()
        began = time.monotonic()
        await until(lambda: state(host, "A") is FROZEN, 8.0, "frozen")
        assert time.monotonic() - began <= 6.0, "target 33 allows five seconds on an idle machine"
        view = tile(host, "A").view
        assert view.word == "画面冻结" and "没有收到新画面" in view.detail and view.clock in view.detail
        assert host.widget.counts.text() == "画面冻结 1"
        source.resume()
        await until(lambda: state(host, "A") is LIVE, what="live again")

        source.kill()
        await until(lambda: state(host, "A") is OFFLINE, what="offline")
        await until(lambda: "没有开视频服务" in tile(host, "A").view.detail, what="why it is offline")
        assert "正在重连" in tile(host, "A").view.detail and tile(host, "A").picture is not None
        source.start()
        await until(lambda: state(host, "A") is LIVE, what="it came back by itself")

    runner.run(story())


def test_double_click_shows_the_main_stream_alone_and_escape_goes_back(qtbot, host, session, runner, source):
    async def story():
        show(host, session, camera("A", source.url("main.mp4"), source.url("sub.mp4")), camera("B", source.url("main.mp4")))
        await until(lambda: state(host, "A") is LIVE and state(host, "B") is LIVE)
        qtbot.mouseDClick(tile(host, "A"), Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        await until(lambda: "主码流 640×360" in tile(host, "A").view.stream and state(host, "A") is LIVE)
        assert tile(host, "B") is None and video(host).desk.running == 1
        qtbot.keyClick(host.widget.tiles[0], Qt.Key.Key_Escape)
        await until(lambda: tile(host, "B") is not None and video(host).desk.running == 2)

        host.panel.hide()
        assert video(host).desk.running == 0, "nobody looks: nothing is decoded"
        host.panel.show()
        await until(lambda: state(host, "A") is LIVE)

    runner.run(story())


def test_a_snapshot_is_an_attachment_of_a_log_entry_and_saved_is_said_after_the_commit(host, session, runner, source, tmp_path):
    async def story():
        show(host, session, camera("A", source.url("main.mp4"), objects="S1", name="石角水文站断面"))
        session.situation.select("S1")
        await until(lambda: state(host, "A") is LIVE)
        board = host.widget
        board.name.setText("")
        board.snapshot.click()
        await until(lambda: "没有签名" in board.said.text())
        assert not await session.duty.outbox()
        board.name.setText("张三")
        board.tiles[0].setFocus()
        board.snapshot.click()
        await until(lambda: "已保存到值班日志" in board.said.text())
        (op,) = await session.duty.outbox()
        (file,) = op.body["attachments"]
        assert op.author == "张三" and op.body["object"] == "S1" and "石角水文站断面（A）" in op.body["text"]
        assert "关联 石角" in op.body["text"] and "主码流 640×360" in op.body["text"]
        await session.duty.save_file(file["sha256"], file["size"], tmp_path / "a.jpg")
        picture = QImage(str(tmp_path / "a.jpg"))
        assert picture.width() == 640 and picture.height() > 360, "the whole frame, and a strip below it"
        assert sum(picture.pixelColor(x, picture.height() - 30).lightness() > 120 for x in range(640)) > 5, "burnt in"

    runner.run(story())


def test_a_patrol_writes_down_each_camera_is_exported_and_becomes_one_entry(host, session, runner, source, tmp_path):
    cameras = (
        camera("A", source.url("sub.mp4"), name="=HYPERLINK(1)"),
        camera("B", "rtsp://admin:geheim@127.0.0.1:9/x"),
        camera("C", "file:///etc/passwd"),
        camera("D"),
    )

    async def story():
        show(host, session, *cameras)
        await until(lambda: len(video(host).cameras) == 4)
        host.widget.patrol.click()
        patrol = video(host).patrol
        patrol._dwell_s = 0.2
        await until(lambda: patrol.ended_t is not None, what="the round")
        found = {f.code: (f.state, f.reason) for f in patrol.findings}
        assert found == {
            "A": (LIVE, ""),
            "B": (OFFLINE, "refused"),
            "C": (StreamState.ABSENT, "file"),
            "D": (StreamState.ABSENT, "no-address"),
        }
        cells = host.built.export_table()
        assert cells[0][3] == "结果" and [row[3] for row in cells[1:]] == ["离线", "无可用地址", "无可用地址", "正常"]
        write_csv(tmp_path / "r.csv", cells, [])
        text = (tmp_path / "r.csv").read_text("utf-8-sig")
        assert "'=HYPERLINK(1)" in text and "geheim" not in text
        host.widget.log.click()
        await until(lambda: "已保存" in host.widget.said.text())
        (op,) = await session.duty.outbox()
        assert "共 4 路：正常 1，离线 1，无可用地址 2" in op.body["text"] and "geheim" not in op.body["text"]

        host.widget.patrol.click()
        host.widget.patrol.click()
        await until(lambda: video(host).patrol.ended_t is not None)
        assert video(host).patrol.findings == [] and "已停止" in host.widget.said.text()

    runner.run(story())


def test_selecting_a_station_brings_its_cameras_forward_with_their_distance(host, session, runner):
    cameras = [camera(f"N{i}", place=(113.0 + 0.01 * i, 23.5)) for i in range(6)] + [
        camera("Y", objects="S2", place=(110.0, 21.0))
    ]

    async def story():
        show(host, session, *cameras)
        await until(lambda: tile(host, "N0") is not None)
        session.situation.select("S2")
        await until(lambda: host.widget.tiles[0].view.code == "Y")
        assert host.widget.tiles[0].view.bound == "关联 英德(五)" and "距 英德(五)" in host.widget.tiles[1].view.bound
        session.situation.select("S1")
        await until(lambda: host.widget.tiles[0].view.code == "N0")
        assert host.widget.tiles[1].view.bound == "距 石角 1.0 km"
        host.widget.forth.click()
        assert host.widget.page.text() == "2/2" and host.widget.tiles[2].view.code == "Y"
        host.widget.layouts.button(9).click()
        assert host.widget.count == 9 and host.widget.tiles[6].view.code == "Y"

    runner.run(story())


def test_the_tiles_say_what_is_missing_and_which_address_was_not_opened(host, session, runner):
    async def story():
        show(host, session)
        await until(lambda: host.widget.tiles[0].view is not None)
        empty = host.widget.tiles[0].view
        assert empty.name == "没有摄像头" and "请由中心导入" in empty.detail and not host.widget.patrol.isEnabled()
        show(host, session, camera("A", "concat:/etc/passwd"), camera("B"), camera("C", name="<b>坏</b>" * 40))
        await until(lambda: tile(host, "A") is not None)
        assert "没有打开" in tile(host, "A").view.detail and "没有流地址" in tile(host, "B").view.detail
        assert video(host).desk.running == 0 and "<" not in tile(host, "C").toolTip()
        host.panel.grab()

    runner.run(story())


def test_pictures_are_of_now_and_say_so_while_the_past_is_shown_or_the_panel_is_held(host, session, runner, source):
    async def story():
        show(host, session, camera("A", source.url("sub.mp4")))
        await until(lambda: state(host, "A") is LIVE and tile(host, "A").picture is not None)
        assert tile(host, "A").view.caution == ""
        session.situation.look_at(session.situation.now() - 3600)
        await until(lambda: tile(host, "A").view.caution == "画面为实时，不是回看时刻")
        session.situation.go_live()
        session.link.remember("replay", "录像")
        await until(lambda: "不是演练或回放时刻" in tile(host, "A").view.caution)
        host.panel.freeze_toggled.emit(True)
        assert state(host, "A") is FROZEN and "本面板已冻结" in tile(host, "A").view.detail
        assert video(host).desk.running == 0 and tile(host, "A").picture is not None
        host.panel.freeze_toggled.emit(False)
        await until(lambda: state(host, "A") is LIVE)

    runner.run(story())


def test_this_machines_own_list_may_name_a_film_and_a_film_is_never_called_live(host, session, runner, clips, home):
    """A film is for trying things out; only a file that lies in the data folder can name one."""
    listed = f'[[camera]]\ncode = "own"\nname = "试看"\nfile = "{clips / "sub.mp4"}"\nobjects = ["S1"]\n'

    async def story():
        show(host, session, camera("A", f"file://{clips / 'sub.mp4'}"))
        await until(lambda: state(host, "A") is StreamState.ABSENT)
        assert "没有打开" in tile(host, "A").view.detail
        (home.root / "cameras.toml").write_text(listed, "utf-8")
        await video(host)._read_own(home.root / "cameras.toml")
        session.situation.select("S1")
        await until(lambda: state(host, "own") is FILM)
        view = tile(host, "own").view
        assert view.word == "录像" and view.caution == "本机文件，不是实时画面" and view.stream == "本机文件 320×180"
        assert host.widget.counts.text() == "录像 1"
        (home.root / "cameras.toml").write_text("camera = 3", "utf-8")
        await video(host)._read_own(home.root / "cameras.toml")
        assert "读不出" in host.widget.said.text() and state(host, "own") is FILM

    runner.run(story())


def test_a_camera_that_sends_the_same_picture_for_a_minute_is_frozen_though_frames_keep_coming(qtbot, source, clips):
    """A minute passes in a second and a half here; the walking bar beside it is never called still."""
    make_clip(clips / "still.mp4", still=True)

    def fast():
        return time.monotonic() * 40

    streams = [Stream(checked_address(source.url(clip)), Demand(), clock=fast) for clip in ("still.mp4", "sub.mp4")]
    for stream in streams:
        stream.start()
    still, moving = streams
    reasons = set()

    def both():
        reasons.add(moving.look().verdict.reason)
        return still.look().verdict.reason == "still" and moving.look().frame_t is not None

    try:
        qtbot.waitUntil(both, timeout=20_000)
        assert "still" not in reasons
    finally:
        for stream in streams:
            stream.stop()
        assert all(s.join(10.0) for s in streams)


def test_on_the_wall_there_are_pictures_and_no_buttons(qtbot, qapp, session, hub, runner):
    found = built(runner, replace(context_of(qapp, session, hub), large=True), wall=True)
    qtbot.addWidget(found.panel)
    found.panel.show()
    assert not found.widget.patrol.isVisible() and found.widget.tiles[0].isVisible()
    found.release()


def test_a_frozen_picture_is_hatched_and_worded_on_the_screen(qtbot, look):
    grey = Picture(64, 36, 256, b"\x80" * (256 * 36), 1)
    shots = {}
    for now in (LIVE, FROZEN):
        found = VideoTile(look)
        qtbot.addWidget(found)
        found.resize(320, 180)
        found.show_view(
            TileView("A", "石角", "关联 石角", now, "画面冻结" if now is FROZEN else "实时", "自 12:00:00", "12:00:00")
        )
        found.show_picture(grey)
        shots[now] = found.grab().toImage()
    middle = [shots[LIVE].pixelColor(x, 40).name() for x in range(60, 260)]
    assert len(set(middle)) == 1, "a live picture is shown as it is"
    assert len({shots[FROZEN].pixelColor(x, 40).name() for x in range(60, 260)}) > 1, "hatched"


def test_tiles_are_laid_out_so_that_the_pictures_are_largest():
    assert [best_columns(n, 1600, 900) for n in (1, 4, 9, 16)] == [1, 2, 3, 4]
    assert best_columns(4, 800, 130) == 4 and best_columns(4, 300, 900) == 1 and best_columns(16, 0, 0) >= 1


def test_a_console_that_shows_no_video_does_not_load_the_decoder():
    import subprocess
    import sys

    code = "import sys, console.windows.panel_catalog; assert 'av' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
