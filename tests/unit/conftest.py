"""A centre with nine days of three stations, and a console beside it."""

from __future__ import annotations

import pytest

from tests.bundles import centre_store, device, introduce
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


@pytest.fixture
def pair(tmp_path):
    centre, laptop = device(tmp_path / "centre", "省中心"), device(tmp_path / "laptop", "外业一号")
    introduce(centre, laptop)
    yield centre, laptop
    centre.register.close()
    laptop.register.close()


@pytest.fixture
def repo(tmp_path):
    found = centre_store(tmp_path / "central.db")
    yield found
    found.close()
