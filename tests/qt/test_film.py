"""A film shows, frame by frame, what the screen shows; it is whole or it is not there."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from console.domain.flight import Flight, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.time import from_beijing
from console.errors import ConsoleError
from console.look import tokens
from scenes.film.caption import FilmCaption, FilmLabels
from scenes.film.encode import FilmError, Mp4Writer, PngWriter, film_encoder, png_bytes
from scenes.film.film import FilmJob, FilmOrder, film_picture, make_film
from scenes.film.playback import FlightPlayer

NOON, NIGHT = from_beijing("2022-06-22 12:00"), from_beijing("2022-06-22 22:00")
SHIJIAO, FEILAIXIA = FlightCamera(112.96, 23.57, 40.0, 20.0, 40.0), FlightCamera(113.25, 23.81, 20.0, 60.0, 30.0)
SAID = "石角站22日12时流量18500 m³/s。"
LABELS = FilmLabels("北江2022年6月洪水", ("合成地形 仅供演示", "重建数据"), "人民日报 2022-06-22", 8.0, "画面中心处")
FLIGHT = Flight(
    "短片",
    (
        Keyframe(0.0, SHIJIAO, NOON, caption=SAID, source="人民日报 2022-06-22"),
        Keyframe(1.6, FEILAIXIA, NIGHT, dwell_s=0.4),
    ),
)
ORDER = FilmOrder(FLIGHT, 10, (480, 320))


def scene(moment, width: int, height: int) -> QImage:
    """A cheap sandbox: a sky that turns with the camera, and a thing that moves with it."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor.fromHsvF(moment.camera.heading / 360, 0.3, 0.5))
    painter = QPainter(image)
    x = round((moment.camera.lon - 112.9) / 0.5 * width)
    painter.fillRect(QRect(x, height // 2, 40, 24), QColor(230, 200, 60))
    painter.end()
    return image


def pixels(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).astype(int)


def raw(image: QImage) -> bytes:
    return bytes(image.constBits())  # the name keeps the picture alive while its memory is read


@pytest.fixture
def caption(look):
    return FilmCaption(look.family, LABELS)


# --- the words over a picture ------------------------------------------------------------------


def test_every_kind_of_word_has_its_place_within_the_safe_margin(look):
    moment = FLIGHT.still(0)
    bare = QImage(1280, 720, QImage.Format.Format_RGB32)
    bare.fill(QColor(90, 120, 60))
    before = raw(bare)
    changed = (pixels(FilmCaption(look.family, LABELS).burned(bare, moment)) != pixels(bare)).any(axis=2)
    assert raw(bare) == before, "the picture that was given is not painted on"
    rows, columns = np.nonzero(changed)
    assert rows.min() >= 36 - 4 and rows.max() <= 720 - 36 + 4
    assert columns.min() >= 64 - 4 and columns.max() <= 1280 - 64 + 4
    assert changed[:120, :640].any(), "title"
    assert changed[:120, 700:].any(), "Beijing time"
    assert changed[620:, :640].any(), "what ground and data are"
    assert changed[620:, 900:].any(), "scale"
    assert changed[500:620, 400:880].any(), "caption"


def test_each_word_that_changes_changes_the_picture(look):
    moment, bare = FLIGHT.still(0), scene(FLIGHT.still(0), 960, 540)

    def burned(labels=LABELS, moment=moment, **kinds):
        return raw(FilmCaption(look.family, labels, **kinds).burned(bare, moment))

    later, other = FLIGHT.at(1.0), FLIGHT.still(1)
    variants = [
        burned(),
        burned(FilmLabels("", LABELS.notes, LABELS.source, 8.0)),
        burned(FilmLabels(LABELS.title, ("地形：石角段 1 m.tif",), LABELS.source, 8.0)),
        burned(FilmLabels(LABELS.title, LABELS.notes, LABELS.source, 1.0)),
        burned(moment=later),
        burned(moment=other),
        burned(theme="light"),
    ]
    assert len(set(variants)) == len(variants)
    assert burned() == variants[0], "and the same words give the same picture"


def test_a_caption_stands_out_from_any_ground(look):
    for theme in ("dark", "light"):
        text = QColor(tokens()[theme]["text"])
        for ground in (QColor(0, 0, 0), QColor(255, 255, 255), text):
            bare = QImage(960, 540, QImage.Format.Format_RGB32)
            bare.fill(ground)
            found = pixels(FilmCaption(look.family, LABELS, theme).burned(bare, FLIGHT.still(0)))[360:450, 260:700]
            light = found @ np.array([0.2126, 0.7152, 0.0722])
            assert light.max() - light.min() > 110, (theme, ground.name())


def test_a_caption_fades(caption):
    bare = scene(FLIGHT.at(0.25), 960, 540)
    marks = [np.abs(pixels(caption.burned(bare, FLIGHT.at(t)))[360:450] - pixels(bare)[360:450]).sum() for t in (0, 0.25, 0.8)]
    assert marks[0] == 0
    assert 0.3 < marks[1] / marks[2] < 0.7


def test_the_longest_caption_and_the_longest_notes_stay_in_the_smallest_picture(look):
    key = Keyframe(0.0, SHIJIAO, NOON, caption="水" * 120, source="源" * 60, dwell_s=2.0)
    labels = FilmLabels(
        "题" * 60, ("合成地形 仅供演示（未用自备地形：文件读不出来）", "重建数据"), "来" * 80, 8.0, "画面中心处"
    )
    for size in ((320, 240), (640, 360), (3840, 1080)):
        bare = QImage(*size, QImage.Format.Format_RGB32)
        bare.fill(QColor(90, 120, 60))
        moment = Flight("长", (key,)).still(0)
        changed = (pixels(FilmCaption(look.family, labels).burned(bare, moment)) != pixels(bare)).any(axis=2)
        assert not changed[0].any() and not changed[-1].any()
        assert not changed[:, 0].any() and not changed[:, -1].any()


# --- films -----------------------------------------------------------------------------------


def test_a_film_holds_every_frame_at_its_rate_with_the_words_burnt_in(tmp_path, caption):
    path = make_film(ORDER, scene, caption, Mp4Writer(tmp_path / "短片.mp4", "北江洪水", "重建数据", 1_700_000_000))
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        frames = list(box.decode(stream))
        assert stream.codec_context.name == ("h264" if film_encoder() != "mpeg4" else "mpeg4")
        assert (stream.width, stream.height, stream.pix_fmt) == (480, 320, "yuv420p")
        assert stream.average_rate == 10 and len(frames) == 20
        assert [round(f.time, 6) for f in frames] == [n / 10 for n in range(20)]
        assert box.metadata["title"] == "北江洪水" and box.metadata["comment"] == "重建数据"
        assert box.metadata["creation_time"].startswith("2023-11-14T22:13:20")
    for n in (0, 7, 19):
        shown = frames[n].to_ndarray(format="rgb24").astype(int)
        moment = ORDER.moment(n)
        whole, bare = pixels(film_picture(scene, caption, moment, 480, 320)), pixels(scene(moment, 480, 320))
        assert np.abs(shown - whole).mean() < 4.0, "what was drawn is what is seen, colours too"
        place = (slice(8, 40), slice(250, 470))
        assert np.abs(shown[place] - bare[place]).mean() > 30.0, "the time is burnt in"
    assert [p.name for p in tmp_path.iterdir()] == ["短片.mp4"]


def test_without_h264_the_film_is_made_all_the_same(tmp_path, caption, monkeypatch):
    monkeypatch.setattr("scenes.film.encode.ENCODERS", ("libx264-of-another-build", "mpeg4"))
    with av.open(str(make_film(ORDER, scene, caption, Mp4Writer(tmp_path / "a.mp4")))) as box:
        assert box.streams.video[0].codec_context.name == "mpeg4"
        assert len(list(box.decode(video=0))) == 20
    monkeypatch.setattr("scenes.film.encode.ENCODERS", ())
    with pytest.raises(FilmError, match="没有可用的视频编码器"):
        Mp4Writer(tmp_path / "b.mp4")


def test_an_odd_size_is_made_even_for_a_film_and_kept_for_pictures(tmp_path, caption):
    order = FilmOrder(FLIGHT, 5, (481, 321))
    with av.open(str(make_film(order, scene, caption, Mp4Writer(tmp_path / "a.mp4")))) as box:
        assert (box.streams.video[0].width, box.streams.video[0].height) == (480, 320)
    folder = make_film(order, scene, caption, PngWriter(tmp_path / "b"))
    assert QImage(str(folder / "frame-000001.png")).size().toTuple() == (481, 321)


def test_frame_n_of_a_row_of_pictures_is_the_pictures_moment_n_byte_for_byte(tmp_path, caption):
    folder = make_film(ORDER, scene, caption, PngWriter(tmp_path / "序列", "北江洪水", created_t=1_700_000_000))
    index = json.loads((folder / "index.json").read_text("utf-8"))
    assert (index["fps"], index["width"], index["height"], len(index["frames"])) == (10, 480, 320, 20)
    assert sorted(p.name for p in folder.iterdir()) == [*(f"frame-{n:06d}.png" for n in range(1, 21)), "index.json"]
    for n, row in enumerate(index["frames"]):
        moment = FLIGHT.at(n / 10)
        content = (folder / row["file"]).read_bytes()
        assert content == png_bytes(caption.burned(scene(moment, 480, 320), moment))
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert row["situation_t"] == pytest.approx(min(NIGHT, NOON + (NIGHT - NOON) * n / 16))
    assert index["frames"][8]["beijing"] == "2022-06-22T17:00:00+08:00"
    again = make_film(ORDER, scene, caption, PngWriter(tmp_path / "又一次"))
    assert [f.read_bytes() for f in sorted(again.glob("*.png"))] == [f.read_bytes() for f in sorted(folder.glob("*.png"))]
    with pytest.raises(FilmError, match="已经存在"):
        make_film(ORDER, scene, caption, PngWriter(folder))
    assert len(list(folder.glob("*.png"))) == 20


def test_the_screen_and_the_film_show_the_same_picture(caption):
    player, seen = FlightPlayer(lambda: 0.0), []
    player.load(FLIGHT)
    player.moment.connect(seen.append)
    for n in (0, 3, 12):
        player.seek(n / 10)
        screen = film_picture(scene, caption, seen[-1], 480, 320)
        assert raw(screen) == raw(film_picture(scene, caption, ORDER.moment(n), 480, 320))


def test_a_cancelled_film_leaves_nothing(tmp_path, caption):
    for writer in (Mp4Writer(tmp_path / "a.mp4"), PngWriter(tmp_path / "b")):
        told = []
        made = make_film(ORDER, scene, caption, writer, told.append, lambda: len(told) >= 1, Ticking())
        assert made is None
        assert told and told[-1].done < 20
        assert list(tmp_path.iterdir()) == []


class FullDisk(io.FileIO):
    """A disk with so much room."""

    room = 3000

    def write(self, data) -> int:
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("room", [0, 3000, 12_000])
def test_a_full_disk_ends_a_film_with_words_and_leaves_the_one_before(tmp_path, caption, room):
    path = tmp_path / "短片.mp4"
    path.write_bytes(b"the film before")
    disk = type("Disk", (FullDisk,), {"room": room})
    writer = Mp4Writer(path, open_file=lambda draft: disk(str(draft), "w"))
    noise = np.random.default_rng(5)

    def snow(moment, width, height):
        grain = noise.integers(0, 255, (height, width, 4), dtype=np.uint8)
        return QImage(grain.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()

    with pytest.raises(FilmError) as told:
        make_film(ORDER, snow, caption, writer)
    assert told.value.what == "影片 短片.mp4 没有做成：磁盘满了。"
    assert "清理磁盘" in told.value.next_step
    assert [p.name for p in tmp_path.iterdir()] == ["短片.mp4"]
    assert path.read_bytes() == b"the film before"


@pytest.mark.parametrize("name", ["frame-000003.png", "index.json"])
def test_a_full_disk_leaves_no_pictures_either(tmp_path, caption, monkeypatch, name):
    kept = {"write_bytes": Path.write_bytes, "write_text": Path.write_text}

    def full(kind):
        def write(path, *args, **kinds):
            if path.name == name:
                raise OSError(errno.ENOSPC, "No space left on device")
            return kept[kind](path, *args, **kinds)

        return write

    for kind in kept:
        monkeypatch.setattr(Path, kind, full(kind))
    with pytest.raises(FilmError, match="磁盘满了"):
        make_film(ORDER, scene, caption, PngWriter(tmp_path / "序列"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_told(tmp_path, caption):
    (tmp_path / "file").write_text("not a folder")
    for writer in (Mp4Writer(tmp_path / "file" / "a.mp4"), PngWriter(tmp_path / "file" / "b")):
        with pytest.raises(FilmError, match="写不进去"):
            make_film(ORDER, scene, caption, writer)


def test_a_picture_that_was_not_drawn_ends_the_film_with_the_place(tmp_path, caption):
    def breaks(moment, width, height):
        if moment.t_s > 0.55:
            raise RuntimeError("GL context lost")
        return scene(moment, width, height)

    for render, words in ((breaks, "第 0.60 秒"), (lambda m, w, h: QImage(), "第 0.00 秒")):
        with pytest.raises(FilmError, match=words):
            make_film(ORDER, render, caption, Mp4Writer(tmp_path / "a.mp4"))
    with pytest.raises(ZeroDivisionError):
        make_film(ORDER, lambda m, w, h: 1 / 0, caption, Mp4Writer(tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_orders_out_of_range_are_refused_before_anything_is_drawn(tmp_path, caption):
    untimed = Flight("无时刻", (Keyframe(0.0, SHIJIAO, dwell_s=1.0),))
    refused = [FilmOrder(FLIGHT, 0), FilmOrder(FLIGHT, 25, (100, 100)), FilmOrder(FLIGHT, 25, (9000, 100)), FilmOrder(untimed)]
    for order in refused:
        with pytest.raises(FilmError):
            make_film(order, lambda m, w, h: pytest.fail("drawn"), caption, PngWriter(tmp_path / "a"))
    held = FilmOrder(untimed, 5, (480, 320), held_t=NOON)
    folder = make_film(held, scene, caption, PngWriter(tmp_path / "a"))
    assert {row["situation_t"] for row in json.loads((folder / "index.json").read_text("utf-8"))["frames"]} == {NOON}


class Ticking:
    """A clock on which every look takes half a second."""

    def __init__(self, step_s: float = 0.5) -> None:
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def test_the_time_that_remains_is_told_once_it_is_known_and_follows_the_pace(tmp_path, caption):
    clock, told = Ticking(), []

    def slower(moment, width, height):
        clock.step_s = 2.0 if moment.t_s >= 1.0 else 0.5
        return scene(moment, width, height)

    make_film(ORDER, slower, caption, PngWriter(tmp_path / "a"), told.append, clock=clock)
    assert [p.done for p in told] == list(range(1, 21))
    assert told[3].left_s is None, "the first frames load the ground: nothing honest can be said"
    assert told[9].left_s == pytest.approx(5.0)
    assert told[14].left_s == pytest.approx(5.0), "at the old pace 2.5: it follows"
    assert told[19].left_s == 0.0


def test_a_job_makes_the_film_beside_the_window(qtbot, tmp_path, caption):
    threads, told = set(), []

    def elsewhere(moment, width, height):
        threads.add(threading.current_thread())
        return scene(moment, width, height)

    job = FilmJob(ORDER, elsewhere, caption, Mp4Writer(tmp_path / "a.mp4"))
    job.progressed.connect(told.append)
    with qtbot.waitSignal(job.finished, timeout=20_000) as done:
        job.start()
    assert job.join(5.0)
    assert done.args == [tmp_path / "a.mp4"]
    assert told[-1].done == 20
    assert threading.main_thread() not in threads


def test_a_job_that_fails_says_so_even_where_the_fault_is_ours(qtbot, tmp_path, caption, monkeypatch):
    bugs = []
    monkeypatch.setattr(threading, "excepthook", bugs.append)

    def lost(moment, width, height):
        raise RuntimeError("GL context lost")

    def bug(moment, width, height):
        raise KeyError("rivers")

    for render, words, caught in ((lost, "没有画出来", 0), (bug, "程序出错", 1)):
        job = FilmJob(ORDER, render, caption, Mp4Writer(tmp_path / "a.mp4"))
        with qtbot.waitSignal(job.failed, timeout=20_000) as said:
            job.start()
        assert job.join(5.0)
        assert isinstance(said.args[0], ConsoleError) and words in said.args[0].what
        assert len(bugs) == caught
    assert list(tmp_path.iterdir()) == []
