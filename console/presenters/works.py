"""The works panel: the list, the chosen works' card, its sensors, what is abnormal and its possible causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from console.domain.anomalies import EVIDENCE, evidence_text
from console.domain.elements import ELEMENTS, signed
from console.domain.states import State
from console.domain.time import full_stamp, stamp
from console.domain.works import SUBSYSTEM_STATES, SUBSYSTEMS, TYPES, Subsystem, Works, chainage_text
from console.presenters.wording import Translate
from console.state.board import BoardState
from console.texts import printable
from console.viewdata.board import Board
from console.viewdata.works import (
    AnomalyLine,
    CauseLine,
    Scour,
    SensorHealth,
    SensorLine,
    SubsystemCell,
    WorksBoardView,
    WorksLine,
    WorksReport,
)

WORKS_STATES = {
    "alarm": State.GUARANTEED,
    "attention": State.WARNING,
    "doubtful": State.WATCH,  # an instrument is in doubt, not the structure
    "normal": State.NORMAL,
    "unknown": State.NO_DATA,
}
STATE_WORDS = {"unknown": "未知", "normal": "限内", "attention": "关注", "doubtful": "疑似仪器", "alarm": "超限"}
REASONS = {
    "none": "没有历史读数，建不了模型；补充率定读数后可判断",
    "size": "历史读数过多，没有采用；请分段提供",
    "length": "历史读数各列长短不一，没有采用",
    "time": "历史读数的时间不能用，没有采用",
    "driver": "没有声明对应的水位站，建不了模型",
    "few": "历史读数太少，建不了模型",
    "short": "历史读数不足一年，分不清季节和时效",
    "gap": "历史读数中断太久，建不了模型",
    "still": "历史水位没有变化，建不了模型",
    "collinear": "各项影响分不开，建不了模型",
    "no_reading": "所示时段没有读数",
    "no_forecast": "将来的时刻没有读数，测点没有预报",
    "no_level": "没有同时的水位，与模型比不了",
    "no_rain": "没有同时的雨量，与模型比不了",
    "silent": "已停报，按停报前读数不作判断",
    "no_survey": "还没有水下测量",
    "one_survey": "到所示时刻只有一次水下测量，比较要两次",
    "datum": "两次水下测量基面不同，不能相减",
    "survey_size": "水下测量点数过大，没有采用",
    "survey_few": "两次水下测量没有足够的公共范围",
    "survey_flat": "水下测量点在一条线上，成不了面",
    "survey_shape": "水下测量的网格不完整，没有采用",
    "survey_order": "水下测量的网格坐标顺序不对，没有采用",
}
ORDER = {"alarm": 0, "doubtful": 1, "attention": 2, "unknown": 3, "normal": 4}
ABNORMAL = ("alarm", "doubtful", "attention")


class WorksTarget(Protocol):
    def show_view(self, view: WorksBoardView) -> None: ...


class Health(Protocol):
    """What the presenters need of the works' health."""

    reports: tuple[WorksReport, ...]
    known: bool


def chosen_report(reports: Sequence[WorksReport], selected: str | None, before: str = "") -> WorksReport | None:
    """Return the works that is selected, or whose sensor, gate or reservoir is; else the one shown before; else the worst."""
    for report in reports:
        works = report.works
        if selected and (selected in (works.code, works.reservoir) or report.sensor(selected)):
            return report
    kept = next((r for r in reports if r.works.code == before), None)
    return kept or min(reports, key=lambda r: ORDER[r.state], default=None)


def reason_text(code: str, figures: Mapping[str, float], tr: Translate) -> str:
    """Return why something is not known, with its figures; a code of a newer version is shown as it is."""
    said = tr(REASONS[code]) if code in REASONS else printable(code, 40)
    told = {
        "few": f"{figures.get('n', 0):.0f}/{figures.get('need', 0):.0f}",
        "short": f"{figures.get('days', 0):.0f} {tr('天')}",
        "gap": f"{figures.get('days', 0):.0f} {tr('天')}",
        "silent": f"{figures.get('h', 0):.0f} h",
    }.get(code)
    return f"{said}（{told}）" if told and figures else said


def value_text(h: SensorHealth) -> str:
    element = ELEMENTS.get(h.sensor.element)
    return element.text(h.value) if element else "—"


def sigma_text(ratio: float | None) -> str:
    """Return a residual as a multiple of the model's standard error, never to be read as seconds."""
    return "—" if ratio is None else f"{signed(ratio, 1)}σ"


def place_text(h: SensorHealth, works: Works) -> str:
    section = next((s for s in works.sections if s.code == h.sensor.section), None)
    name = section.name if section else printable(h.sensor.section, 20)
    return " ".join(p for p in (name, chainage_text(h.sensor.chainage_m) if h.sensor.chainage_m is not None else "") if p)


def sensor_line(h: SensorHealth, tr: Translate) -> SensorLine:
    element = ELEMENTS.get(h.sensor.element)
    cells = (
        tr(STATE_WORDS[h.state]),
        h.sensor.name,
        tr(element.name) if element else printable(h.sensor.element, 8),
        f"{value_text(h)} {element.unit}" if element and h.value is not None else "—",
        element.text(h.model) if element else "—",
        _sigma_cell(h),
        stamp(h.value_t) if h.value_t else "—",
    )
    return SensorLine(h.sensor.code, h.state, cells)


def _sigma_cell(h: SensorHealth) -> str:
    """Return the newest residual; the median that was judged stands beside it where the two fall apart."""
    if h.off is None or h.ratio is None:
        return sigma_text(h.off)
    sides = [(abs(x) >= h.sensor.attention_s) + (abs(x) >= h.sensor.alarm_s) for x in (h.off, h.ratio)]
    return sigma_text(h.off) if sides[0] == sides[1] else f"{sigma_text(h.off)}（{sigma_text(h.ratio)}）"


def anomaly_line(h: SensorHealth, works: Works, tr: Translate) -> AnomalyLine:
    element = ELEMENTS.get(h.sensor.element)
    unit = element.unit if element else ""
    said = f"{tr('实测')} {value_text(h)} {unit}"
    if h.model is not None and element is not None:
        said += f" · {tr('模型')} {element.text(h.model)} · {tr('残差')} {signed(h.residual, element.decimals)} {unit}"
    if h.off is not None:
        said += f"（{sigma_text(h.off)}，{tr('近三次中位')} {sigma_text(h.ratio)}）"
    if h.reason:
        said += f" · {reason_text(h.reason, h.figures, tr)}"
    if h.value_t:
        said += f" · {stamp(h.value_t)}"
    causes = tuple(
        CauseLine(tr(x.cause), " · ".join(f"{tr(EVIDENCE[k][0])} {evidence_text(k, v)}" for k, v in x.evidence), tr(x.check))
        for x in h.hypotheses
    )
    title = " · ".join(p for p in (h.sensor.name, place_text(h, works)) if p)
    return AnomalyLine(h.sensor.code, h.state, title, said, causes)


def scour_line(scour: Scour, tr: Translate) -> AnomalyLine | None:
    if scour.reason or scour.state not in ("attention", "alarm"):
        return None
    place = f"{chainage_text(scour.chainage_m)} {tr('离轴')} {scour.offset_m:.0f} m"
    said = (
        f"{tr('最深')} {scour.deepest_m:.2f} m · {tr('限值')} {scour.limit_m:.2f} m · "
        f"{tr('冲刷量')} {scour.scour_m3:.0f} m³ · {full_stamp(scour.times[1])} {tr('对')} {full_stamp(scour.times[0])}"
    )
    cause = CauseLine(
        tr("可能是水流淘刷堤脚或坝脚"),
        f"{tr('公共范围')} {100 * scour.coverage:.0f}%",
        tr("对该段巡查，抛石护脚前先复测；留意近岸流速"),
    )
    return AnomalyLine("", scour.state, f"{tr('水下冲刷')} · {place}", said, (cause,))


def works_line(report: WorksReport, tr: Translate) -> WorksLine:
    known = [h for h in report.sensors if h.state != "unknown"]
    counts = [(state, sum(1 for h in known if h.state == state)) for state in ABNORMAL]
    told = [f"{tr(STATE_WORDS[state])} {count}" for state, count in counts if count]
    told.append(f"{tr('测点')} {len(known)}/{len(report.sensors)}" if report.sensors else tr("没有测点"))
    kind = tr(TYPES[report.works.type]) if report.works.type else "—"
    return WorksLine(report.works.code, report.works.name, kind, report.state, " · ".join(told))


def subsystem_cells(works: Works, board: Board, tr: Translate) -> tuple[SubsystemCell, ...]:
    """Return the eight subsystems at a moment: what was said later than it is not known yet."""
    return tuple(_subsystem(s, board, tr) for s in works.subsystems)


def _subsystem(s: Subsystem, board: Board, tr: Translate) -> SubsystemCell:
    name = tr(SUBSYSTEMS[s.code])
    if s.at is not None and s.at > board.moment:
        return SubsystemCell(name, "unknown", tr(SUBSYSTEM_STATES["unknown"]), None, "")
    said = f"{stamp(s.at, board.now)} {tr('起')}" if s.at is not None else ""
    if s.at is None and s.state != "unknown" and board.moment < board.now - 60:
        said = tr("登记状态，不随时间轴")
    return SubsystemCell(name, s.state, tr(SUBSYSTEM_STATES[s.state]), s.coverage, tr(s.note), said)


def board_view(health: Health, board: Board, selected: str | None, before: str, tr: Translate) -> WorksBoardView:
    reports = sorted(health.reports, key=lambda r: (ORDER[r.state], not r.sensors))
    lines = tuple(works_line(r, tr) for r in reports)
    report = chosen_report(reports, selected, before)
    if report is None:
        return WorksBoardView(lines)
    works = report.works
    sensors = sorted(report.sensors, key=lambda h: (ORDER[h.state], h.sensor.code))
    odd = [anomaly_line(h, works, tr) for h in sensors if h.abnormal]
    odd += [line for s in report.scours if (line := scour_line(s, tr)) is not None]
    odd.sort(key=lambda a: ORDER[a.state])
    known = sum(1 for h in sensors if h.state != "unknown")
    kind = tr(TYPES[works.type]) if works.type else tr("类型未知")
    return WorksBoardView(
        lines=lines,
        chosen=works.code,
        selected_sensor=selected if report.sensor(selected) and selected else "",
        title=works.name,
        subtitle=f"{kind} · {tr(works.class_word) if works.class_word else tr('级别未公布')}",
        note=works.note,
        facts=tuple((tr(name), tr(text), source) for name, text, source in works.facts),
        subsystems=subsystem_cells(works, board, tr),
        sensors=tuple(sensor_line(h, tr) for h in sensors),
        anomalies=tuple(odd),
        calm=calm_text(known, len(sensors), tr),
        simulated=works.simulated,
    )


def calm_text(known: int, all_: int, tr: Translate) -> str:
    """Return what an empty list of anomalies means: nothing found is not the same as nothing looked at."""
    if not all_:
        return tr("这个工程没有监测测点资料，健康状况未知")
    if not known:
        return tr("没有一支测点能判断，健康状况未知")
    return f"{tr('能判断的测点都在限内')} {known}/{all_}"


def present_works(
    view: WorksTarget, health: Health, board: BoardState, selected: str | None, before: str, tr: Translate
) -> tuple[str, str]:
    """Fill the panel; return (code of the works shown, meta)."""
    shown = board_view(health, board.board, selected, before, tr)
    view.show_view(shown)
    odd = sum(1 for r in health.reports if r.state in ("alarm", "attention"))
    doubtful = sum(1 for r in health.reports if r.state == "doubtful")
    unknown = sum(1 for r in health.reports if r.state == "unknown")
    if not health.known:
        return shown.chosen, tr("正在判断")
    if not health.reports:
        return shown.chosen, ""
    at = stamp(board.board.moment, board.board.now)
    return (
        shown.chosen,
        f"{at} · {tr('工程')} {len(health.reports)} · {tr('异常')} {odd}{_doubt(doubtful, tr)} · {tr('未知')} {unknown}",
    )


def _doubt(count: int, tr: Translate) -> str:
    return f" · {tr('疑似仪器')} {count}" if count else ""
