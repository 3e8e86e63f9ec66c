"""A centre with nine days of three stations, and a console beside it."""

from __future__ import annotations

import pytest

from tests.in_process import Centre, Console


@pytest.fixture
def centre(tmp_path):
    (tmp_path / "c").mkdir()
    found = Centre(tmp_path / "c")
    for code in found.sid:
        found.readings(code, range(24 * 9))
    yield found
    found.client.session.close()
    found.repo.close()


@pytest.fixture
def console(profile):
    found = Console(profile)
    yield found
    found.stop()
