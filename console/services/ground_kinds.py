"""What a dropped file or an address is, told by what is in it and not by its name."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.tiles.capabilities import read_capabilities
from backend_client.errors import BackendError
from console.errors import ConsoleError, StoreError
from console.services.ground_words import SHIFTED, GroundTrouble, trouble_of
from console.services.map_readers import (
    BODY_LIMIT,
    TIMEOUT,
    USER_AGENT,
    WHOLE_S,
    MbTilesPictures,
    WebPictures,
    capabilities_path,
    split_address,
)
from console.services.vector_files import VectorProcesses
from console.store.raster_file import RasterFile
from console.store.sqlite import DatabaseError, open_reader
from console.store.vector_crs import VectorRefused
from console.viewdata.map_sources import MapSource
from console.viewdata.overlay import Overlay

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SIBLINGS = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix")
SHIFTED_HOSTS = ("autonavi.com", "amap.com", "map.qq.com", "gtimg.com", "bdimg.com", "map.baidu.com", "google.cn", "google.com")
NATIONAL = {
    "vec": "天地图 · 矢量", "cva": "天地图 · 矢量注记", "img": "天地图 · 影像", "cia": "天地图 · 影像注记",
    "ter": "天地图 · 地形", "cta": "天地图 · 地形注记", "ibo": "天地图 · 境界",
}  # fmt: skip
PLAIN_NOTE = "不加密的连接，内容可能被窃听或改动"
NAME_MAX = 60


class NotAGround(ConsoleError):
    """A file or an address that the map has no use for."""


def describe_file(
    path: Path, layer: str = "", crs: str = "", processes: VectorProcesses | None = None
) -> tuple[MapSource, Overlay | None]:
    """Return a description of a file, and its overlay where it is vector data; blocks, for a worker.

    Raises:
        ConsoleError: what is wrong with it and what to do.
    """
    if path.suffix.lower() in SIBLINGS:
        path = next((p for e in (".shp", ".SHP") if (p := path.with_suffix(e)).is_file()), path)
    if path.is_dir():
        raise NotAGround(f"{path.name} 是文件夹。", "请拖入其中的文件，如 .shp、.gpkg、.tif、.mbtiles。")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as exc:
        raise NotAGround(f"文件 {path.name} 打不开。", "请确认它还在原来的位置、可以读取。", str(exc)) from exc
    name, address = one_line(path.name, NAME_MAX), str(path.absolute())
    new = _new_id()
    if head.startswith(TIFF):
        raster = RasterFile(path, crs)
        about = raster.about
        raster.close()
        words = f"{about.crs}；{about.note}；远看时山影夸大" if about.kind == "dem" else about.crs
        return MapSource(new, about.kind, name, address, crs=crs, note=one_line(words)), None
    if head.startswith(b"SQLite format 3\0") and _is_mbtiles(path):
        reader = MbTilesPictures(path)
        tiles = reader.about()
        reader.close()
        if "no-tiles" in tiles.notes:
            raise NotAGround(f"瓦片文件 {path.name} 是空的。", "请重新导出后再添加。")
        note = tiles.attribution or ""
        return MapSource(new, "mbtiles", tiles.title[:NAME_MAX] or name, address, note=note), None
    found = (processes or VectorProcesses()).read(path, layer, crs)
    overlay = found.overlay
    chosen = layer or (found.layers[0].name if len(found.layers) > 1 else "")
    notes = "；".join((overlay.crs, *overlay.notes))
    label = _label_field(overlay)
    shown = one_line(overlay.name, NAME_MAX)
    return MapSource(new, "vector", shown, address, layer=chosen, crs=crs, label_field=label, note=one_line(notes)), overlay


def describe_address(text: str, layer: str = "", matrix_set: str = "", name: str = "") -> MapSource:
    """Return a description of a map service after asking it once; blocks, for a worker.

    A service that does not answer now is taken all the same: it may be back later.

    Raises:
        ConsoleError: not an address of tiles, or the service refused.
    """
    source = _source_of(text.strip(), layer, matrix_set, name)
    reader = WebPictures(source, None)
    try:
        reader.grid()
    except GroundTrouble as exc:
        if not exc.passing:
            raise
    finally:
        reader.close()
    return source


def service_layers(address: str) -> tuple[tuple[str, str], ...]:
    """Return identifier and title of the layers that a WMTS offers; blocks, for a worker.

    Raises:
        GroundTrouble: it does not say.
    """
    base, rest = split_address(address)
    path, key = capabilities_path(rest)
    try:
        http = ForeignHttp(base, headers={"User-Agent": USER_AGENT}, limit=BODY_LIMIT, whole_s=WHOLE_S, timeout=TIMEOUT)
        try:
            said = read_capabilities(http.get(path, None if not key else _merged(path, key)).data)
        finally:
            http.close()
    except BackendError as exc:
        raise trouble_of(exc) from exc
    return tuple((x.identifier, one_line(x.title, NAME_MAX)) for x in said.layers[:500])


def masked(source: MapSource) -> str:
    """Return an address that may be shown: the values of its words are left out, a key may be among them."""
    if source.kind not in ("xyz", "wmts"):
        return source.address
    address, _, query = source.address.partition("?")
    words = [f"{k}={v if v.startswith('{') else '…'}" for k, v in parse_qsl(query, keep_blank_values=True)]
    return re.sub(r"//[^/@]*@", "//…@", address) + ("?" + "&".join(words) if words else "")


def _merged(path: str, key: dict[str, str]) -> dict[str, str]:
    """Return all words of a request: httpx replaces the address's own when it is given any."""
    return dict(parse_qsl(path.partition("?")[2])) | key


def _source_of(text: str, layer: str, matrix_set: str, name: str) -> MapSource:
    parts = urlsplit(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise NotAGround("这不是网络地址。", "请填以 https:// 开头的瓦片地址，如 https://主机/{z}/{x}/{y}.png。")
    template = "{z}" in text and "{x}" in text and ("{y}" in text) != ("{-y}" in text)
    if not template and not re.search(r"wmts", text, re.IGNORECASE):
        raise NotAGround("地址里没有瓦片的位置，也不是 WMTS。", "请填含 {z}、{x}、{y}（或 {-y}）的地址，或 WMTS 服务地址。")
    notes = []
    if any(parts.hostname == h or parts.hostname.endswith("." + h) for h in SHIFTED_HOSTS):
        notes.append(SHIFTED)
    if parts.scheme.lower() == "http":
        notes.append(PLAIN_NOTE)
    shown = one_line(name, NAME_MAX) or _service_name(text, parts.hostname)
    kind = "xyz" if template else "wmts"
    return MapSource(_new_id(), kind, shown, text, layer=layer, matrix_set=matrix_set, note="；".join(notes))


def _service_name(text: str, host: str) -> str:
    found = re.search(r"(?:[?&]t=|/|layer=)(vec|cva|img|cia|ter|cta|ibo)(?:_[cw])?\b", text, re.IGNORECASE)
    if found and "tianditu" in host:
        return NATIONAL[found[1].lower()]
    return one_line(host, NAME_MAX)


def _label_field(overlay: Overlay) -> str:
    """Return the field whose texts look like names, "" for none."""
    words = ("名称", "站名", "地名", "NAME", "name", "Name", "MC", "STNM")
    return next((w for w in words if w in overlay.fields), next((f for f in overlay.fields if f.endswith("名称")), ""))


def _is_mbtiles(path: Path) -> bool:
    """Tell an offline map from a GeoPackage: both are SQLite files.

    Raises:
        ConsoleError: it is neither.
    """
    try:
        db = open_reader(path)
        try:
            sql = "select lower(name) from sqlite_master where type in ('table', 'view') limit 5000"
            names = {str(r[0]) for r in db.execute(sql)}
        finally:
            db.close()
    except (StoreError, DatabaseError) as exc:
        raise VectorRefused(f"文件 {path.name} 读不出来。", "文件可能不完整，请重新取得后再添加。", str(exc)) from exc
    if "gpkg_contents" in names:
        return False
    if {"tiles", "metadata"} <= names:
        return True
    raise NotAGround(f"数据库 {path.name} 不是地图文件。", "可用：GeoPackage（.gpkg）、MBTiles（.mbtiles）。")


def _new_id() -> str:
    return uuid.uuid4().hex[:12]
