"""How far a scenario's run is, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass

from console.engine.chain_base import Base
from console.engine.whatif import ENGINE, Outcome


@dataclass(frozen=True, slots=True)
class RunState:
    """state: waiting, running, done, failed, cancelled; held until what is lacking has come. words: why, and what to do.

    lacking: for want of readings.
    """

    state: str
    share: float = 0.0
    words: str = ""
    lacking: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a scenario gave. base: None where its readings are gone. watermark: why it no longer holds."""

    outcome: Outcome
    base: Base | None
    started: float
    wall_s: float
    watermark: str = ""
    engine: str = ENGINE
