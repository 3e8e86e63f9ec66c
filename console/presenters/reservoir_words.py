"""How a reservoir's figures are worded: the same in its card, in the table of all and in the chain."""

from __future__ import annotations

from console.domain.datum import stated_datum
from console.domain.elements import flow_text, signed, storage_text
from console.domain.reservoirs import MADE_UP, Figure
from console.domain.states import TOKENS, State
from console.presenters.reservoir_figures import Figures, Pool, unverified, usable
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.board import Row, Sample
from console.viewdata.reservoir import MARK_WORDS, Mark

DASH = "—"


def judged_word(row: Row, figures: Figures, tr: Translate) -> tuple[State, str, str]:
    """Return (state, word, colour token) of a pool by the ladder of its marks.

    A pool without a flood limit in force is not called normal: nothing was published to judge it by.
    """
    level = figures.level_m
    if level is None:
        return State.NO_DATA, tr("无数据"), TOKENS[State.NO_DATA]
    passed = {m.kind for m in figures.marks if level > m.level_m}
    ladder = (
        ("crest", State.RECORD, tr("超坝顶")),
        ("check", State.RECORD, tr("超校核洪水位")),
        ("design", State.GUARANTEED, tr("超设计洪水位")),
        ("flood_control_high", State.GUARANTEED, tr("超防洪高水位")),
        ("normal", State.FLOOD_LIMIT, tr("超正常蓄水位")),
        ("flood_limit", State.FLOOD_LIMIT, tr("超汛限")),
    )
    for kind, state, word in ladder:
        if kind in passed:
            return state, word, TOKENS[state]
    if figures.limit is None:
        return State.NO_DATA, no_limit_word(row, tr), "text.dim"
    if row.state is State.WATCH:
        return State.WATCH, tr("接近汛限"), TOKENS[State.WATCH]
    return State.NORMAL, tr("汛限以下"), TOKENS[State.NORMAL]


def no_limit_word(row: Row, tr: Translate) -> str:
    """Say why there is no limit: never published, or none for this date."""
    known = any(th.kind == "flood_limit" and th.element == "RZ" for th in row.station.thresholds)
    return tr("当日无汛限") if known else tr("未公布汛限")


def margin_words(row: Row, figures: Figures, tr: Translate) -> str:
    """Return the distance to the limit, metres, with the limit's certainty where nobody vouches for it."""
    if figures.limit is None:
        return no_limit_word(row, tr)
    if figures.level_m is None:
        return DASH
    doubt = tr("（未核实）") if unverified(figures.limit.source) else ""
    return signed(figures.level_m - figures.limit.value) + doubt


def mark_text(mark: Mark, tr: Translate, unit: str = "") -> str:
    """Return a mark's word and level, with what nobody vouches for named beside the figure."""
    return f"{tr(MARK_WORDS[mark.kind])} {mark.level_m:.2f}{unit}" + (tr("（未核实）") if mark.unverified else "")


def flow_of(sample: Sample | None) -> str:
    return flow_text(usable(sample))


def rebuilt(text: str, pool: Pool, tr: Translate) -> str:
    """Add the certainty word to a figure that rests on a curve nobody measured."""
    return with_sure(text, pool.made_up, tr)


def with_sure(text: str, sure: str, tr: Translate) -> str:
    return f"{text} {sure_word(sure, tr)}" if sure in MADE_UP and text != DASH else text


def sure_word(sure: str, tr: Translate) -> str:
    words = {
        "公布": tr("公布"),
        "常识": tr("常识"),
        "重建": tr("重建"),
        "推算": tr("推算"),
        "假定": tr("假定"),
        "模拟": tr("模拟"),
        "演练": tr("演练"),
    }
    return words.get(sure, printable(sure, 12))


def volume_text(value_mcm: float | None, tr: Translate) -> str:
    """Return a storage with its unit in the window's language."""
    text = storage_text(value_mcm)
    number, _, unit = text.partition(" ")
    return {"亿m³": tr("{} 亿m³"), "万m³": tr("{} 万m³")}[unit].format(number) if unit in ("亿m³", "万m³") else text


def figure_text(figure: Figure, text: str, tr: Translate) -> str:
    return with_sure(text, figure.sure, tr)


def storage_of(value_mcm: float | None, pool: Pool, tr: Translate) -> str:
    return rebuilt(volume_text(value_mcm, tr), pool, tr)


def hours_words(row: Row, figures: Figures, tr: Translate) -> str:
    """Return the hours to the limit, or why there is no such number."""
    if figures.level_m is None or figures.limit is None:
        return DASH
    if figures.level_m > figures.limit.value:
        return tr("已超汛限")
    if figures.net_m3s is not None and figures.net_m3s <= 0:
        return tr("净入流≤0")
    if figures.hours is None:
        return DASH
    return f"≈ {figures.hours:.1f} h" if figures.hours < 240 else "> 10 d"


def datum_word(datum: str, tr: Translate) -> str:
    """Return the datum to be written beside a level."""
    said = stated_datum(datum)
    return printable(said, 20) if said else tr("基面未注明")


def refusal_word(why: str, tr: Translate) -> str:
    return {
        "short": tr("少于两个点或多于 2000 个点"),
        "rising": tr("水位或数值没有逐点上升"),
        "number": tr("有不是数字、为负或过大的值"),
    }.get(why, tr("不是规定的格式"))


def no_storage_word(figures: Figures, pool: Pool, tr: Translate) -> str:
    """Say why no storage is shown."""
    if why := dict(pool.facts.refused).get("storage_curve"):
        return f"{tr('库容曲线未采用')}：{refusal_word(why, tr)}"
    if pool.storage is None:
        return tr("没有库容曲线")
    return tr("没有水位") if figures.level_m is None else tr("水位在库容曲线之外")
