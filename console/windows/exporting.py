"""Exporting a panel: asks where to beside the work, writes off the GUI thread, says how many rows are in the file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import shiboken6
from PySide6.QtCore import QBuffer, QIODevice, QPoint, Qt
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QScrollArea, QWidget

from console.domain.quality import Quality
from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.look import Look
from console.presenters.wording import Translate
from console.services.session import Session
from console.store.briefing_file import template_below, write_briefing
from console.store.briefing_slides import slides_template_below, write_slides
from console.texts import printable
from console.viewdata.briefing import Briefing
from console.windows.briefing_pdf import paper_inks, with_drawings, write_pdf
from console.windows.export import write_csv, write_xlsx
from console.windows.panels import PanelHost

DOCUMENTS = (".docx", ".pdf", ".pptx")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
EXPORT_NOTE = "数据含重建（演练）值，质量列注明；仅供演练与演示"


def export_notes(session: Session, tr: Translate) -> list[str]:
    """Return what stands with every export: of when, from where, and that some of it was rebuilt or simulated where so."""
    board = session.board.board
    made_up = any(s.quality == Quality.RECONSTRUCTED for r in board.rows for s in r.samples.values())
    return [
        f"{tr('数据时刻')} {full_stamp(board.moment)} {tr('北京时间')}",
        f"{tr('数据源')} {session.source.name}",
        *([tr(EXPORT_NOTE)] if made_up else []),  # real data is not called a drill
    ]


def drawing_of(panel: QWidget, title: str, notes: list[str]) -> bytes:
    """Return a panel as SVG: lines and words stay lines and words; curves and other pictures stay pictures.

    A curve's paths are in seconds since 1970, and the format writes six figures: hours would be lost.
    """
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # the one that clips
    drawing.setOutputDevice(store)
    drawing.setSize(panel.size())
    drawing.setViewBox(panel.rect())
    drawing.setTitle(title)
    drawing.setDescription("；".join(notes))
    painter = QPainter(drawing)
    _draw(panel, painter, QPoint())
    painter.end()
    return bytes(store.data().data())


def _draw(widget: QWidget, painter: QPainter, at: QPoint) -> None:
    if isinstance(widget, QGraphicsView | QScrollArea):  # curves, and what is partly rolled away
        painter.drawPixmap(at, widget.grab())
        return
    widget.render(painter, at, QRegion(), QWidget.RenderFlag.DrawWindowBackground)
    for child in widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if not child.isHidden() and not child.isWindow():
            _draw(child, painter, at + child.pos())


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
        kinds = ["PNG (*.png)", "SVG (*.svg)"] + (["Excel (*.xlsx)", "CSV (*.csv)"] if host.built.export_table else [])
        kinds += ["Word (*.docx)", "PDF (*.pdf)", "PowerPoint (*.pptx)"] if host.built.export_document else []
        dialog.setNameFilters(kinds)
        dialog.setDefaultSuffix("png")
        dialog.selectFile(f"{host.code}.png")
        dialog.fileSelected.connect(lambda name: self._session.tasks.start("export", self.write(host, Path(name))))
        dialog.open()

    async def write(self, host: PanelHost, path: Path) -> None:
        """Write a panel as PNG, SVG, CSV or XLSX with time, source and the label of its data; say what came of it."""
        tr, table = self._look.tr, host.built.export_table
        notes = export_notes(self._session, tr)
        said = f"{tr('已导出')} {path.name}"
        try:
            if table is not None and path.suffix.lower() in (".csv", ".xlsx"):
                write = write_csv if path.suffix.lower() == ".csv" else write_xlsx
                rows = await asyncio.to_thread(write, path, table(), notes)
                said = f"{tr('已导出')} {rows} {tr('行')} · {path.name}"
            elif path.suffix.lower() in DOCUMENTS and host.built.export_document is not None:
                count = await self._document(path, await host.built.export_document(notes))
                said = f"{tr('已导出')} {count} · {path.name}"
            elif path.suffix.lower() == ".svg":
                drawing = drawing_of(host.panel, host.panel.windowTitle() or host.code, notes)
                await asyncio.to_thread(path.write_bytes, drawing)
            elif path.suffix.lower() not in PICTURES:
                named = printable(path.suffix, 12) or path.name
                said = f"{tr('没有导出')}：{named} {tr('不是能写的格式，请用 PNG、SVG、CSV 或 XLSX')}"
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

    async def _document(self, path: Path, briefing: Briefing) -> str:
        """Write a briefing in the format of the file's name; returns how much is in it, in words.

        Raises:
            StoreError: it was not written.
        """
        tr, home = self._look.tr, self._session.source.home.root
        inks = paper_inks(Look("light", "zh", 1.0, self._look.family))
        briefing = await asyncio.to_thread(with_drawings, briefing, inks)
        if path.suffix.lower() == ".pdf":
            return f"{await asyncio.to_thread(write_pdf, path, briefing, self._look.family)} {tr('页')}"
        if path.suffix.lower() == ".pptx":
            made = await asyncio.to_thread(write_slides, path, briefing, slides_template_below(home))
            return f"{made} {tr('张幻灯片')}"
        return f"{await asyncio.to_thread(write_briefing, path, briefing, template_below(home))} {tr('个图表')}"
