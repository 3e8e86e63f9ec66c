"""Charts of one works: the safety model of a sensor, a section with its sensors, the gates."""

from __future__ import annotations

from collections.abc import Mapping

from console.domain.datum import stated_datum
from console.domain.elements import ELEMENTS, LEVELS, flow_text, signed
from console.domain.quality import Quality, word
from console.domain.time import stamp
from console.domain.works import Gate, Works, chainage_text, gate_of
from console.presenters.reservoir_words import datum_word
from console.presenters.wording import Translate
from console.presenters.works import ORDER, STATE_WORDS, place_text, reason_text, sigma_text, value_text
from console.texts import printable
from console.viewdata.board import Board, Row, Sample
from console.viewdata.works import Bay, GatesView, SafetyView, Scour, SectionSensor, SectionView, SensorHealth, WorksReport

CAUSE_WORDS = {"level": "水位", "season": "季节温度", "time": "时效", "rain": "降雨"}
TOKENS = {
    "unknown": "text.dim",
    "normal": "text",
    "attention": "state.watch",
    "doubtful": "state.warning",
    "alarm": "state.guaranteed",
}
STALE_GATE_S = 3 * 3600


# --- the safety chart ---------------------------------------------------------------------------
def chosen_sensor(report: WorksReport | None, selected: str | None) -> SensorHealth | None:
    """Return the selected sensor, else the worst of the works by its residual."""
    if report is None:
        return None
    found = report.sensor(selected)
    return found or min(report.sensors, key=lambda h: (ORDER[h.state], -abs(h.ratio or 0.0)), default=None)


def safety_view(report: WorksReport, h: SensorHealth, moment: float, tr: Translate) -> SafetyView:
    element = ELEMENTS.get(h.sensor.element)
    unit, decimals = (element.unit, element.decimals) if element else ("", 2)
    state = (tr("状态"), tr(STATE_WORDS[h.state]), TOKENS[h.state])
    rows = [state, (tr("实测"), f"{value_text(h)} {unit}（{tr(word(h.quality))}）" if h.value is not None else "—", "text")]
    if h.model is not None and element is not None:
        rows.append((tr("模型"), f"{element.text(h.model)} {unit}", "text"))
        rows.append((tr("残差"), f"{signed(h.residual, decimals)} {unit}", TOKENS[h.state]))
        rows.append((tr("残差 σ"), sigma_text(h.off), TOKENS[h.state]))
        rows.append((tr("近三次中位"), sigma_text(h.ratio), TOKENS[h.state]))
    if h.s is not None and h.r2 is not None:
        rows += [("R²", f"{h.r2:.3f}", "text"), ("σ", f"{h.s:.{decimals + 1}f} {unit}", "text")]
        left = f"（{tr('剔除')} {h.suspects}）" if h.suspects else ""
        rows.append((tr("率定读数"), f"{h.n}{left}", "text"))
    if h.trend_p is not None and h.trend_per_day is not None:
        said = f"{signed(h.trend_per_day, 3)} {unit}/d" if h.trend_p < 0.05 else tr("不显著")
        chance = "p<0.001" if h.trend_p < 0.001 else f"p={h.trend_p:.3f}"
        rows.append((tr("7 日残差趋势"), f"{said} {chance}", "text"))
    age = h.evidence.get("step_age_h")
    return SafetyView(
        code=h.sensor.code,
        title=f"{h.sensor.name} · {place_text(h, report.works)}",
        unit=f"{tr(element.name)} {unit}" if element else "",
        decimals=decimals,
        state=h.state,
        says=_safety_words(h, tr),
        live=h.live,
        past=h.past,
        s=h.s,
        attention=h.sensor.attention_s,
        alarm=h.sensor.alarm_s,
        moment=moment,
        rows=tuple(rows),
        causes=tuple((tr(CAUSE_WORDS[c]), v) for c, v in h.causes),
        step_t=moment - age * 3600 if age is not None else None,
        simulated=report.works.simulated,
        residual_unit=unit,
    )


def _safety_words(h: SensorHealth, tr: Translate) -> str:
    if h.reason:
        return reason_text(h.reason, h.figures, tr)
    if h.ratio is None:
        return ""
    attention, alarm = f"{h.sensor.attention_s:g}", f"{h.sensor.alarm_s:g}"
    said = {
        "normal": tr("最近三次残差的中位数在 ±{}σ 以内").format(attention),
        "attention": tr("最近三次残差的中位数超出 ±{}σ，需要关注").format(attention),
        "doubtful": tr("最近三次残差的中位数超出 ±{}σ，疑似仪器故障，请先核查仪器").format(alarm),
        "alarm": tr("最近三次残差的中位数超出 ±{}σ，请尽快核实").format(alarm),
    }.get(h.state, "")
    if h.off is not None and abs(h.off) >= h.sensor.alarm_s > abs(h.ratio):
        said += f"；{tr('最新一次')} {sigma_text(h.off)}，{tr('待下一次读数核实')}"
    if h.beyond_m > 0:
        said += f"；{tr('水位超出率定范围')} {h.beyond_m:.2f} m，{tr('模型是外推')}"
    if h.hypotheses:
        said += f"；{tr(h.hypotheses[0].cause)}"
    return said


# --- the section --------------------------------------------------------------------------------
def section_view(report: WorksReport, wanted: str, tr: Translate, datum: str = "") -> SectionView:
    """Return a section as it is drawn; datum: of the station that reads the water before it, "" unknown."""
    works = report.works
    worst = min(report.sensors, key=lambda h: (ORDER[h.state], -abs(h.ratio or 0.0)), default=None)
    named = [(s.code, f"{s.name} {chainage_text(s.chainage_m)}") for s in works.sections]
    known = {"", *(code for code, _ in named)}
    named += [(s.section, f"{tr('水下冲淤')} {printable(s.section, 20)}") for s in report.scours if s.section not in known]
    codes = [code for code, _ in named]
    first = worst.sensor.section if worst and worst.sensor.section in codes else (codes or [""])[0]
    chosen = wanted if wanted and wanted in codes else first
    section = next((s for s in works.sections if s.code == chosen), None)
    mine = [h for h in report.sensors if h.sensor.section == chosen] if chosen else []
    placed = [h for h in mine if h.sensor.offset_m is not None and h.sensor.elevation_m is not None]
    scour = next((s for s in report.scours if s.section == chosen), report.scour)
    return SectionView(
        works=works.code,
        type=works.type,
        title=f"{works.name} · {section.name} {chainage_text(section.chainage_m)}" if section else works.name,
        sections=tuple(named),
        chosen=chosen,
        profile=section.profile if section else (),
        sensors=tuple(_placed(h, tr) for h in placed),
        unplaced=len(mine) - len(placed),
        water_m=report.level_m,
        water_text=_water_text(report, datum, tr),
        water_kind=report.level_kind,
        says=works.note,
        scour=scour,
        scour_says=_scour_words(scour, chosen, len(report.scours), tr),
        simulated=works.simulated,
    )


def _water_text(report: WorksReport, datum: str, tr: Translate) -> str:
    if report.level_m is None or not report.level_t:
        return tr("未知")
    kind = {"forecast": tr("预报"), "stale": tr("过时")}.get(report.level_kind, "")
    return f"{report.level_m:.2f} m（{datum_word(datum, tr)}） · {stamp(report.level_t)} {kind}".rstrip()


def _placed(h: SensorHealth, tr: Translate) -> SectionSensor:
    element = ELEMENTS.get(h.sensor.element)
    fresh = h.value is not None and h.reason != "silent"
    text = f"{value_text(h)} {element.unit}" if element and h.value is not None else "—"
    if h.reason == "silent":
        text += f"（{tr('已停报')}）"
    return SectionSensor(
        code=h.sensor.code,
        name=h.sensor.name,
        element=h.sensor.element,
        state=h.state,
        offset_m=h.sensor.offset_m or 0.0,
        elevation_m=h.sensor.elevation_m or 0.0,
        text=text,
        level_m=h.value if fresh and h.sensor.element == "PW" else None,
    )


def _scour_words(scour: Scour, chosen: str, sections: int, tr: Translate) -> str:
    """Return what the shown comparison says, and where there are several, which of them it is."""
    which = f"{printable(scour.section, 20)}（{sections} {tr('个测段之一')}）：" if sections > 1 else ""
    if not which and scour.section and scour.section != chosen:
        which = f"{printable(scour.section, 20)}："
    if scour.reason:
        return which + reason_text(scour.reason, {}, tr)
    place = f"{chainage_text(scour.chainage_m)}，{tr('离轴')} {scour.offset_m:.0f} m"
    limit = f"{tr('限值')} {scour.limit_m:.2f} m" if scour.limit_m is not None else tr("没有声明限值，不作判断")
    said = (
        f"{which}{tr('最深冲刷')} {scour.deepest_m:.2f} m（{place}）· {limit} · {tr('冲刷量')} {scour.scour_m3:.0f} m³ · "
        f"{tr('淤积量')} {scour.fill_m3:.0f} m³ · {tr('公共范围')} {scour.area_m2:.0f} m²（{100 * scour.coverage:.0f}%）"
    )
    if scour.spacing_m is not None:
        said += f" · {tr('网格')} {'×'.join(f'{a:.3g}' for a in scour.spacing_m)} m"
    return said + (f" · {tr('两次都没有注明基面，按同一基面相减')}" if scour.unstated else "")


# --- the gates ----------------------------------------------------------------------------------
def gates_view(report: WorksReport, gates: Mapping[str, Gate], board: Board, tr: Translate) -> GatesView:
    works = report.works
    mine = sorted((g for g in gates.values() if g.works == works.code), key=lambda g: (g.bay is None, g.bay or 0, g.code))
    bays = tuple(_bay(n, g, board, tr) for n, g in enumerate(mine, 1))
    known = [b for b in bays if b.opening_m is not None]
    open_ = sum(1 for b in known if (b.opening_m or 0) > 0)
    summary = f"{tr('开')} {open_} · {tr('关')} {len(known) - open_} · {tr('未知')} {len(bays) - len(known)}" if bays else ""
    if works.gate_count is not None and works.gate_count != len(bays):
        summary += f" · {tr('公布孔数')} {works.gate_count}"
    return GatesView(
        works=works.code,
        title=works.name,
        bays=bays,
        upstream_text=_reading(board, works.level, " m", tr),
        downstream_text=_reading(board, works.below, " m", tr),
        flow_text=_reading(board, works.flow, " m³/s", tr),
        datum_text=_datums(board, works, tr),
        summary=summary,
        note=works.note,
        simulated=works.simulated,
    )


def _bay(place: int, gate: Gate, board: Board, tr: Translate) -> Bay:
    row = board.row(gate.code)
    sample = row.level if row else None
    number = gate.bay if gate.bay is not None else place
    bay = Bay(number, gate.code, None, gate.max_opening_m, gate.width_m)
    if sample is None or sample.value is None:
        return _unknown(bay, tr("没有开度读数"))
    if board.ahead and sample.quality != Quality.FORECAST:
        return _unknown(bay, tr("没有预报"))
    if not sample.usable:
        return _unknown(bay, f"{tr('开度读数')}{tr(word(sample.quality))} {sample.value:.2f}")
    if board.moment - sample.t > max(STALE_GATE_S, 3 * sample.interval_s):
        return _unknown(bay, f"{tr('开度停报于')} {stamp(sample.t)}")
    if sample.value < 0 or (gate.max_opening_m is not None and sample.value > 1.05 * gate.max_opening_m):
        return _unknown(bay, f"{tr('开度读数不合理')} {sample.value:.2f}")
    text = f"{stamp(sample.t)} {tr(word(sample.quality))}"
    return Bay(number, gate.code, sample.value, gate.max_opening_m, gate.width_m, "", text)


def _unknown(bay: Bay, why: str) -> Bay:
    return Bay(bay.number, bay.code, None, bay.max_opening_m, bay.width_m, why)


def _reading(board: Board, pointer: tuple[str, str] | None, unit: str, tr: Translate) -> str:
    """Return a reading with its time; a level with its datum, so that two of them are not compared by eye."""
    row = board.row(pointer[0]) if pointer else None
    sample = _of(row, pointer[1]) if row and pointer else None
    if sample is None or sample.value is None or row is None:
        return "—"
    if unit != " m":
        return f"{flow_text(sample.value)}{unit} · {stamp(sample.t)} {tr(word(sample.quality))}"
    element = sample.what
    datum = datum_word(row.station.datum, tr)
    return f"{element.text(sample.value)}{unit}（{datum}） · {stamp(sample.t)} {tr(word(sample.quality))}"


def _datums(board: Board, works: Works, tr: Translate) -> str:
    """Say what keeps the two levels apart; a level is never subtracted from one of another datum."""
    rows = [board.row(pointer[0]) if pointer else None for pointer in (works.level, works.below)]
    if works.below is None or works.level is None:
        return tr("没有登记下游水位站") if works.below is None else tr("没有登记上游水位站")
    told = [stated_datum(row.station.datum) if row is not None else "" for row in rows]
    if not all(told):
        return tr("上下游水位基面未注明，两个水位不可直接比较，不作差")
    if told[0] != told[1]:
        return tr("上下游水位基面不同，两个水位不可直接比较，不作差")
    return f"{tr('基面')}：{printable(told[0], 20)}"


def _of(row: Row, element: str) -> Sample | None:
    if element == "Z" and row.level is not None and row.level.element in LEVELS:
        return row.level  # a reservoir's too
    return next(
        (s for s in (row.level, row.flow, row.inflow, row.outflow, row.rain) if s is not None and s.element == element), None
    )


def gates_of(board: Board) -> dict[str, Gate]:
    return {r.code: gate_of(r.station) for r in board.rows if r.station.kind == "gate"}
