"""Readings as Parquet in series order: whole steps of the last decimal place, differences, zstd.

A value is kept as a whole number of 1, 0.1, 0.01 or 0.001 only where that number divided back
gives the very same float; any other value stands as it is in a column of its own. Missing is null
in both. Series and time are differences too, so that regular readings cost almost nothing; each
row group starts its differences anew and can be read alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from console.store.bundle.refusal import BundleRefused

GROUP_ROWS = 200_000
GROUP_BYTES_MAX = 64 * 1024 * 1024  # decoded, before a row group is touched
ROWS_MAX = 50_000_000
PLACES_MAX = 3
STEPS_MAX = 2**30  # a difference of two fits 32 bits in zigzag form
TIME_MAX = 4_102_444_800
SCHEMA = pa.schema(
    [
        pa.field("series_diff", pa.int64(), nullable=False),
        pa.field("t_diff", pa.int64(), nullable=False),
        pa.field("places", pa.int8(), nullable=False),
        pa.field("step_diff", pa.uint32()),
        pa.field("exact", pa.float64()),
        pa.field("quality", pa.int64(), nullable=False),
        pa.field("rev", pa.int64(), nullable=False),
    ]
)
Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class ReadingsWriter:
    """Takes pages in series order and writes row groups; memory holds one group."""

    def __init__(self, path: Path) -> None:
        self._out = pq.ParquetWriter(
            path,
            SCHEMA,
            compression="zstd",
            compression_level=6,
            use_dictionary=["series_diff", "t_diff", "places", "quality", "rev"],
            column_encoding={"step_diff": "BYTE_STREAM_SPLIT", "exact": "BYTE_STREAM_SPLIT"},
            write_statistics=False,
        )
        self._pages: list[Columns] = []
        self._held = 0
        self.rows = 0

    def add(self, page: Columns) -> None:
        """Take one page: sid, t (UTC s), value (NaN missing), quality, rev; equal lengths."""
        if len(page[0]):
            self._pages.append(page)
            self._held += len(page[0])
            self.rows += len(page[0])
        if self._held >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._out.close()

    def _flush(self) -> None:
        if not self._held:
            return
        joined = [np.concatenate(c) for c in zip(*self._pages, strict=True)]
        for start in range(0, self._held, GROUP_ROWS):
            self._out.write_table(encode(*(c[start : start + GROUP_ROWS] for c in joined)))
        self._pages, self._held = [], 0


def encode(sid: Ints, t: Ints, value: NDArray[np.float64], quality: Ints, rev: Ints) -> Any:
    """Return one row group as a table."""
    missing = np.isnan(value)
    places = _places(sid, value)
    steps, whole = _steps(value, places)
    diffs = np.diff(steps[whole], prepend=0)
    zigzag = np.zeros(len(value), np.uint32)
    zigzag[whole] = ((diffs << 1) ^ (diffs >> 63)).astype(np.uint32)
    columns = [
        pa.array(np.diff(sid, prepend=0), pa.int64()),
        pa.array(np.diff(t, prepend=0), pa.int64()),
        pa.array(places.astype(np.int8), pa.int8()),
        pa.array(zigzag, pa.uint32(), mask=~whole),
        pa.array(value, pa.float64(), mask=whole | missing, from_pandas=False),
        pa.array(quality, pa.int64()),
        pa.array(rev, pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _places(sid: Ints, value: NDArray[np.float64]) -> Ints:
    """Return per row how many decimals its series needs in this group, 0 to PLACES_MAX."""
    need = np.full(len(value), -1, np.int64)
    for places in range(PLACES_MAX, -1, -1):
        need[_steps(value, np.full(len(value), places))[1]] = places
    edges = np.flatnonzero(np.append(True, np.diff(sid) != 0))
    most = np.maximum.reduceat(need, edges)
    return np.asarray(np.maximum(np.repeat(most, np.diff(np.append(edges, len(value)))), 0))


def _steps(value: NDArray[np.float64], places: Ints) -> tuple[Ints, Flags]:
    """Return whole steps and where they give back the very same float (−0.0 is not 0.0)."""
    scale = 10.0**places
    near = np.where(np.abs(value) < STEPS_MAX / scale, value, np.nan)
    steps = np.rint(near * scale)
    whole = (steps / scale == value) & (np.abs(steps) < STEPS_MAX) & ~((value == 0) & np.signbit(value))
    return np.where(whole, steps, 0).astype(np.int64), whole


def decode(table: Any) -> Columns:
    """Return the columns of one row group; NaN for missing."""
    column = {name: table.column(name) for name in SCHEMA.names}
    sid = np.cumsum(column["series_diff"].to_numpy())
    t = np.cumsum(column["t_diff"].to_numpy())
    whole = ~column["step_diff"].is_null().to_numpy(zero_copy_only=False)
    zigzag = column["step_diff"].fill_null(0).to_numpy().astype(np.int64)[whole]
    steps = np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
    value = column["exact"].to_numpy().astype(np.float64)  # null becomes NaN
    value[whole] = steps / 10.0 ** column["places"].to_numpy().astype(np.int64)[whole]
    return sid, t, value, column["quality"].to_numpy(), column["rev"].to_numpy()


def read_readings(path: Path, page: int = 50_000) -> Iterator[Columns]:
    """Yield pages of at most ``page`` rows; sizes are judged before a row group is decoded.

    Raises:
        BundleRefused: bad-content or too-large.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check(file)
            for group in range(file.num_row_groups):
                columns = decode(file.read_row_group(group))
                if (columns[1] < 0).any() or (columns[1] > TIME_MAX).any() or (columns[4] < 0).any():
                    raise BundleRefused("bad-content", "a time or revision out of range")
                for start in range(0, len(columns[0]), page):
                    sid, t, value, quality, rev = (c[start : start + page] for c in columns)
                    yield sid, t, value, quality, rev
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise BundleRefused("bad-content", f"readings: {exc!r}"[:200]) from exc


def _check(file: Any) -> None:
    if not file.schema_arrow.equals(SCHEMA):
        raise BundleRefused("bad-content", "readings: other columns")
    meta = file.metadata
    if meta.num_rows > ROWS_MAX:
        raise BundleRefused("too-large", f"{meta.num_rows} rows")
    for group in range(meta.num_row_groups):
        part = meta.row_group(group)
        if part.num_rows > GROUP_ROWS or part.total_byte_size > GROUP_BYTES_MAX:
            raise BundleRefused("too-large", f"row group of {part.num_rows} rows")
