"""Pictures of a model's materials: PNG and JPEG, sized before they are decoded."""

from __future__ import annotations

import struct

import av
import numpy as np
from numpy.typing import NDArray

PIXELS = 8192 * 8192
SIDE = 2048  # a larger picture is thinned
CODECS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "mjpeg"))
FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # JPEG's SOF markers
Pixels = NDArray[np.uint8]


def decoded(data: bytes) -> Pixels | None:
    """Return a picture (rows, columns, 3), the first row at its top; None for one that cannot be used."""
    codec = next((name for magic, name in CODECS if data.startswith(magic)), None)
    size = _size(data, codec) if codec else None
    if codec is None or size is None or not 0 < size[0] * size[1] <= PIXELS:
        return None
    try:
        context = av.CodecContext.create(codec, "r")
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]  # type: ignore[attr-defined]
    except (av.FFmpegError, ValueError):
        return None
    if not frames:
        return None
    pixels = np.asarray(frames[0].to_ndarray(format="rgb24"), np.uint8)
    step = -(-max(pixels.shape[:2]) // SIDE)
    return np.ascontiguousarray(pixels[::step, ::step])


def sampled(pixels: Pixels, uv: NDArray[np.float64]) -> Pixels:
    """Return the colours (n, 3) of a repeated picture at glTF coordinates (n, 2), v downwards."""
    rows, columns, _ = pixels.shape
    part = np.nan_to_num(uv, nan=0.0, posinf=0.0, neginf=0.0) % 1.0
    i = np.minimum((part[:, 0] * columns).astype(int), columns - 1)
    j = np.minimum((part[:, 1] * rows).astype(int), rows - 1)
    return np.asarray(pixels[j, i], np.uint8)


def _size(data: bytes, codec: str) -> tuple[int, int] | None:
    """Return (width, height) as the header says."""
    if codec == "png":
        return struct.unpack_from(">II", data, 16) if len(data) >= 24 and data[12:16] == b"IHDR" else None
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return None
