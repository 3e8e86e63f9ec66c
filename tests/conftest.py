"""Shared fixtures. The platform is chosen before Qt or VTK is imported."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.update(QT_SCALE_FACTOR="1", QT_FONT_DPI="96", QT_API="pyside6")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

from pathlib import Path

import pytest

os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # no test touches a person's own
os.environ["FLOOD_CONSOLE_PASSPHRASE"] = "测试用口令 2022"

from console.errors import ErrorHub
from console.paths import DataHome, Profile
from console.store.keys import OpsKey, unlock
from tests.interop.mosquitto import mosquitto
from tests.interop.postgres_server import postgres, postgres_server
from tests.processes import make_key
from tests.references import table, within

__all__ = ["mosquitto", "postgres", "postgres_server", "within"]

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture
def home(tmp_path: Path) -> DataHome:
    found = DataHome(tmp_path / "home")
    found.prepare()
    make_key(found)
    return found


@pytest.fixture
def key(home: DataHome) -> OpsKey:
    return unlock(home.root, os.environ["FLOOD_CONSOLE_PASSPHRASE"])


@pytest.fixture
def profile(home: DataHome) -> Profile:
    found = home.profile("test")
    found.folder.mkdir(parents=True)
    return found


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("reference cases and real readings are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def qapp_args():
    return ["flood-console-tests"]


@pytest.fixture(scope="session")
def qapp(qapp_args, pytestconfig):
    from console.windows.docking import prepare_docking
    from tests.gui import application

    prepare_docking()
    return application(qapp_args)


@pytest.fixture
def hub():
    found = ErrorHub()
    yield found
    assert not found.incidents, found.incidents[0].detail


@pytest.fixture
def look(qapp):
    from tests.gui import make_look

    return make_look(qapp)


@pytest.fixture
def runner(qapp, hub):
    from tests.gui import console_loop

    with console_loop(qapp, hub) as found:
        yield found


def pytest_terminal_summary(terminalreporter):
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ()) if r.when == "call"]
    if lines := table(row for r in reports for row in r.user_properties):
        terminalreporter.section("参考算例：误差 ≤ 允许")
        for line in lines:
            terminalreporter.write_line(line)
