"""What inundation results this computer has: a folder for each, with what the user adds to it, and its layers.

A folder is made by import_depths under a name of its own and moved to a free one when whole, so that several
consoles may import at once; folders whose name begins with a dot are somebody's work and are never listed.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from console.domain.time import from_beijing
from console.engine.exposure_layers import About, Areas, Layer, Lines, Points
from console.engine.inundation_grid import Going, always
from console.errors import ConsoleError
from console.store.depth_cache import CachedDepths, DepthAbout, DepthRefused, open_depths
from console.store.depth_file import UNITS_M, import_depths
from console.store.depth_frames import Told, clean
from console.viewdata.inundation import BreachPlace, ExposureLine
from console.viewdata.overlay import LINE, POINT, Overlay, Shapes
from scenes.ground.frame import ORIGIN_M, to_local
from scenes.ground.import_folder import NAME_MAX, ImportFolder

log = logging.getLogger(__name__)
T = TypeVar("T")
LIBRARY = "flood"  # the folder of inundation results
SITE = "site.json"
SITE_SCHEMA = 1
REMOVED = "removed-flood"  # a file in a folder that could not be deleted while another window read it
ZONES_H = {"": None, "北京": 8.0, "UTC": 0.0}
TELL_START = "请写成北京时间，如 2022-06-20 08:00。"


class LayerUnusable(ConsoleError):
    """A file of what can be flooded cannot be counted; the reason and the next step are said."""


@dataclass(frozen=True, slots=True)
class ExposureSource:
    """A layer of what can be flooded. field: with the figures, "" counts places, metres of lines or m² of areas."""

    name: str
    file: str
    field: str = ""
    unit: str = ""
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What the user adds to a result. label: shown for it, "" for the file's own.

    prepared: it is of no moment of its own, but begins at the one that it is opened at.
    """

    label: str = ""
    breaches: tuple[BreachPlace, ...] = ()
    exposures: tuple[ExposureSource, ...] = ()
    prepared: bool = False


@dataclass(frozen=True, slots=True)
class FloodEntry:
    """One result. about, span (first and last step, UTC s): None where it cannot be used.

    problem: Chinese words of what cannot be used, "" for none; a bad site.json leaves the depths usable.
    """

    name: str
    about: DepthAbout | None
    site: Site
    span: tuple[float, float] | None = None
    steps: int = 0
    problem: str = ""

    @property
    def label(self) -> str:
        return shown_label(self.about, self.site) if self.about is not None else self.name


def shown_label(about: DepthAbout, site: Site) -> str:
    """Return the name of a result with whether it is simulated, which no label of the user takes away."""
    return f"{about.label.partition('：')[0]}：{site.label}" if site.label else about.label


def told_of(
    crs: str = "", variable: str = "", unit: str = "", start: str = "", step_h: str = "", zone: str = "",
    simulated: bool | None = None, empty_is_dry: bool = False,
) -> Told:  # fmt: skip
    """Return what a user says of a file, from texts as typed. start: Beijing time. zone: 北京, UTC or hours east.

    Raises:
        DepthRefused: one of them cannot be read.
    """
    if unit.strip() and unit.strip().lower() not in UNITS_M:
        raise DepthRefused(f"单位“{clean(unit, 30)}”不是认得的水深单位。", "请选定单位：米、厘米、毫米或英尺。")
    try:
        start_s = float(from_beijing(start.strip())) if start.strip() else None
    except ValueError as exc:
        raise DepthRefused(f"起始时间“{clean(start, 30)}”读不懂。", TELL_START, str(exc)) from exc
    hours = _number(step_h, "时间步长", "请填小时数，如 1 或 0.5。")
    if hours is not None and not 0 < hours <= 8784:
        raise DepthRefused("时间步长应大于零，不超过一年。", "请填小时数，如 1 或 0.5。")
    known = zone.strip()
    zone_h = ZONES_H[known] if known in ZONES_H else _number(known, "时区", "请填 北京、UTC 或东几区的小时数。")
    if zone_h is not None and abs(zone_h) > 14:
        raise DepthRefused(f"时区“{clean(zone, 30)}”不对。", "请填 北京、UTC 或东几区的小时数。")
    return Told(
        crs.strip(), variable.strip(), unit.strip(), start_s, None if hours is None else hours * 3600, zone_h, simulated,
        empty_is_dry,
    )  # fmt: skip


def _number(text: str, what: str, step: str) -> float | None:
    try:
        found = float(text) if text.strip() else None
    except ValueError as exc:
        raise DepthRefused(f"{what}“{clean(text, 30)}”不是数字。", step) from exc
    if found is not None and not math.isfinite(found):
        raise DepthRefused(f"{what}“{clean(text, 30)}”不是数字。", step)
    return found


class FloodLibrary:
    """The imported inundation results in a folder."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / LIBRARY
        self._imports = ImportFolder(self.folder, LIBRARY, REMOVED)

    def names(self) -> tuple[str, ...]:
        return tuple(folder.name for folder in self._imports.folders())

    def entries(self) -> tuple[FloodEntry, ...]:
        """Return all results by name, those that cannot be used with their problem."""
        found = []
        for folder in self._imports.folders():
            site, problem = read_site(folder)
            try:
                depths = open_depths(folder)
            except ConsoleError as exc:
                if folder.is_dir():  # else another window has just removed it
                    found.append(FloodEntry(folder.name, None, site, problem=f"{exc.what}{exc.next_step}"))
                continue
            span = (float(depths.t_s[0]), float(depths.t_s[-1]))
            found.append(FloodEntry(folder.name, depths.about, site, span, len(depths.t_s), problem))
        return tuple(found)

    def open(self, name: str) -> tuple[CachedDepths, Site]:
        """Open a result.

        Raises:
            DepthRefused: there is none of this name, or it cannot be used.
        """
        folder = self._imports.named(name)
        if folder is None:
            raise DepthRefused(f"没有名为 {clean(name, NAME_MAX)} 的淹没成果。", "它可能已被移除；请重新选择或导入。")
        return open_depths(folder), read_site(folder)[0]

    def add(self, path: Path, told: Told | None = None, site: Site | None = None, going: Going = always) -> str:
        """Import a file, blocking for seconds to minutes; returns its name here.

        Raises:
            DepthRefused, VectorRefused: as import_depths, or the folder cannot be written.
            Stopped: going said no.
        """
        self.sweep()
        draft = self._imports.draft()
        import_depths(path, draft, told, going)
        try:
            _write_site(draft, site or Site())
            return self._imports.settle(draft, path)
        except FileExistsError as exc:
            shutil.rmtree(draft, ignore_errors=True)
            raise DepthRefused(f"名为 {exc} 的淹没成果太多了。", "请先移除一些再导入。") from exc
        except OSError as exc:
            shutil.rmtree(draft, ignore_errors=True)
            raise DepthRefused("淹没数据写不进缓存。", "请检查数据文件夹是否可写、磁盘是否已满。", repr(exc)) from exc

    def remove(self, name: str) -> None:
        """Delete a result; one that is gone already is no fault. The user's own file is not touched.

        Raises:
            DepthRefused: the folder cannot be changed.
        """
        folder = self._imports.named(name)
        if folder is None:
            return
        try:
            self._imports.remove(folder)
        except OSError as exc:
            raise DepthRefused(f"{name} 移除不了。", "请检查数据文件夹的权限后再试。", repr(exc)) from exc

    def sweep(self, now_s: float | None = None) -> None:
        """Delete what was removed while in use, and the halves of imports that were cut off more than a day ago."""
        self._imports.sweep(now_s)


# --- what the user adds ----------------------------------------------------------------------------
def read_site(folder: Path) -> tuple[Site, str]:
    """Return what the user added to a result and, in words, what of it cannot be used."""
    try:
        doc = json.loads((folder / SITE).read_text("utf-8"))
        if doc["schema"] != SITE_SCHEMA:
            return Site(), "附加信息是别的版本写的，未采用。请重新填写。"
        label, breaches, layers = str(doc["label"]), list(doc["breaches"]), list(doc["exposures"])
    except FileNotFoundError:
        return Site(), ""
    except (OSError, ValueError, KeyError, TypeError) as exc:
        log.warning("%s: %r", folder / SITE, exc)
        return Site(), "附加信息（溃口、统计图层）读不出来，未采用。请重新填写。"
    good, bad = _each(breaches, _breach)
    kept, worse = _each(layers, _source)
    lost = bad + worse
    site = Site(clean(label, NAME_MAX), good, kept, doc.get("prepared") is True)
    return site, f"附加信息中有 {lost} 条读不懂，未采用。请重新填写。" if lost else ""


def _each(items: list[Any], convert: Callable[[Mapping[str, Any]], T]) -> tuple[tuple[T, ...], int]:
    found = []
    for item in items:
        try:
            found.append(convert(item))
        except (ValueError, KeyError, TypeError) as exc:
            log.warning("left out %r: %r", item, exc)
    return tuple(found), len(items) - len(found)


def _breach(item: Mapping[str, Any]) -> BreachPlace:
    found = breach_of(item["lon"], item["lat"], str(item["name"]), item["since"], item["width_m"])
    return replace(found, opened=item.get("opened") is True)


def breach_of(lon: float, lat: float, name: str, since: float | None, width_m: float | None) -> BreachPlace:
    """Return where water comes from.

    Raises:
        ValueError: not a place on the earth, no name, or no width.
    """
    numbers = [float(v) for v in (lon, lat, since, width_m) if v is not None]
    if not all(map(math.isfinite, numbers)) or abs(float(lon)) > 180 or abs(float(lat)) > 90:
        raise ValueError(f"{lon}, {lat}")
    if not clean(name, NAME_MAX) or (width_m is not None and not float(width_m) > 0):
        raise ValueError(f"{name!r}, {width_m}")
    return BreachPlace(
        float(lon), float(lat), clean(name, NAME_MAX), None if since is None else float(since),
        None if width_m is None else float(width_m),
    )  # fmt: skip


def _source(item: Mapping[str, Any]) -> ExposureSource:
    texts = {k: str(item[k]) for k in ("name", "file", "field", "unit", "source", "date")}
    if not texts["name"] or not texts["file"]:
        raise ValueError("name, file")
    return ExposureSource(**texts)


def _write_site(folder: Path, site: Site) -> None:
    draft = folder / f".{SITE}.{uuid.uuid4().hex[:8]}"
    try:
        draft.write_text(json.dumps({"schema": SITE_SCHEMA} | asdict(site), ensure_ascii=False, indent=1), "utf-8")
        draft.replace(folder / SITE)
    finally:
        draft.unlink(missing_ok=True)


# --- what can be flooded ---------------------------------------------------------------------------
def read_layers(
    sources: Iterable[ExposureSource], read: Callable[[Path], Overlay]
) -> tuple[tuple[Layer, ...], tuple[ExposureLine, ...]]:
    """Return the layers that can be counted, and a line with the reason for each of the others; blocks."""
    layers, refused = [], []
    for source in sources:
        try:
            layers.append(read_layer(source, read))
        except ConsoleError as exc:
            refused.append(ExposureLine(f"受淹{source.name}（{exc.what}{exc.next_step}）", None, source.unit, source.source))
    return tuple(layers), tuple(refused)


def read_layer(source: ExposureSource, read: Callable[[Path], Overlay]) -> Layer:
    """Return a user's layer in EPSG:4547 metres. read: opens a vector file; blocks.

    Raises:
        LayerUnusable, VectorRefused: what is wrong and what to do.
    """
    overlay = read(Path(source.file))
    shapes = overlay.levels[-1]
    kinds, name = set(shapes.kind.tolist()), clean(source.name, NAME_MAX)
    if len(kinds) != 1:
        raise LayerUnusable(f"图层“{name}”同时有点、线或面，不能合计。", "请在 GIS 软件中分成几个图层。")
    if source.field and LINE in kinds:
        raise LayerUnusable(f"图层“{name}”是线，按长度统计，不用字段。", "请去掉字段。")
    amount = _amounts(overlay, source.field, name) if source.field else None
    lat = np.degrees(2 * np.arctan(np.exp(np.radians(shapes.xy[:, 1]))) - math.pi / 2)  # of Mercator degrees
    east, north = to_local(shapes.xy[:, 0], lat)
    xy = np.column_stack([east, north]) * 1000 + ORIGIN_M
    lost = overlay.total - overlay.count
    if LINE in kinds:
        return Lines(_about(source, "m", lost), xy, shapes.start)
    if POINT in kinds:
        parts = np.bincount(shapes.owner, minlength=overlay.count)[shapes.owner]
        each = (np.ones(overlay.count) if amount is None else amount)[shapes.owner] / parts
        return Points(_about(source, source.unit if amount is not None else source.unit or "处", lost), xy, each)
    areas = _areas(shapes, xy, overlay.count)
    flat = np.array([a.area == 0 for a in areas])
    about = _about(source, "m²" if amount is None else source.unit, lost + int(flat.sum()))
    return Areas(about, areas[~flat], None if amount is None else amount[~flat])


def _about(source: ExposureSource, unit: str, lost: int) -> About:
    said = source.source or "来源未注明"
    return About(source.name, unit, f"{said}，{lost} 个要素没有位置或面积，未计入" if lost else said, source.date)


def _amounts(overlay: Overlay, field: str, name: str) -> NDArray[np.float64]:
    """Return figures (features,), NaN where a feature states none."""
    if field not in overlay.fields:
        fields = "、".join(clean(f, 20) for f in overlay.fields[:12]) or "没有"
        raise LayerUnusable(f"图层“{name}”没有字段“{clean(field, 30)}”。", f"可选字段：{fields}。")
    column = overlay.columns[overlay.fields.index(field)]
    texts = [column.text(row).strip() for row in range(overlay.count)]
    try:
        found = np.array([float(t) if t else math.nan for t in texts])
    except ValueError as exc:
        raise LayerUnusable(f"图层“{name}”的字段“{clean(field, 30)}”不是数字。", "请改选数字字段。", str(exc)) from exc
    if (found < 0).any():
        raise LayerUnusable(f"图层“{name}”的字段“{clean(field, 30)}”有负数。", "请在 GIS 软件中更正后再用。")
    found[~np.isfinite(found)] = math.nan
    return found


def _areas(shapes: Shapes, xy: NDArray[np.float64], count: int) -> NDArray[np.object_]:
    """Return each feature's area: an outer ring turns left, the holes after it turn right."""
    import shapely  # slow to import: not before the first window

    pieces: list[list[Any]] = [[] for _ in range(count)]
    for first, end, owner in zip(shapes.start[:-1].tolist(), shapes.start[1:].tolist(), shapes.owner.tolist(), strict=True):
        ring = shapely.linearrings(xy[first:end])
        if shapely.is_ccw(ring) or not pieces[owner]:
            pieces[owner].append([ring])
        else:
            pieces[owner][-1].append(ring)
    made = [shapely.multipolygons([shapely.polygons(r[0], holes=r[1:] or None) for r in p]) for p in pieces]
    return np.asarray(shapely.make_valid(np.array(made, object)))
