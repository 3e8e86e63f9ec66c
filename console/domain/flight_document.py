"""Flights as documents: JSON that travels, TOML that a person writes; read strictly, refused with words."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from console.domain.flight import MAX_KEYFRAMES, MAX_S, Flight, FlightError, Keyframe, Pace
from console.domain.flight_camera import DISTANCE_KM, PITCH, FlightCamera
from console.domain.flight_path import Ease
from console.domain.time import from_beijing, sane_t

SCHEMA = 1
MAX_CHARS = 400_000
CAPTION_MAX, NAME_MAX, SOURCE_MAX = 120, 60, 200
LAYERS_MAX, LAYER_CHARS, SELECTION_CHARS = 60, 80, 40
EASES: tuple[str, ...] = get_args(Ease)
PACES: tuple[str, ...] = get_args(Pace)
CAMERA = ("lon", "lat", "distance_km", "heading", "pitch", "height_m")
RANGES = {
    "lon": (70.0, 140.0),
    "lat": (3.0, 55.0),
    "distance_km": DISTANCE_KM,
    "heading": (-360.0, 360.0),
    "pitch": PITCH,
    "height_m": (-500.0, 9000.0),
    "t_s": (0.0, MAX_S),
    "dwell_s": (0.0, MAX_S),
    "situation_t": (0.0, 4_102_444_800.0),
}
KEYS = {"t_s", "camera", "situation_t", "at", "layers", "caption", "source", "selection", "ease", "dwell_s"}


def flight_doc(flight: Flight) -> dict[str, Any]:
    """Return the document of a flight."""
    head = {"schema": SCHEMA, "name": flight.name, "author": flight.author, "source": flight.source, "pace": flight.pace}
    return {**head, "keyframe": [_key_doc(k) for k in flight.keyframes]}


def flight_json(flight: Flight) -> str:
    return json.dumps(flight_doc(flight), ensure_ascii=False, allow_nan=False, indent=1)


def flight_from_doc(doc: Mapping[str, Any]) -> Flight:
    """Read a document, of JSON or TOML; a keyframe may give ``at``, a Beijing time, in place of situation_t.

    Raises:
        FlightError: the document is not a flight; says which key of which keyframe has which value.
    """
    top = _Reader(doc, "")
    top.only({"schema", "name", "author", "source", "pace", "keyframe"})
    if doc.get("schema") != SCHEMA:
        raise top.fault("schema", f"本程序能读 {SCHEMA}；较新的文件请用较新的版本打开")
    keys = doc.get("keyframe")
    if not isinstance(keys, Sequence) or isinstance(keys, str):
        raise top.fault("keyframe", "应为一列关键帧")
    if len(keys) > MAX_KEYFRAMES:
        raise FlightError(f"有 {len(keys)} 个关键帧，最多 {MAX_KEYFRAMES} 个")
    name = top.text("name", NAME_MAX)
    if not name.strip():
        raise top.fault("name", "不能空着")
    pace: Any = top.choice("pace", PACES, "free")
    read = tuple(_keyframe(raw, f"第 {n} 个关键帧 ") for n, raw in enumerate(keys, 1))
    return Flight(name, read, top.text("author", NAME_MAX, ""), top.text("source", SOURCE_MAX, ""), pace)


def flight_from_json(text: str) -> Flight:
    """Raises: FlightError: not JSON, too large, or not a flight."""
    if len(text) > MAX_CHARS:
        raise FlightError(f"文件超过 {MAX_CHARS // 1000} 千字")
    try:
        doc = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise FlightError(f"不是 JSON：{exc}") from exc
    if not isinstance(doc, dict):
        raise FlightError("不是一段飞行：最外层应为一个表")
    return flight_from_doc(doc)


def _key_doc(key: Keyframe) -> dict[str, Any]:
    c = key.camera
    camera = {n: getattr(c, n) for n in CAMERA}
    doc: dict[str, Any] = {"t_s": key.t_s, "camera": camera, "ease": key.ease, "dwell_s": key.dwell_s}
    doc |= {"caption": key.caption, "source": key.source}
    if key.layers is not None:
        doc["layers"] = list(key.layers)
    named = {"situation_t": key.situation_t, "selection": key.selection}
    return doc | {name: value for name, value in named.items() if value is not None}


def _keyframe(raw: Any, where: str) -> Keyframe:
    if not isinstance(raw, Mapping):
        raise FlightError(f"{where}应为一个表，现为 {raw!r:.60}")
    r = _Reader(raw, where)
    r.only(KEYS)
    seen = raw.get("camera")
    if not isinstance(seen, Mapping):
        raise r.fault("camera", "应为一个表：lon、lat、distance_km，可有 heading、pitch、height_m")
    c = _Reader(seen, f"{where}camera.")
    c.only(set(CAMERA))
    defaults = FlightCamera(0.0, 0.0, 1.0)
    angles = (c.number(n, getattr(defaults, n)) for n in ("heading", "pitch", "height_m"))
    camera = FlightCamera(c.number("lon"), c.number("lat"), c.number("distance_km"), *angles)
    ease: Any = r.choice("ease", EASES, "smooth")
    return Keyframe(
        r.number("t_s"),
        camera,
        r.time(),
        r.layers(),
        r.text("caption", CAPTION_MAX, ""),
        r.text("source", SOURCE_MAX, ""),
        r.text("selection", SELECTION_CHARS, "") if "selection" in raw else None,
        ease,
        r.number("dwell_s", 0.0),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one table strictly. where: how it is called in what is said of a fault."""

    raw: Mapping[str, Any]
    where: str

    def fault(self, key: str, why: str) -> FlightError:
        value = f"{self.raw[key]!r:.60} " if key in self.raw else "缺少；"
        return FlightError(f"{self.where}{key}：{value}{why}")

    def only(self, known: set[str]) -> None:
        for key in self.raw:
            if key not in known:
                raise self.fault(key, f"不认识这一项；可用：{'、'.join(sorted(known))}")

    def number(self, key: str, default: float | None = None) -> float:
        low, high = RANGES[key]
        value = self.raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fault(key, f"应为 {low:g} 到 {high:g} 之间的数")
        return float(value)

    def choice(self, key: str, among: tuple[str, ...], default: str) -> str:
        value = self.raw.get(key, default)
        if value not in among:
            raise self.fault(key, f"应为 {'、'.join(among)} 之一")
        return str(value)

    def text(self, key: str, limit: int, default: str | None = None) -> str:
        value = self.raw.get(key, default)
        if not isinstance(value, str) or len(value) > limit:
            raise self.fault(key, f"应为不超过 {limit} 个字的文字")
        if any(unicodedata.category(ch)[0] == "C" for ch in value):
            raise self.fault(key, "不能有换行和控制字符")
        return value

    def time(self) -> float | None:
        if "at" in self.raw and "situation_t" in self.raw:
            raise self.fault("at", "与 situation_t 只能写一个")
        if "at" in self.raw:
            try:
                return sane_t(from_beijing(self.raw["at"]))
            except (TypeError, ValueError, OverflowError) as exc:
                raise self.fault("at", "应为带引号的北京时间，如 '2022-06-21 08:00'") from exc
        return None if self.raw.get("situation_t") is None else self.number("situation_t")

    def layers(self) -> tuple[str, ...] | None:
        value = self.raw.get("layers")
        if value is None:
            return None
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > LAYERS_MAX:
            raise self.fault("layers", f"应为不超过 {LAYERS_MAX} 个图层名")
        if not all(isinstance(v, str) and 0 < len(v) <= LAYER_CHARS for v in value):
            raise self.fault("layers", f"图层名应为不超过 {LAYER_CHARS} 个字的文字")
        return tuple(value)
