"""How long a classic NetCDF file must be: its library reads zeros, dry land, where half a file has ended.

Source: NetCDF Users Guide, appendix B, "File Format Specifications": CDF-1, CDF-2 and CDF-5.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
STREAMING = (2**32 - 1, 2**64 - 1)  # "number of records not known when written"
LIST_MAX, NAME_MAX, VALUES_MAX = 100_000, 10_000, 64 * 2**20


def least_bytes(path: Path) -> int:
    """Return the bytes up to the end of the last value that the header promises.

    Raises:
        ValueError: not a classic NetCDF file, or the header itself is broken or cut off.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        magic = file.read(4)
        if magic[:3] != b"CDF" or magic[3:] not in (b"\x01", b"\x02", b"\x05"):
            raise ValueError("not a classic NetCDF file")
        header = _Header(file, magic[3])
        records = header.count()
        sizes = [header.dimension() for _ in range(header.listed(10))]
        header.attributes()
        variables = [header.variable(sizes) for _ in range(header.listed(11))]
        end = file.tell()
    moving = [(begin, size) for begin, size, moves in variables if moves]
    end = max([end, *(begin + size for begin, size, moves in variables if not moves)])
    if moving and records > 0 and records not in STREAMING:
        stride = moving[0][1] if len(moving) == 1 else sum(_padded(size) for _, size in moving)
        end = max([end, *(begin + (records - 1) * stride + size for begin, size in moving)])
    return end


class _Header:
    """Reads the header's parts in their order. version: 1, 2 or 5."""

    def __init__(self, file: BinaryIO, version: int) -> None:
        self._file = file
        self._count_bytes = 8 if version == 5 else 4
        self._offset_bytes = 4 if version == 1 else 8

    def count(self) -> int:
        return self._number(self._count_bytes)

    def listed(self, tag: int) -> int:
        """Return how many parts a list has, 0 for an absent one."""
        found, many = self._number(4), self.count()
        if ((found, many) != (0, 0) and found != tag) or many > LIST_MAX:
            raise ValueError(f"list {found} of {many}")
        return many

    def dimension(self) -> int:
        """Return a dimension's length, 0 for that of the records."""
        self._name()
        return self.count()

    def attributes(self) -> None:
        for _ in range(self.listed(12)):
            self._name()
            size = self._type_bytes() * self.count()
            if size > VALUES_MAX:
                raise ValueError(f"attribute of {size} bytes")
            self._bytes(_padded(size))

    def variable(self, sizes: list[int]) -> tuple[int, int, bool]:
        """Return where a variable begins, its bytes (of one record), and whether it has records."""
        self._name()
        many = self.count()
        if many > LIST_MAX:
            raise ValueError(f"{many} axes")
        axes = [self.count() for _ in range(many)]
        if any(a >= len(sizes) for a in axes):
            raise ValueError("axis without a dimension")
        self.attributes()
        each = self._type_bytes()
        self.count()  # its own size, which may be too small a number for it
        begin = self._number(self._offset_bytes)
        moves = bool(axes) and sizes[axes[0]] == 0
        return begin, each * math.prod(sizes[a] for a in (axes[1:] if moves else axes)), moves

    def _name(self) -> None:
        size = self.count()
        if size > NAME_MAX:
            raise ValueError(f"name of {size} bytes")
        self._bytes(_padded(size))

    def _type_bytes(self) -> int:
        kind = self._number(4)
        if kind not in TYPE_BYTES:
            raise ValueError(f"type {kind}")
        return TYPE_BYTES[kind]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "big")

    def _bytes(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise ValueError("header cut off")
        return found


def _padded(size: int) -> int:
    return (size + 3) // 4 * 4
