"""Fixtures of tests with real widgets."""

from __future__ import annotations

import pytest

from tests.rtsp_source import RtspSource, make_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "main.mp4", width=640, height=360)
    make_clip(folder / "sub.mp4")
    make_clip(folder / "live.m3u8")
    return folder


@pytest.fixture
def source(clips):
    found = RtspSource(clips)
    yield found
    if found.process.poll() is None:
        found.kill()
