"""The container of a glTF 2.0 model: its JSON, its buffers, its arrays, each checked before it is touched.

Written here and not left to VTK's reader: that one ends the process on a count, an index or a cycle that does not fit.

Source: Khronos glTF 2.0 specification (ISO/IEC 12113:2022), sections 3.6 and 4.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError

FILE_LIMIT = 200 * 1024 * 1024
JSON_LIMIT = 32 * 1024 * 1024
ITEMS = 12_000_000  # elements of one array
MAGIC, JSON_CHUNK, BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
KINDS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
KNOWN = ("KHR_mesh_quantization", "KHR_texture_transform", "KHR_lights_punctual")
PACKED = ("KHR_draco_mesh_compression", "EXT_meshopt_compression")
AGAIN = "请用建模软件重新导出为 .glb（glTF 2.0，不压缩，贴图用 PNG 或 JPEG）。"


class ModelRefused(ConsoleError):
    """A model that is not used; the reason and the next step are said."""


class Broken(ValueError):
    """Something in the document that does not fit; said with the file's name by whoever asked."""


class GltfFile:
    """One model's document and its buffers, read when asked for.

    Args:
        doc: the parsed JSON.
        folder: the only folder that external files may lie in.
        own: the binary chunk of a .glb, b"" of a .gltf.
    """

    def __init__(self, doc: Mapping[str, Any], folder: Path, own: bytes = b"") -> None:
        self.doc = doc
        self._folder = folder
        self._own = own
        self._buffers: dict[int, bytes] = {}
        self._read = len(own)

    def item(self, kind: str, index: object) -> Mapping[str, Any]:
        """Return an object of a top-level list.

        Raises:
            Broken: no such one.
        """
        told, n = listed(self.doc.get(kind)), whole(index)
        if n >= len(told) or not isinstance(told[n], dict):
            raise Broken(f"{kind}[{index}]")
        return mapping(told[n])

    def array(self, index: object) -> NDArray[Any]:
        """Return an accessor's array (count, width), as float64 where it is normalised.

        Raises:
            Broken: it does not lie within its buffer.
        """
        acc = self.item("accessors", index)
        kind, width, count = KINDS.get(whole(acc.get("componentType"))), WIDTHS.get(str(acc.get("type"))), self.count(index)
        if kind is None or width is None:
            raise Broken(f"accessor {index}: {acc.get('componentType')} {acc.get('type')}")
        dtype = np.dtype(kind)
        if "bufferView" in acc:
            found = self._strided(acc["bufferView"], whole(acc.get("byteOffset", 0)), count, width, dtype)
        else:
            found = np.zeros((count, width), dtype)
        if "sparse" in acc:
            found = self._patched(found.copy(), acc["sparse"])
        if acc.get("normalized") is True and dtype.kind != "f":
            return np.maximum(found / float(np.iinfo(dtype).max), -1.0)
        return found

    def count(self, index: object) -> int:
        """Return how many elements an accessor says it has."""
        count = whole(self.item("accessors", index).get("count"))
        if not 0 < count <= ITEMS:
            raise Broken(f"accessor {index}: count {count}")
        return count

    def view(self, index: object) -> memoryview:
        """Return the bytes of a buffer view."""
        view = self.item("bufferViews", index)
        if "EXT_meshopt_compression" in mapping(view.get("extensions")):
            raise Broken("EXT_meshopt_compression")
        whole_buffer = memoryview(self._buffer(whole(view.get("buffer"))))
        start, length = whole(view.get("byteOffset", 0)), whole(view.get("byteLength"))
        if start + length > len(whole_buffer):
            raise Broken(f"bufferView {index}: {start}+{length} > {len(whole_buffer)}")
        return whole_buffer[start : start + length]

    def picture(self, index: object) -> bytes:
        """Return the bytes of an image, from its view or its file."""
        image = self.item("images", index)
        if "bufferView" in image:
            return bytes(self.view(image["bufferView"]))
        return self._external(str(image.get("uri", "")))

    def _strided(self, view: object, start: int, count: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        data = self.view(view)
        size = dtype.itemsize * width
        stride = whole(self.item("bufferViews", view).get("byteStride", 0)) or size
        if stride < size or stride > 252 + size or start + stride * (count - 1) + size > len(data):
            raise Broken(f"bufferView {view}: {count}×{stride} B of {len(data)}")
        flat = np.frombuffer(data, np.uint8)
        rows = np.lib.stride_tricks.as_strided(flat[start:], (count, size), (stride, 1), writeable=False)
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def _patched(self, found: NDArray[Any], sparse: object) -> NDArray[Any]:
        told = mapping(sparse)
        where, what, n = mapping(told.get("indices")), mapping(told.get("values")), whole(told.get("count"))
        kind = KINDS.get(whole(where.get("componentType")))
        if kind is None or kind in ("<f4", "<i1", "<i2") or not 0 < n <= len(found):
            raise Broken("sparse")
        at = self._strided(where.get("bufferView"), whole(where.get("byteOffset", 0)), n, 1, np.dtype(kind)).ravel()
        if int(at.max()) >= len(found):
            raise Broken("sparse index")
        found[at] = self._strided(what.get("bufferView"), whole(what.get("byteOffset", 0)), n, found.shape[1], found.dtype)
        return found

    def _buffer(self, n: int) -> bytes:
        if n not in self._buffers:
            told = self.item("buffers", n)
            uri = told.get("uri")
            data = self._own if uri is None and n == 0 else self._external(str(uri or ""))
            if len(data) < whole(told.get("byteLength")):
                raise Broken(f"buffer {n}: {len(data)} B")
            self._buffers[n] = data
        return self._buffers[n]

    def _external(self, uri: str) -> bytes:
        """Return what an address within the model holds: a data: text, or a file beside the model; never the network."""
        if uri.startswith("data:"):
            head, _, body = uri.partition(",")
            if not head.endswith(";base64"):
                raise Broken("data URI")
            try:
                return base64.b64decode(body, validate=True)
            except (binascii.Error, ValueError) as exc:
                raise Broken("data URI") from exc
        path = beside(self._folder, uri)
        try:
            size = path.stat().st_size
            if self._read + size > FILE_LIMIT:
                raise Broken(f"{path.name}: {size} B")
            self._read += size
            return path.read_bytes()
        except OSError as exc:
            raise ModelRefused(f"模型引用的文件 {path.name} 读不出来。", "请把它放在模型旁边，或改用 .glb。", str(exc)) from exc


def beside(folder: Path, uri: str) -> Path:
    """Return the file that a relative address names.

    Raises:
        ModelRefused: it lies outside the model's folder, is absolute, or is on the network.
    """
    name = unquote(uri)
    bad = not name or "\x00" in name or "\\" in name or name.startswith("/") or ":" in name.partition("/")[0]
    home = folder.resolve()
    path = home if bad else (home / name).resolve()
    if bad or not path.is_relative_to(home) or not path.is_file():
        outside = bad or not path.is_relative_to(home)
        what = "模型引用了它所在文件夹以外的地址，没有采用。" if outside else "模型引用的文件不在它旁边。"
        raise ModelRefused(what, "请把贴图和缓冲放在模型的文件夹里，或改用 .glb。", uri[:120])
    return path


def open_gltf(path: Path) -> GltfFile:
    """Return a model's document.

    Raises:
        ModelRefused: not a glTF 2.0 file, too large, cut short, or in a packing that is not read here.
    """
    try:
        size = path.stat().st_size
        if size > FILE_LIMIT:
            raise ModelRefused(f"模型 {path.name} 有 {size / 1048576:.0f} MB，超过 200 MB。", "请减面或分块后再导入。")
        data = path.read_bytes()
    except OSError as exc:
        raise ModelRefused(f"模型 {path.name} 读不出来。", "请确认文件还在并且有权读取。", str(exc)) from exc
    text, own = _chunks(path, data) if data[:4] == b"glTF" else (data, b"")
    doc = _document(path, text)
    asked = [str(e)[:60] for e in listed(doc.get("extensionsRequired"))]
    if any(e in PACKED for e in asked):
        raise ModelRefused(f"模型 {path.name} 是压缩过的（{'、'.join(asked)}）。", AGAIN)
    strange = [e for e in asked if e not in KNOWN and not e.startswith("KHR_materials_")]
    if strange:
        raise ModelRefused(f"模型 {path.name} 要用这里没有的扩展（{'、'.join(strange[:3])}）。", AGAIN)
    return GltfFile(doc, path.parent, own)


def _chunks(path: Path, data: bytes) -> tuple[bytes, bytes]:
    half = ModelRefused(f"模型 {path.name} 不完整。", "请重新复制或重新导出这个文件。", f"{len(data)} B")
    if len(data) < 20:
        raise half
    _, version, total = struct.unpack_from("<III", data)
    if version != 2:
        raise ModelRefused(f"模型 {path.name} 是 glTF {version}，这里只读 glTF 2.0。", AGAIN)
    if total > len(data):
        raise half
    found: dict[int, bytes] = {}
    at = 12
    while at + 8 <= total:
        length, kind = struct.unpack_from("<II", data, at)
        if at + 8 + length > total:
            raise half
        found.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length
    if JSON_CHUNK not in found:
        raise half
    return found[JSON_CHUNK], found.get(BIN_CHUNK, b"")


def _document(path: Path, text: bytes) -> Mapping[str, Any]:
    try:
        if len(text) > JSON_LIMIT:
            raise ValueError(f"{len(text)} B")
        doc = json.loads(text.decode("utf-8-sig"))
        version = str(mapping(mapping(doc).get("asset")).get("version", ""))
    except (ValueError, RecursionError) as exc:
        raise ModelRefused(f"{path.name} 不是 glTF 模型。", "请选 .glb 或 .gltf 文件。", str(exc)[:120]) from exc
    if not version.startswith("2"):
        raise ModelRefused(f"{path.name} 不是 glTF 2.0 模型。", AGAIN, version[:20])
    return mapping(doc)


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def whole(value: object) -> int:
    """Return a whole number that is not negative.

    Raises:
        Broken: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**40:
        raise Broken(f"{str(value)[:40]} is no count")
    return value
