"""The hash by which two stores agree that they hold the same readings of a day.

A reading is five 64-bit words in this order: series, t (UTC s), value, quality, rev. Integers are
two's complement; the value is the bit pattern of its IEEE 754 binary64, with two rules: a missing
value (NULL, NaN) is 0x7FF8000000000000 and −0.0 is 0.0. All arithmetic is modulo 2⁶⁴::

    h = 0x9E3779B97F4A7C15
    for each word w:
        h = (h xor w) + 0x9E3779B97F4A7C15
        h = (h xor (h >> 30)) * 0xBF58476D1CE4E5B9
        h = (h xor (h >> 27)) * 0x94D049BB133111EB
        h = h xor (h >> 31)

The words are numbers, so no byte order enters. The digest of a set of readings is their count and
the xor of their hashes, written as 16 lower-case hex digits, the most significant first: the order
of the rows does not matter, and digests of disjoint sets add up.

Source: the mixing step is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY_S = 86_400
BEIJING_S = 8 * 3600
MISSING = np.uint64(0x7FF8000000000000)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Digest:
    """Count and 64-bit xor of a set of readings."""

    count: int = 0
    xor: int = 0

    def plus(self, other: Digest) -> Digest:
        """Return the digest of the union of two disjoint sets."""
        return Digest(self.count + other.count, self.xor ^ other.xor)

    def to_doc(self) -> dict[str, Any]:
        return {"count": self.count, "xor": f"{self.xor:016x}"}


def row_hashes(
    sid: NDArray[Any], t: NDArray[Any], value: NDArray[Any], quality: NDArray[Any], rev: NDArray[Any]
) -> NDArray[np.uint64]:
    """Return the hash of each reading, shape (n,); all arguments have shape (n,), NaN is missing."""
    real = np.asarray(value, np.float64) + 0.0  # −0.0 becomes 0.0
    words = (
        np.asarray(sid, np.int64).view(np.uint64),
        np.asarray(t, np.int64).view(np.uint64),
        np.where(np.isnan(real), MISSING, real.view(np.uint64)),
        np.asarray(quality, np.int64).view(np.uint64),
        np.asarray(rev, np.int64).view(np.uint64),
    )
    mixed = np.full(len(real), _STEP, np.uint64)
    for word in words:
        mixed = (mixed ^ word) + _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return mixed


def digests_by_series(rows: list[tuple[Any, ...]]) -> dict[int, Digest]:
    """Return each series' digest of rows (series, t, value, quality, rev, …) in series order.

    None is a missing value.
    """
    if not rows:
        return {}
    columns = list(zip(*rows, strict=True))
    sid = np.array(columns[0], np.int64)
    value = np.array(columns[2], float)
    hashes = row_hashes(sid, np.array(columns[1], np.int64), value, np.array(columns[3]), np.array(columns[4]))
    first = np.flatnonzero(np.append(True, np.diff(sid) != 0))
    xors = np.bitwise_xor.reduceat(hashes, first)
    counts = np.diff(np.append(first, len(sid)))
    pairs = zip(sid[first].tolist(), counts.tolist(), xors.tolist(), strict=True)
    return {s: Digest(n, x) for s, n, x in pairs}


def day_of(t: int) -> int:
    """Return the number of t's Beijing calendar day since 1970-01-01."""
    return (t + BEIJING_S) // DAY_S


def day_window(day: int) -> tuple[int, int]:
    """Return the first and last second, UTC s, of a Beijing day."""
    return day * DAY_S - BEIJING_S, (day + 1) * DAY_S - BEIJING_S - 1


def day_text(day: int) -> str:
    """Return YYYY-MM-DD of a Beijing day."""
    return str(np.datetime64(day, "D"))


def day_number(text: str) -> int:
    """Return the number of a day written YYYY-MM-DD.

    Raises:
        ValueError: there is no such day.
    """
    return int(np.datetime64(text, "D").astype(np.int64))
