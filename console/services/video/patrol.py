"""Patrol (巡检): each camera is watched for a while, and what became of its picture is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.domain.cameras import VideoCamera
from console.domain.video import StreamState
from console.services.video.desk import VideoDesk
from console.services.video.stream import Demand

DWELL_S = 8.0  # longer than a stalled stream needs to be known for one
PATIENCE_S = 12.0  # for the first picture
STEP_S = 0.1
SAME_S = 1.5  # a picture is compared once a second
WHO = "patrol"


@dataclass(frozen=True, slots=True)
class Finding:
    """One camera's result; at_t: UTC s by this machine's clock; reason: a code, "" when well."""

    code: str
    name: str
    state: StreamState
    reason: str
    at_t: float


class Patrol:
    """One round. told: called whenever the camera watched or the findings are others."""

    def __init__(
        self,
        desk: VideoDesk,
        cameras: Sequence[VideoCamera],
        told: Callable[[], None],
        *,
        dwell_s: float = DWELL_S,
        patience_s: float = PATIENCE_S,
        demand: Demand | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._desk, self.cameras, self._told = desk, tuple(cameras), told
        self._dwell_s, self._patience_s, self._demand = dwell_s, patience_s, demand or Demand()
        self._clock, self._wall = clock, wall
        self.findings: list[Finding] = []
        self.at: VideoCamera | None = None
        self.began_t = wall()
        self.ended_t: float | None = None
        self.stopped = False

    def stop(self) -> None:
        """End after what is known so far; the cameras not seen stay without a result."""
        self.stopped = True

    async def run(self) -> None:
        try:
            for camera in self.cameras:
                if self.stopped:
                    break
                self.at = camera
                self._told()
                finding = await self._watch(camera)
                if finding is not None:
                    self.findings.append(finding)
        finally:
            self.at = None
            self.ended_t = self._wall()
            self._desk.want(WHO, {})
            self._told()

    async def _watch(self, camera: VideoCamera) -> Finding | None:
        address = camera.for_tile
        if address is None:
            return self._found(camera, StreamState.ABSENT, camera.refused or "no-address")
        self._desk.want(WHO, {address: self._demand})
        began, live_since = self._clock(), None
        while not self.stopped:
            sight = self._desk.look(address)
            verdict = sight.verdict
            now = self._clock()
            if verdict.state in (StreamState.FROZEN, StreamState.OFFLINE):
                return self._found(camera, verdict.state, verdict.reason)
            if verdict.state in (StreamState.LIVE, StreamState.FILM):
                live_since = now if live_since is None else live_since
                watched = now - live_since
                # what has not moved all the while is watched on until it does, or is known to be frozen
                moved = verdict.state is StreamState.FILM or sight.still_s < watched - SAME_S
                if watched >= self._dwell_s and moved:
                    return self._found(camera, verdict.state, verdict.reason)
            elif now - began >= self._patience_s:
                waiting = verdict.state is StreamState.WAITING
                return self._found(
                    camera, StreamState.WAITING if waiting else StreamState.OFFLINE, "busy" if waiting else "no-answer"
                )
            await asyncio.sleep(STEP_S)
            self._desk.settle()
        return None

    def _found(self, camera: VideoCamera, state: StreamState, reason: str) -> Finding:
        return Finding(camera.code, camera.name, state, reason, self._wall())
