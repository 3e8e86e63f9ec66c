"""The panel of prepared disasters: what each does, and one press that opens it on the state of the moment."""

from __future__ import annotations

import sys
import time

import shiboken6
from PySide6.QtCore import QProcess

from console.drill.facts import DRILL
from console.engine.prepared import Wanted
from console.errors import ConsoleError
from console.presenters.consult_library import TITLES, library_rows, library_said
from console.texts import printable
from console.windows.consult_panels import consult_base_t
from console.windows.panels import Built, Context
from widgets.acted_table import ActedTable

WIDTHS_PX = (84, 270, 110, 76, 110, 130, 190, 300)
ACTIONS = {"open": "打开到情景", "drill": "以此演练", "again": "全部重算"}


def build_disasters(c: Context) -> Built:
    session, desk = c.session, c.session.consult
    table = ActedTable(c.look, TITLES, WIDTHS_PX, "第一次显示时预先计算，随后列在这里", ACTIONS, whole=("again",))

    async def take(code: str) -> None:
        try:
            author = session.duty.signed(c.settings.operator)
            scenario = desk.library.scenario(code, author, time.time(), consult_base_t(session))
            await desk.create(scenario)
            said, bad = f"{c.look.tr('已打开并在当前状态上计算')}：{scenario.name}", False
        except ConsoleError as exc:
            said, bad = f"{exc.what}{exc.next_step}", True
        if shiboken6.isValid(table):
            table.say(said, bad=bad)

    def start_drill(wanted: Wanted) -> None:
        """Play a disaster in a window and a centre of their own: nothing of it gets among this desk's data."""
        arguments = ["-m", "console", "--home", str(session.source.home.root), "--source", DRILL + wanted.code]
        begun, _pid = QProcess.startDetached(sys.executable, arguments)
        words = "已另开演练窗口，与本窗口的数据分开" if begun else "演练窗口没有打开，请再试一次"
        table.say(f"{c.look.tr(words)}：{printable(wanted.name)}", bad=not begun)

    def act(action: str, row: int) -> None:
        if action == "again":
            desk.library.again()
        elif action == "drill" and row < len(desk.library.entries):
            start_drill(desk.library.entries[row].wanted)
        elif row < len(desk.library.entries):
            session.tasks.start("open disaster", take(desk.library.entries[row].wanted.code))

    table.acted.connect(act)
    told = [("", False)]

    def refresh() -> tuple[str, str]:
        desk.library.begin()
        table.show_rows(library_rows(desk.library, desk.declared, c.look.tr))
        said = library_said(desk.library, c.look.tr)
        if said != told[0]:
            told[0] = said
            table.say(said[0], bad=said[1])
        title = c.look.tr("灾害情景库")
        return (f"{title} · {len(desk.library.entries)}", c.look.tr("模拟")) if desk.library.entries else (title, "")

    def cells() -> list[list[str]]:
        rows = library_rows(desk.library, desk.declared, c.look.tr)
        return [[c.look.tr(t) for t in TITLES], *([text for text, _ in row] for row in rows)]

    return Built(table, refresh, frozenset({"consult"}), export_table=cells)
