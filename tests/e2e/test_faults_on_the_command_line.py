"""What goes wrong at the start is said in Chinese with the next step; nothing crashes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from console.cli import NO_DISPLAY
from console.processes import ALREADY_RUNNING, PORT_TAKEN
from tests.processes import ROOT, Running, eventually


def console(home, *arguments, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    return subprocess.run(
        [sys.executable, "-m", "console", "--home", str(home.root), *arguments],
        cwd=ROOT,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_a_machine_without_a_display_is_told_what_works(home):
    done = console(home)
    assert done.returncode == NO_DISPLAY
    assert "没有显示器" in done.stderr and "console shot" in done.stderr and "python3 -m tests" in done.stderr


def test_a_wrong_settings_file_is_named_and_defaults_are_used(home):
    home.settings.write_text('theme = "pink"\n', "utf-8")
    done = console(home)
    assert "“theme”" in done.stderr and "默认设置" in done.stderr and done.returncode == NO_DISPLAY


def test_an_unwritable_data_folder_has_a_way_out(home, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    done = subprocess.run(
        [sys.executable, "-m", "console", "--home", str(blocked / "x"), "recordings"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "不能写入" in done.stderr and "FLOOD_CONSOLE_HOME" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--source", "nowhere", "sync"), "不存在"),
        (("--source", "http://10.0.0.1", "sync"), "没有加密"),
        (("--source", "https://centre.example", "sync"), "令牌"),
        (("central", "--start", "昨天"), "时刻"),
        (("central", "--rate", "99999"), "倍速"),
        (("import", "/no/such/folder"), "不存在"),
        (("shot", "nothing"), "没有名为"),
        (("shot", "monitor", "--size", "9x9"), "尺寸"),
        (("shot", "monitor", "--at", "soon"), "尺寸或时刻"),
    ],
)
def test_bad_input_gets_a_sentence_not_a_traceback(home, arguments, word):
    done = console(home, *arguments)
    assert done.returncode == 2 and word in done.stderr and "Traceback" not in done.stderr


def test_a_taken_port_is_said(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = console(home, "central", "--port", str(taken.getsockname()[1]))
    assert done.returncode == PORT_TAKEN and "占用" in done.stderr and "--port" in done.stderr


def test_two_centres_on_one_store_are_refused(home):
    first = Running(home, "central")
    try:
        eventually(lambda: (home.central("beijiang-2022-06") / "endpoint.json").exists())
        done = console(home, "central")
        assert done.returncode == ALREADY_RUNNING and "已在运行" in done.stderr
    finally:
        first.stop()


def test_a_newer_cache_file_is_refused_and_left_alone(home):
    from console.store.cache_writer import CacheWriter
    from console.store.sqlite import open_writer

    profile = home.profile("beijiang-2022-06")
    CacheWriter(profile).close()
    db = open_writer(profile.latest)
    db.execute("pragma user_version=99")
    db.close()
    done = console(home, "sync")
    assert done.returncode in (1, 2) and "更新的版本" in done.stderr and "升级" in done.stderr


def test_an_import_shows_its_progress_and_its_rejects(home, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("stcd,tm,z\nA1,1717167600,5.0\nA1,bad,5.0\n", "utf-8")
    errors = tmp_path / "errors.csv"
    done = console(home, "import", str(tmp_path / "in"), "--errors", str(errors))
    assert done.returncode == 0 and "[1/1]" in done.stderr and "a.csv 第 3 行" in done.stdout
    assert "a.csv" in errors.read_text("utf-8-sig")


def test_a_picture_can_be_had_without_a_display(home, tmp_path):
    picture = tmp_path / "duty.png"
    done = console(
        home, "shot", "duty", "--at", "2022-06-22 14:00", "--select", "英德", "--size", "1280x720", "--out", str(picture)
    )
    assert done.returncode == 0, done.stderr
    from PySide6.QtGui import QImage

    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1280, 720)
    assert len({image.pixelColor(x, y).name() for x in range(0, 1280, 11) for y in range(0, 720, 11)}) > 30
