from __future__ import annotations

import pytest

from console.errors import ErrorHub
from console.windows.docking import prepare_docking
from tests.gui import application, console_loop, make_look


@pytest.fixture(scope="session", autouse=True)
def _docking_flags():
    prepare_docking()


@pytest.fixture(scope="session")
def qapp_args():
    return ["flood-console-tests"]


@pytest.fixture(scope="session")
def qapp(qapp_args, pytestconfig, _docking_flags):
    return application(qapp_args)


@pytest.fixture
def hub():
    found = ErrorHub()
    yield found
    assert not found.incidents, found.incidents[0].detail


@pytest.fixture
def look(qapp):
    return make_look(qapp)


@pytest.fixture
def runner(qapp, hub):
    with console_loop(qapp, hub) as found:
        yield found


@pytest.fixture
def chain(home):
    from tests.processes import Chain

    made = []

    def make(source="beijiang-2022-06", **central):
        found = Chain(home, source, **central)
        made.append(found)
        return found

    yield make
    for found in made:
        found.stop()
