"""Cameras of the catalogue: where their streams are, what they look at, and which addresses are refused.

A camera's address comes from the central service, which may be wrong or hostile. FFmpeg opens far
more than video (files, pipes, byte ranges, other machines' ports), so only four schemes pass here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from console.domain.geo import distance_km
from console.domain.objects import Thing

SCHEMES = ("rtsp", "rtsps", "http", "https")
ADDRESS_LIMIT = 400  # longer facts were cut when they came in
OBJECTS_LIMIT = 50
MAIN_KEYS = ("url", "main_url", "主码流")
SUB_KEYS = ("sub_url", "子码流")
PLAIN_KEYS = ("地址", "address")  # in an office's table this may just as well be a postal address
OBJECT_KEYS = ("objects", "关联测站", "关联对象")
SECRETS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(?:([^\s:/@?#]*)(:?)\S*@)?([^\s?#]*)(\?\S*)?")
Place = tuple[float, float]


class AddressRefused(ValueError):
    """An address that is not opened; code names the reason: scheme, form, long, file."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class StreamAddress:
    """An address that may be opened. local: a file that this machine's own user named."""

    url: str
    local: bool = False

    def __repr__(self) -> str:
        return f"StreamAddress({masked(self.url)})"


def masked(text: str) -> str:
    """Return text in which no address gives its password or token away: ``rtsp://user:***@host/path?***``."""

    def hide(found: re.Match[str]) -> str:
        scheme, user, colon, rest, query = found.groups()
        who = "" if user is None else (f"{user}:***@" if colon else "***@")
        return f"{scheme}{who}{rest}{'?***' if query else ''}"

    return SECRETS.sub(hide, text)


def checked_address(text: str) -> StreamAddress:
    """Return the address of a stream on the network.

    Raises:
        AddressRefused: no video scheme (file:, concat:, data:, pipe:, tcp: and the like), or not an address.
    """
    if len(text) >= ADDRESS_LIMIT:
        raise AddressRefused("long")
    scheme = text.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise AddressRefused("file" if scheme == "file" else "scheme")
    if any(ch.isspace() or not ch.isprintable() or ch in '\\"<>`' for ch in text):
        raise AddressRefused("form")
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and text[len(scheme) :].startswith("://") and (parts.port is None or parts.port > 0)
    except ValueError as exc:
        raise AddressRefused("form") from exc
    if not sound:
        raise AddressRefused("form")
    return StreamAddress(text)


def local_address(path: Path) -> StreamAddress:
    """Return a video file that a person at this machine chose; never call it with what a centre sent."""
    return StreamAddress(str(path.resolve()), local=True)


@dataclass(frozen=True, slots=True)
class VideoCamera:
    """One camera. main, sub: its streams, None where there is none; refused: why an address was not taken."""

    code: str
    name: str
    place: Place | None = None
    main: StreamAddress | None = None
    sub: StreamAddress | None = None
    objects: tuple[str, ...] = ()
    platform: str = ""
    note: str = ""
    refused: str = ""

    @property
    def film(self) -> bool:
        """It is a film of this machine: no camera, and never live."""
        return self.main is not None and self.main.local

    @property
    def for_tile(self) -> StreamAddress | None:
        return self.sub or self.main

    @property
    def for_focus(self) -> StreamAddress | None:
        return self.main or self.sub


def camera_of(thing: Thing) -> VideoCamera:
    """Return a camera from its object; what is wrong in it is left out and named in refused."""
    listed = thing.facts.get("facts")
    facts: dict[str, Any] = {**thing.facts, **(listed if isinstance(listed, Mapping) else {})}
    refused = ""
    found: dict[str, StreamAddress | None] = {}
    plain = _text(facts, PLAIN_KEYS)
    for which, text in (
        ("main", _text(facts, MAIN_KEYS) or (plain if "://" in plain else "")),
        ("sub", _text(facts, SUB_KEYS)),
    ):
        found[which] = None
        if text:
            try:
                found[which] = checked_address(text)
            except AddressRefused as exc:
                refused = refused or exc.code
    return VideoCamera(
        code=thing.code,
        name=thing.name,
        place=_place(thing),
        main=found["main"],
        sub=found["sub"],
        objects=_codes(next((facts[k] for k in OBJECT_KEYS if facts.get(k)), ())),
        platform=_text(facts, ("platform", "平台"))[:60],
        note=_text(facts, ("note", "备注"))[:200],
        refused=refused,
    )


def own_camera(row: Mapping[str, Any], folder: Path = Path()) -> VideoCamera:
    """Return a camera that this machine's own user listed; file names a film here, the rest is as in a table.

    folder: where the list lies, which a film's name starts from.
    """
    code = str(row.get("code") or "")[:80]
    lon, lat = row.get("lon"), row.get("lat")
    at = ((float(lon), float(lat)),) if isinstance(lon, int | float) and isinstance(lat, int | float) else ()
    camera = camera_of(Thing("cameras", code, str(row.get("name") or code)[:60], (at,) if at else (), dict(row)))
    film = row.get("file")
    return replace(camera, main=local_address(folder / film), sub=None) if isinstance(film, str) and film else camera


def _text(facts: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((v.strip() for k in keys if isinstance(v := facts.get(k), str) and v.strip()), "")


def _codes(value: Any) -> tuple[str, ...]:
    parts = re.split(r"[,，;；、\s]+", value) if isinstance(value, str) else value if isinstance(value, list) else []
    codes = [p.strip() for p in parts if isinstance(p, str) and p.strip()]
    return tuple(dict.fromkeys(codes))[:OBJECTS_LIMIT]


def _place(thing: Thing) -> Place | None:
    place = thing.place
    if place is None or not all(math.isfinite(v) for v in place) or abs(place[0]) > 180 or abs(place[1]) > 90:
        return None
    return place


@dataclass(frozen=True, slots=True)
class Near:
    """A camera as it concerns the selected object. km: distance, None unknown or nothing selected."""

    camera: VideoCamera
    bound: bool = False
    km: float | None = None


def by_nearness(cameras: Iterable[VideoCamera], code: str | None, place: Place | None) -> list[Near]:
    """Return cameras bound to an object first, then by distance from it; those of unknown place last.

    code: the selected object, or a camera itself; None keeps the catalogue's order.
    """
    if not code:
        return [Near(c) for c in cameras]
    found = [Near(c, code in c.objects, _km(place, c.place)) for c in cameras]
    return sorted(
        found,
        key=lambda n: (n.camera.code != code, not n.bound, math.inf if n.km is None else n.km, n.camera.code),
    )


def _km(a: Place | None, b: Place | None) -> float | None:
    return None if a is None or b is None else float(distance_km(*a, *b))
