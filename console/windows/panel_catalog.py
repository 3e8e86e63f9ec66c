"""The panels by code: a title, a builder; desk, wall and screenshots build from the same table."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6

from console.errors import ConsoleError
from console.presenters.about import about_rows
from console.presenters.duty import alarm_rows
from console.presenters.reservoir import present_reservoir
from console.presenters.sources import COLUMNS as SOURCE_COLUMNS
from console.presenters.sources import WIDTHS as SOURCE_WIDTHS
from console.presenters.sources import source_lines
from console.presenters.strip import present_strip
from console.presenters.system import feed_rows, link_rows, outbox_rows
from console.windows.card_panel import build_card
from console.windows.consult_panels import (
    build_scenario_basis,
    build_scenario_curves,
    build_scenario_table,
    build_scenarios,
    build_tradeoff,
)
from console.windows.curve_panels import build_hydrograph, build_monitor_hydrograph, build_rating
from console.windows.duty_panels import build_conflicts, build_response
from console.windows.library_panel import build_disasters
from console.windows.log_panel import build_log
from console.windows.map_desk import build_map
from console.windows.meeting_panels import build_meeting
from console.windows.meeting_tables import build_decisions, build_options, build_record
from console.windows.offline_panels import build_library, build_packs
from console.windows.overview_panels import build_happening, build_overview
from console.windows.panels import Built, Context
from console.windows.reservoir_panels import build_cascade, build_reservoirs, build_storage
from console.windows.similar_panel import build_similar
from console.windows.spill_panel import build_spill
from console.windows.table_panel import build_table
from console.windows.video_panels import build_video
from console.windows.works_panels import build_dam_safety, build_gates, build_section, build_works
from widgets.alarm_list import AlarmList
from widgets.basin_strip import BasinStrip
from widgets.facts_table import FactsTable
from widgets.name_field import sign_as
from widgets.reservoir_card import ReservoirCard
from widgets.source_page import SourcePage

BOARD = frozenset({"board", "selection"})


def build_reservoir(c: Context) -> Built:
    widget = ReservoirCard(c.look)
    session = c.session

    def refresh() -> tuple[str, str]:
        return present_reservoir(widget, session.board.board, session.situation.current.selection, c.look.tr)

    return Built(widget, refresh, BOARD)


def build_strip(c: Context) -> Built:
    widget = BasinStrip(c.look)
    session = c.session
    widget.selected.connect(session.situation.select)

    def refresh() -> tuple[str, str]:
        return present_strip(widget, session.board.board, session.situation.current.selection, c.look.tr)

    return Built(widget, refresh, BOARD)


def build_alarms(c: Context) -> Built:
    widget = AlarmList(c.look, c.settings.operator)
    session = c.session

    async def acknowledge(alarm_id: str, name: str, note: str) -> None:
        try:
            await session.duty.acknowledge(alarm_id, name, note)
        except ConsoleError as exc:
            if shiboken6.isValid(widget):
                widget.not_saved(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(widget):
            widget.saved()
        await session.read_outbox()

    widget.acknowledge_requested.connect(lambda a, n, t: session.tasks.start("acknowledge", acknowledge(a, n, t)))
    widget.selected.connect(session.situation.select)

    def refresh() -> str:
        sign_as(widget.name, session.person)
        rows = alarm_rows(session.desk, session.board.name_of, session.situation.now(), c.look.tr)
        widget.show_rows(rows)
        unseen = sum(1 for r in rows if r.active and not r.acks)
        active = sum(1 for r in rows if r.active)
        return f"{c.look.tr('活动')} {active} · {c.look.tr('未确认')} {unseen} · {c.look.tr('共')} {len(rows)}"

    return Built(widget, refresh, frozenset({"desk", "board"}))


def build_scene(c: Context) -> Built:
    from console.windows.sandbox_desk import build_sandbox  # numpy geometry and icons: only when the sandbox is opened

    return build_sandbox(c)


def build_sources(c: Context) -> Built:
    widget = SourcePage(c.look, SOURCE_COLUMNS, SOURCE_WIDTHS)
    session = c.session

    def refresh() -> str:
        board = session.board.board
        lines = source_lines(session.sources.docs, board, session.link.mode == "replay", c.look.tr)
        widget.show_lines(lines)
        bad = sum(1 for line in lines if line.rank < 2)
        return f"{len(lines)} {c.look.tr('个来源')}" + (f" · {bad} {c.look.tr('个异常')}" if bad else "")

    return Built(widget, refresh, frozenset({"board", "sources"}))


def build_feeds(c: Context) -> Built:
    titles = ("对象", "要素", "来源", "最新数据", "延迟", "状态")
    widget = FactsTable(c.look, titles, (120, 90, 110, 110, 90, 80), "还没有数据源报数")

    def refresh() -> str:
        rows = feed_rows(c.session, c.look.tr)
        widget.show_rows(rows)
        return f"{len(rows)} {c.look.tr('个序列')}"

    return Built(widget, refresh, frozenset({"board"}))


def build_outbox(c: Context) -> Built:
    titles = ("时间", "类型", "内容", "记录人", "状态", "重试")
    widget = FactsTable(c.look, titles, (100, 90, 250, 80, 190, 50), "没有待上报的内容")

    def refresh() -> str:
        widget.show_rows(outbox_rows(c.session, c.look.tr))
        return f"{c.look.tr('待上报')} {c.session.desk.waiting}"

    return Built(widget, refresh, frozenset({"desk"}))


def build_link(c: Context) -> Built:
    widget = FactsTable(c.look, ("项目", "现况"), (150, 420), "正在启动")

    def refresh() -> str:
        widget.show_rows(link_rows(c.session, c.look.tr, c.instruments.report()))
        return ""

    return Built(widget, refresh, frozenset({"link", "time"}))


def build_about(c: Context) -> Built:
    widget = FactsTable(c.look, ("项目", "现况"), (150, 420), "正在启动")

    def refresh() -> str:
        widget.show_rows(about_rows(c.session, c.look.tr))
        return ""

    return Built(widget, refresh, frozenset({"link"}))


PANELS: dict[str, tuple[str, Callable[[Context], Built]]] = {
    "monitor.overview": ("总览", build_overview),
    "monitor.map": ("一张图", build_map),
    "monitor.table": ("测站表", build_table),
    "monitor.hydrograph": ("过程线", build_monitor_hydrograph),
    "monitor.rating": ("水位流量关系", build_rating),
    "monitor.reservoir": ("水库", build_reservoir),
    "monitor.reservoirs": ("水库总表", build_reservoirs),
    "monitor.storage": ("库容曲线", build_storage),
    "monitor.cascade": ("梯级", build_cascade),
    "monitor.video": ("视频", build_video),
    "monitor.strip": ("河系概化图", build_strip),
    "monitor.happening": ("正在发生", build_happening),
    "monitor.card": ("对象", build_card),
    "monitor.works": ("工程健康", build_works),
    "monitor.dam_safety": ("安全监测", build_dam_safety),
    "monitor.section": ("工程断面", build_section),
    "monitor.gates": ("闸门", build_gates),
    "duty.alarms": ("告警", build_alarms),
    "duty.log": ("值班日志", build_log),
    "duty.hydrograph": ("过程线", build_hydrograph),
    "duty.card": ("对象", build_card),
    "sandbox.scene": ("三维沙盘", build_scene),
    "sandbox.card": ("对象", build_card),
    "sandbox.hydrograph": ("过程线", build_hydrograph),
    "consult.scenarios": ("情景", build_scenarios),
    "consult.curves": ("情景过程线", build_scenario_curves),
    "consult.table": ("情景对比", build_scenario_table),
    "consult.tradeoff": ("风险效益", build_tradeoff),
    "consult.spill": ("水污染过程", build_spill),
    "consult.similar": ("相似洪水", build_similar),
    "consult.disasters": ("灾害情景库", build_disasters),
    "consult.basis": ("依据与假定", build_scenario_basis),
    "consult.meeting": ("会商", build_meeting),
    "consult.record": ("会议记录", build_record),
    "consult.options": ("方案与表态", build_options),
    "consult.decisions": ("会议决定", build_decisions),
    "system.link": ("链路与仪表", build_link),
    "system.sources": ("数据来源", build_sources),
    "system.feeds": ("序列", build_feeds),
    "system.packs": ("离线包", build_packs),
    "system.library": ("离线资料", build_library),
    "system.outbox": ("待上报", build_outbox),
    "system.conflicts": ("冲突与退回", build_conflicts),
    "duty.response": ("应急响应", build_response),
    "system.about": ("关于", build_about),
}
