"""What can be played: the floods that were rebuilt, and the disasters of the library."""

from __future__ import annotations

from pathlib import Path

from console.drill.disasters import disaster_drill
from console.drill.facts import DRILL, Recording, flood_facts, flood_keys
from console.drill.method import method_text
from console.drill.reconstruct import rebuild


def recording_of(home: Path, source: str) -> Recording | None:
    """Return what a source plays, None where it plays nothing; takes some seconds.

    Raises:
        ConsoleError: a disaster that the library does not have, or that cannot be computed.
    """
    if source.startswith(DRILL):
        return disaster_drill(home, source)
    if source not in flood_keys():
        return None
    facts = flood_facts(source)
    return Recording(facts, tuple(rebuild(facts)), method_text(facts))
