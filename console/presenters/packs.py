"""Offline packs in words: sizes that are unknown stay unknown, what the centre has not is said."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from console.domain.library import LISTS
from console.domain.scopes import ALL
from console.domain.time import full_stamp
from console.presenters.wording import Translate
from console.services.pack_desk import PackView
from console.store.packs import PackItem

Cell = tuple[str, str]
NAMES: Mapping[str, str] = LISTS | {"readings": "读数", "basemap": "底图", "terrain": "三维地形"}
STATES: Mapping[str, str] = {
    "waiting": "等待",
    "fetching": "下载中",
    "paused": "已暂停",
    "done": "完成",
    "absent": "中心未提供",
    "failed": "失败",
    "ready": "可用",
    "expired": "过期",
    "none": "未下载",
}
TOKENS: Mapping[str, str] = {
    "ready": "good",
    "done": "good",
    "expired": "state.warning",
    "failed": "state.guaranteed",
    "paused": "state.warning",
    "absent": "text.dim",
}


def region_words(region: str, tr: Translate) -> str:
    """Return a scope in words: 全部, 北江流域, 韶关市; several in one line."""
    ends = {"basin": "流域", "city": ""}
    found = [part.partition(":") for part in region.split(",") if part != ALL]
    return "、".join(f"{name}{tr(ends.get(kind, ''))}" for kind, _, name in found) or tr("全部")


def size_words(size: int | None) -> str:
    if size is None:
        return "未知"
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def pack_rows(views: Sequence[PackView], tr: Translate, now: float | None = None) -> Sequence[Sequence[Cell]]:
    """Return one line per declared pack: name, region, days, size, time, state, valid until."""
    moment = time.time() if now is None else now
    rows = []
    for view in views:
        state, word = view.state, "none"
        if state is not None:
            word = state.word(moment)
        size, seconds = _estimated(view, tr)
        if state is not None and state.complete and view.estimate is None:
            seconds = "—"
        rows.append(
            (
                (tr(view.spec.name), "text"),
                (region_words(state.region if state and not view.estimate else view.spec.region, tr), "text.dim"),
                (str(state.days if state else view.spec.days), "text"),
                (size_words(state.size) if state and not view.estimate else size, "text"),
                (seconds, "text"),
                (tr(STATES[word]), TOKENS.get(word, "text")),
                (full_stamp(state.valid_until) if state else "—", "text.dim" if word != "expired" else "state.warning"),
            )
        )
    return rows


def _estimated(view: PackView, tr: Translate) -> Cell:
    found = view.estimate
    if found is None:
        return tr("未知"), tr("未知")
    more = "" if found.certain else "≥ "
    seconds = tr("未知") if found.seconds is None else f"{more}{max(1, round(found.seconds))} s"
    return f"{more}{size_words(found.size)}", seconds


def item_rows(view: PackView, tr: Translate) -> Sequence[Sequence[Cell]]:
    """Return a pack's content: as fetched where it was, else as estimated."""
    if view.state is not None:
        return [_item(item, tr) for item in view.state.items]
    if view.estimate is None:
        return [((tr(NAMES[kind]), "text"), (tr("未知"), "text.dim"), ("—", "text.dim")) for kind in view.spec.contents]
    rows = []
    for line in view.estimate.lines:
        size = "—" if line.absent else tr("未知") if line.size is None else size_words(line.size)
        word = tr("中心未提供") if line.absent else tr("本机生成") if line.local else tr("等待")
        rows.append(((tr(NAMES[line.kind]), "text"), (size, "text"), (word, "text.dim")))
    return rows


def _item(item: PackItem, tr: Translate) -> Sequence[Cell]:
    day = item.name.removeprefix("readings-") if item.kind == "readings" else ""
    size = "—" if item.state == "absent" else tr("未知") if item.size is None else size_words(item.size)
    if item.state in ("fetching", "paused") and item.size:
        size = f"{size_words(item.done)} / {size}"
    return (
        (f"{tr(NAMES[item.kind])} {day}".strip(), "text"),
        (size, "text"),
        (tr(STATES[item.state]), TOKENS.get(item.state, "text")),
    )
