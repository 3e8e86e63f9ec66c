from __future__ import annotations

import pytest


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
