"""Films, pictures and one's own terrain from the command line, in real processes on the recorded flood."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys

import av
import numpy as np
import pytest
from PySide6.QtGui import QImage

from console.domain.flight import Flight, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.flight_document import flight_json
from console.domain.time import from_beijing
from console.errors import ConsoleError
from console.settings import Settings
from console.store.basemap import load_basemap
from console.windows.film_command import FilmOptions, make_film
from console.windows.shot import _look_of
from tests.geotiffs import flat, hill_in
from tests.grounds import with_hills
from tests.processes import ROOT

SOURCE = "beijiang-2022-06"
NOON, NIGHT = from_beijing("2022-06-22 12:00"), from_beijing("2022-06-22 22:00")


def console(home, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "console", "--home", str(home.root), "--source", SOURCE, *arguments],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with_hills(cache)
    load_basemap(cache)
    return cache


@pytest.fixture
def grounded(home, ground):
    """Return a data folder with a ground and a tour of two seconds."""
    shutil.copytree(ground, home.shared_cache, dirs_exist_ok=True)
    keep_tour(home)
    return home


def keep_tour(home):
    cameras = (FlightCamera(112.96, 23.57, 90.0, 20.0, 40.0), FlightCamera(113.25, 23.81, 60.0, 60.0, 30.0))
    keys = (Keyframe(0.0, cameras[0], NOON, caption="石角站"), Keyframe(1.5, cameras[1], NIGHT, dwell_s=0.5))
    (home.root / "tours").mkdir()
    (home.root / "tours" / "short.json").write_text(flight_json(Flight("短巡", keys)), "utf-8")


def pixels(path):
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()].copy()


def brightness(picture):
    return (picture & 0xFF).astype(float) + (picture >> 8 & 0xFF) + (picture >> 16 & 0xFF)


def test_a_tour_becomes_pictures_and_a_film_of_the_recorded_flood(grounded, tmp_path):
    home = grounded
    folder, film = tmp_path / "帧", tmp_path / "短巡.mp4"
    done = console(home, "film", "短巡", "--fps", "2", "--size", "320x240", "--out", str(folder))
    assert done.returncode == 0 and done.stdout.strip() == str(folder), done.stderr
    index = json.loads((folder / "index.json").read_text("utf-8"))
    assert (index["fps"], index["width"], index["height"]) == (2, 320, 240)
    times = [row["situation_t"] for row in index["frames"]]
    assert times == pytest.approx([NOON, NOON + 12_000, NOON + 24_000, NIGHT])
    frames = [pixels(folder / row["file"]) for row in index["frames"]]
    assert all(f.shape == (240, 320) and len(np.unique(f)) > 500 for f in frames), "ground, not an empty sky"
    assert all((a != b).mean() > 0.2 for a, b in zip(frames, frames[1:], strict=False))
    done = console(home, "film", "short", "--fps", "2", "--size", "320x240", "--out", str(film), "--night")
    assert done.returncode == 0, done.stderr
    with av.open(str(film)) as box:
        shown = [f.to_ndarray(format="rgb24") for f in box.decode(video=0)]
    assert len(shown) == 4 and shown[0].shape == (240, 320, 3)
    by_day = np.mean([brightness(f) for f in frames])
    assert np.mean([f.sum(axis=2) for f in shown]) < 0.9 * by_day, "the night is darker"


def test_a_tour_that_is_not_there_is_answered_with_those_that_are(home, tmp_path):
    keep_tour(home)
    (home.root / "tours" / "broken.toml").write_text("schema = 1\nname = ", "utf-8")
    done = console(home, "film", "没有这段", "--out", str(tmp_path / "x.mp4"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert all(w in done.stderr for w in ("没有名为 没有这段 的飞行", "feilaixia-2022-06", "短巡（short.json）")), done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"size": "大"}, "尺寸或时刻写得不对"),
        ({"at": "明天"}, "尺寸或时刻写得不对"),
        ({"size": "99999x99999"}, "尺寸 99999x99999 超出范围"),
        ({"fps": 0}, "帧率 0 超出范围"),
        ({"exaggeration": 900.0}, "垂直夸大 900 超出范围"),
    ],
)
def test_a_film_that_cannot_be_made_is_refused_before_anything_is_started(home, hub, tmp_path, more, words):
    keep_tour(home)
    said = {"tour": "短巡", "out": "", "fps": 25, "size": "320x240", "at": "", "exaggeration": 8.0, "night": False}

    def started(*_):
        pytest.fail("started")

    with pytest.raises(ConsoleError) as refused:
        wished = FilmOptions.from_arguments(argparse.Namespace(**said | more))
        asyncio.run(make_film(home, Settings(), wished, hub, started, started))
    assert words in refused.value.what


def test_the_sandbox_is_pictured_by_night_from_where_it_was_asked(grounded, tmp_path):
    home = grounded
    out = tmp_path / "night.png"
    look = "113.25,23.81,40,30,35"
    done = console(home, "shot", "sandbox.scene", "--size", "640x480", "--look", look, "--night", "--out", str(out))
    assert done.returncode == 0 and done.stdout.strip() == str(out), done.stderr
    night = pixels(out)
    ground = brightness(night[200:400])
    assert night.shape == (480, 640) and len(np.unique(night[200:400])) > 300 and ground.mean() < 0.45 * 3 * 255
    for wrong, word in (("113.25", "写得不对"), ("113.25,23.81,九", "写得不对"), ("113.25,23.81,9999", "超出范围")):
        with pytest.raises(ConsoleError, match=word):
            _look_of(wrong)
    assert _look_of("113.25,23.81,40") == (113.25, 23.81, 40.0, 0.0, 40.0) and _look_of("113,23,40,90")[3:] == (90.0, 40.0)


def test_terrain_is_listed_added_and_removed_and_refused_without_a_datum(home, tmp_path):
    file = hill_in(tmp_path / "石角.tif", "EPSG:4547", 20.0)
    refused = console(home, "terrain", "add", str(file))
    assert refused.returncode == 2 and "高程基准" in refused.stderr and "Traceback" not in refused.stderr
    assert console(home, "terrain", "list").stdout == ""
    added = console(home, "terrain", "add", str(file), "--datum", "pearl", "--offset", "0.744")
    assert added.returncode == 0 and added.stdout.startswith("已导入 石角：") and "+0.744 m → 1985" in added.stdout
    picture = console(home, "terrain", "imagery", str(flat(tmp_path / "影像.tif", 80, dtype="uint8")))
    assert picture.returncode == 0 and picture.stdout == "已导入 影像。\n", picture.stderr
    listed = console(home, "terrain", "list").stdout.splitlines()
    assert {line.split("\t")[0] for line in listed} == {"影像", "石角"}
    assert any("石角" in line and "20 m" in line for line in listed)
    gone = console(home, "terrain", "remove", "没有")
    assert gone.returncode == 2 and "terrain list" in gone.stderr
    assert console(home, "terrain", "remove", "石角").stdout == "已移除 石角。\n"
    assert "石角" not in console(home, "terrain", "list").stdout and file.exists()
