"""Exporting a panel: asks where to beside the work, writes off the GUI thread, says how many rows are in the file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import shiboken6
from PySide6.QtWidgets import QFileDialog, QWidget

from console.domain.quality import Quality
from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.look import Look
from console.services.session import Session
from console.texts import printable
from console.windows.export import write_csv, write_xlsx
from console.windows.panels import PanelHost

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
EXPORT_NOTE = "数据含重建（演练）值，质量列注明；仅供演练与演示"


class PanelExport:
    """What a window's export buttons do."""

    def __init__(self, window: QWidget, look: Look, session: Session) -> None:
        self._window = window
        self._look = look
        self._session = session

    def ask(self, host: PanelHost) -> None:
        """Ask where to; the picture or table is what is on screen at the answer."""
        dialog = QFileDialog(self._window, self._look.tr("导出"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        kinds = ["PNG (*.png)"] + (["Excel (*.xlsx)", "CSV (*.csv)"] if host.built.export_table else [])
        dialog.setNameFilters(kinds)
        dialog.selectFile(f"{host.code}.png")
        dialog.fileSelected.connect(lambda name: self._session.tasks.start("export", self.write(host, Path(name))))
        dialog.open()

    def notes(self) -> list[str]:
        board, tr = self._session.board.board, self._look.tr
        return [
            f"{tr('数据时刻')} {full_stamp(board.moment)} {tr('北京时间')}",
            f"{tr('数据源')} {self._session.source.name}",
            *([tr(EXPORT_NOTE)] if self._made_up() else []),
        ]

    def _made_up(self) -> bool:
        """Tell whether anything shown was rebuilt or simulated; real data is not called a drill."""
        rows = self._session.board.board.rows
        return any(s.quality == Quality.RECONSTRUCTED for r in rows for s in r.samples.values())

    async def write(self, host: PanelHost, path: Path) -> None:
        """Write a panel as PNG, CSV or XLSX with time, source and the label of its data; say what came of it."""
        tr, table = self._look.tr, host.built.export_table
        notes = self.notes()
        said = f"{tr('已导出')} {path.name}"
        try:
            if table is not None and path.suffix.lower() in (".csv", ".xlsx"):
                write = write_csv if path.suffix.lower() == ".csv" else write_xlsx
                rows = await asyncio.to_thread(write, path, table(), notes)
                said = f"{tr('已导出')} {rows} {tr('行')} · {path.name}"
            elif path.suffix.lower() not in PICTURES:
                said = (
                    f"{tr('没有导出')}：{printable(path.suffix, 12) or path.name} {tr('不是能写的格式，请用 PNG、CSV 或 XLSX')}"
                )
            else:
                picture = host.panel.grab().toImage()
                picture.setText("Description", "；".join(notes))
                if not await asyncio.to_thread(picture.save, str(path)):
                    raise OSError(path.name)
        except ConsoleError as exc:
            said = f"{exc.what}{exc.next_step}"
        except OSError as exc:
            said = f"{tr('没有导出')}：{exc.strerror or exc}。{tr('请换一个目录或清理磁盘后再试')}"
        if shiboken6.isValid(host.panel):
            host.panel.say(said)
