"""What is in a bundle: the clear header that finds the right keys, and the sealed manifest."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass

from console.store.bundle.refusal import BundleRefused

KINDS = ("down", "up", "receipt")
OBS, RECORDS, OBJECTS, OPS, ANSWERS, TOMBS = (
    "obs.parquet",
    "records.jsonl",
    "objects.jsonl",
    "ops.jsonl",
    "answers.jsonl",
    "tombs.jsonl",
)
LINES = (RECORDS, OBJECTS, OPS, ANSWERS, TOMBS)
FILE = re.compile(r"file/[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
PARTS_MAX = 2000
MANIFEST_MAX = 1024 * 1024
MB = 1024 * 1024
STORED_MAX = {OBS: 1024 * MB, **dict.fromkeys(LINES, 64 * MB)}
PLAIN_MAX = {OBS: 1024 * MB, **dict.fromkeys(LINES, 256 * MB)}
FILE_MAX = 512 * MB
HEX = re.compile(r"[0-9a-f]{64}")
DEVICE = re.compile(r"[A-Z2-7]{32}")


@dataclass(frozen=True, slots=True)
class Header:
    """The clear part. created, expires: UTC s; number grows with every bundle of an issuer."""

    kind: str
    issuer: str
    receiver: str
    number: int
    created: float
    expires: float
    bundle: str
    sender_key: str  # hex, X25519, of this bundle alone
    body_size: int
    body_sha256: str

    def context(self) -> bytes:
        """Return what the cipher key is bound to beside the shared secret."""
        return "|".join((self.kind, self.issuer, self.receiver, str(self.number), self.bundle, self.sender_key)).encode()

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Part:
    """size: bytes as stored; plain: bytes after inflating (equal for what is not deflated)."""

    name: str
    size: int
    plain: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The sealed part.

    cursor: where the feed of readings stands after it; covers_from: the sequence after which every
    change up to the cursor is inside, None when only a window of time is (rows then fill, the
    cursor stays). records_from: the same for records. asof: the centre's time of the content.
    cold_only: deletions are not inside, so that only an empty cache may move its cursor.
    """

    source: str
    service: str
    epoch: str
    cursor: str
    covers_from: int | None
    records_cursor: str
    records_from: int | None
    window: tuple[int, int] | None
    scope: str
    asof: float
    mode: str
    title: str
    parts: tuple[Part, ...] = ()
    answers_to: str = ""
    cold_only: bool = False

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    def part(self, name: str) -> Part | None:
        return next((p for p in self.parts if p.name == name), None)


def header_from(data: bytes) -> Header:
    """Return the header.

    Raises:
        BundleRefused: damaged: a field is absent or of another kind.
    """
    try:
        doc = json.loads(data)
        found = Header(
            kind=str(doc["kind"]),
            issuer=str(doc["issuer"]),
            receiver=str(doc["receiver"]),
            number=int(doc["number"]),
            created=float(doc["created"]),
            expires=float(doc["expires"]),
            bundle=str(doc["bundle"]),
            sender_key=str(doc["sender_key"]),
            body_size=int(doc["body_size"]),
            body_sha256=str(doc["body_sha256"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as exc:
        raise BundleRefused("damaged", f"header: {exc!r}"[:200]) from exc
    good = (
        DEVICE.fullmatch(found.issuer)
        and DEVICE.fullmatch(found.receiver)
        and HEX.fullmatch(found.sender_key)
        and HEX.fullmatch(found.body_sha256)
        and math.isfinite(found.created)
        and math.isfinite(found.expires)
        and 0 < found.number < 2**62
        and found.body_size >= 0
    )
    if not good:
        raise BundleRefused("damaged", "header field")
    if found.kind not in KINDS:
        raise BundleRefused("newer", f"kind {found.kind[:20]!r}")
    return found


def manifest_from(data: bytes) -> Manifest:
    """Return the manifest with its part list judged: names, counts, sizes.

    Raises:
        BundleRefused: bad-content or too-large.
    """
    try:
        doc = json.loads(data)
        parts = tuple(
            Part(str(p["name"]), int(p["size"]), int(p["plain"]), str(p["sha256"]), int(p.get("rows", 0))) for p in doc["parts"]
        )
        window = doc.get("window")
        found = Manifest(
            source=str(doc["source"]),
            service=str(doc["service"]),
            epoch=str(doc["epoch"]),
            cursor=str(doc["cursor"]),
            covers_from=None if doc.get("covers_from") is None else int(doc["covers_from"]),
            records_cursor=str(doc["records_cursor"]),
            records_from=None if doc.get("records_from") is None else int(doc["records_from"]),
            window=None if window is None else (int(window[0]), int(window[1])),
            scope=str(doc["scope"]),
            asof=float(doc["asof"]),
            mode=str(doc["mode"]),
            title=str(doc["title"]),
            parts=parts,
            answers_to=str(doc.get("answers_to", "")),
            cold_only=bool(doc.get("cold_only", False)),
        )
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as exc:
        raise BundleRefused("bad-content", f"manifest: {exc!r}"[:200]) from exc
    _judge_parts(parts)
    return found


def _judge_parts(parts: tuple[Part, ...]) -> None:
    if len(parts) > PARTS_MAX:
        raise BundleRefused("too-large", f"{len(parts)} parts")
    if len({p.name for p in parts}) != len(parts):
        raise BundleRefused("bad-content", "a part twice")
    for part in parts:
        if part.name not in STORED_MAX and not FILE.fullmatch(part.name):
            raise BundleRefused("bad-content", f"part name {part.name[:60]!r}")
        if not HEX.fullmatch(part.sha256) or part.size < 0 or part.plain < 0:
            raise BundleRefused("bad-content", f"part {part.name}")
        if part.size > STORED_MAX.get(part.name, FILE_MAX) or part.plain > PLAIN_MAX.get(part.name, FILE_MAX):
            raise BundleRefused("too-large", f"part {part.name} of {part.size} → {part.plain} bytes")
