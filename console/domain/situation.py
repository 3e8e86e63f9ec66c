"""The Situation: one frozen value that every view renders and none owns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from console.domain.time import sane_t

Mode = Literal["live", "at", "playing"]
MAX_BYTES = 4096
DEFAULT_LAYERS = (
    *("admin", "rivers", "cities", "facilities", "rain", "works", "wind", "drought", "tide"),
    *("reservoir", "river", "typhoon", "notes"),
)


def first_layers(topics: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
    """Return the layers that a map begins with; topics: (code, whether it shows unasked), which a site may have added."""
    known = dict(topics)
    kept = [code for code in DEFAULT_LAYERS if known.get(code, True)]
    return (*kept, *(code for code, shown in known.items() if shown and code not in kept))


class SituationError(ValueError):
    """A shared or saved Situation cannot be read."""


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """What the centre says the time is; under a recording its time runs at rate.

    now_t is the centre's time (UTC s) at the local reference second ref_s; ref_s comes from
    a clock that never jumps, so a wrong computer clock cannot move it.
    """

    now_t: float
    ref_s: float
    rate: float = 1.0
    running: bool = True
    mode: str = "live"

    def at(self, ref_s: float) -> float:
        """Return the centre's time at the local reference second ref_s."""
        if not self.running:
            return self.now_t
        return self.now_t + max(0.0, ref_s - self.ref_s) * self.rate


@dataclass(frozen=True, slots=True)
class Clock:
    """Which moment is shown.

    live follows the centre; at is frozen at t; playing runs from t at rate since ref_s.
    """

    mode: Mode = "live"
    t: float | None = None
    rate: float = 1.0
    ref_s: float = 0.0

    def moment(self, service: ServiceClock, ref_s: float) -> float:
        """Return the moment shown, UTC seconds; playing never runs past the centre's now."""
        now = service.at(ref_s)
        if self.mode == "live" or self.t is None:
            return now
        if self.mode == "at":
            return self.t
        return min(now, self.t + max(0.0, ref_s - self.ref_s) * self.rate)


def _rate(value: Any) -> float:
    rate = float(value)
    if not 0 < rate <= 3600:
        raise ValueError(f"rate {value!r}")
    return rate


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a map or scene looks: centre in CGCS2000 degrees, width in km, angles in degrees."""

    lon: float
    lat: float
    width_km: float
    heading: float = 0.0
    pitch: float = 45.0


@dataclass(frozen=True, slots=True)
class Situation:
    """Moment, selection, scenario, layers, camera, shown window (hours), topic looked at ("" for all)."""

    clock: Clock = field(default_factory=Clock)
    selection: str | None = None
    scenario: str | None = None
    layers: tuple[str, ...] = DEFAULT_LAYERS
    camera: Camera | None = None
    window_h: float = 120.0
    topic: str = ""

    def with_clock(self, clock: Clock) -> Self:
        return replace(self, clock=clock)

    def with_selection(self, code: str | None) -> Self:
        return replace(self, selection=code)

    def to_doc(self, moment: float | None = None) -> dict[str, Any]:
        """Return the shareable document; moment fixes the playing clock for other machines."""
        clock: dict[str, Any] = {"mode": self.clock.mode, "rate": self.clock.rate}
        if self.clock.mode != "live":
            clock["t"] = moment if moment is not None else self.clock.t
        doc: dict[str, Any] = {
            "clock": clock,
            "selection": self.selection,
            "scenario": self.scenario,
            "layers": list(self.layers),
            "window_h": self.window_h,
            "topic": self.topic,
        }
        if self.camera:
            c = self.camera
            doc["camera"] = [c.lon, c.lat, c.width_km, c.heading, c.pitch]
        return doc

    def to_json(self, moment: float | None = None) -> str:
        return json.dumps(self.to_doc(moment), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_doc(cls, doc: Mapping[str, Any], ref_s: float = 0.0) -> Self:
        """Read a shared document; ref_s becomes the start of a playing clock.

        Raises:
            SituationError: the document is not a Situation.
        """
        try:
            raw = doc["clock"]
            mode = raw["mode"]
            if mode not in ("live", "at", "playing"):
                raise ValueError(f"clock mode {mode!r}")
            t = None if mode == "live" else sane_t(raw["t"])
            clock = Clock(mode, t, _rate(raw.get("rate", 1.0)), ref_s)
            camera = Camera(*(float(v) for v in doc["camera"])) if doc.get("camera") else None
            selection = doc.get("selection")
            return cls(
                clock=clock,
                selection=None if selection is None else str(selection),
                scenario=None if doc.get("scenario") is None else str(doc["scenario"]),
                layers=tuple(str(name)[:80] for name in doc.get("layers", DEFAULT_LAYERS)[:60]),
                camera=camera,
                window_h=min(2400.0, max(1.0, float(doc.get("window_h", 120.0)))),
                topic=str(doc.get("topic") or "")[:40],
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
            raise SituationError(f"not a Situation: {exc!r}") from exc

    @classmethod
    def from_json(cls, text: str, ref_s: float = 0.0) -> Self:
        if len(text) > MAX_BYTES:
            raise SituationError(f"longer than {MAX_BYTES} characters")
        try:
            return cls.from_doc(json.loads(text), ref_s)
        except json.JSONDecodeError as exc:
            raise SituationError(f"not JSON: {exc}") from exc
