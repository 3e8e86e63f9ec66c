"""The service under test: CONTRACT_URL and CONTRACT_TOKEN name another one; else ours is started."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from console.paths import DataHome
from tests.processes import Chain


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def service(request, tmp_path_factory):
    url = os.environ.get("CONTRACT_URL")
    if url and request.param != "sqlite":
        pytest.skip("CONTRACT_URL names one service; its store is its own affair")
    if url:
        yield url, os.environ.get("CONTRACT_TOKEN", "")
        return
    home = DataHome(Path(tmp_path_factory.mktemp("contract")))
    home.prepare()
    store = {"store": request.getfixturevalue("postgres_server").url()} if request.param == "postgresql" else {}
    chain = Chain(home, rate="60", start="2022-06-22 08:00", **store)
    chain.start_central()
    found = chain.endpoint()
    yield found.url, found.token
    chain.stop()


@pytest.fixture(scope="session")
def http(service):
    url, token = service
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20, trust_env=False) as client:
        yield client
