"""A briefing as a PDF with its fonts in it; every text is text, no markup is read from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QFont,
    QImage,
    QImageWriter,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextImageFormat,
    QTextLength,
    QTextTableFormat,
)

from console.look import Look
from console.store.chart_svg import Inks, chart_svg
from console.store.whole_file import whole_file
from console.viewdata.briefing import Briefing, Section
from console.viewdata.consult import MOST_COMPARED
from widgets.plain import own_drawing, plain_document
from widgets.scenario_list import ink_of

MARGIN_MM, FOOT_MM = 18.0, 8.0
DPI = 96
INK_TOKENS = {"ground": "panel", "ink": "text", "dim": "text.dim", "grid": "line", "limit": "state.warning"}
TITLE_PT, HEADING_PT, TEXT_PT, TABLE_PT = 18, 13, 10.5, 8.5


def paper_inks(paper: Look) -> Inks:
    """Return what charts are drawn with on paper; paper: the light look."""
    named = {part: paper.color(token).name() for part, token in INK_TOKENS.items()}
    return Inks(lines=tuple(paper.color(ink_of(place)).name() for place in range(MOST_COMPARED)), **named)


def with_drawings(briefing: Briefing, inks: Inks) -> Briefing:
    """Return a briefing whose charts are drawn too, for documents that have no charts of their own."""
    sections = []
    for section in briefing.sections:
        if section.chart is not None:
            drawing = chart_svg(section.chart, inks)
            section = replace(section, drawing=drawing, picture=likeness(drawing))
        sections.append(section)
    return replace(briefing, sections=tuple(sections))


def likeness(drawing: bytes, wide: int = 1800) -> bytes:
    """Return an SVG as PNG, for programs that show no drawings. May run on a worker thread."""
    renderer = own_drawing(drawing)
    whole = renderer.defaultSize()
    image = QImage(wide, round(wide * whole.height() / max(1, whole.width())), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(store, QByteArray(b"png")).write(image)
    return bytes(store.data().data())


def write_pdf(path: Path, briefing: Briefing, family: str) -> int:
    """Write an A4 document; returns its pages. family: a font with Chinese. May run on a worker thread.

    Raises:
        StoreError: it cannot be written; nothing half is left.
    """
    made = QBuffer()
    made.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(made)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM), QPageLayout.Unit.Millimeter)
    writer.setResolution(DPI)
    writer.setTitle(briefing.title)
    document = plain_document()
    document.setDefaultFont(QFont(family, int(TEXT_PT)))
    room = QSizeF(writer.width(), writer.height() - FOOT_MM / 25.4 * DPI)
    document.setPageSize(room)
    document.setDocumentMargin(0)
    sheet = _Sheet(document, room.width())
    sheet.write(briefing)
    painter = QPainter(writer)
    pages = document.pageCount()
    for page in range(pages):
        if page:
            writer.newPage()
        painter.save()
        painter.translate(0, -page * room.height())
        document.drawContents(painter, QRectF(0, page * room.height(), room.width(), room.height()))
        sheet.draw(painter, page * room.height(), room.height())
        painter.restore()
        painter.setFont(QFont(family, 8))
        painter.drawText(QRectF(0, room.height(), room.width(), FOOT_MM / 25.4 * DPI), 0x0082, f"{page + 1} / {pages}")
    painter.end()
    with whole_file(path, "PDF ") as draft:
        draft.write_bytes(bytes(made.data().data()))
    return pages


class _Sheet:
    """Fills a document; width: of the text, pixels."""

    def __init__(self, document: QTextDocument, width: float) -> None:
        self._document, self._width = document, width
        self._cursor = QTextCursor(document)
        self._pictures = 0
        self._drawings: list[tuple[QTextBlock, bytes, QSizeF]] = []

    def write(self, briefing: Briefing) -> None:
        self._put(briefing.title, TITLE_PT, bold=True, first=True)
        for note in briefing.notes:
            self._put(note, TABLE_PT)
        for section in briefing.sections:
            self._section(section)

    def draw(self, painter: QPainter, top: float, high: float) -> None:
        """Draw what is vector on a page that begins at top, over the places that were kept for it."""
        for block, drawing, size in self._drawings:
            place = self._document.documentLayout().blockBoundingRect(block)
            at = QRectF(place.left(), place.bottom() - size.height(), size.width(), size.height())
            if top <= at.center().y() < top + high:
                own_drawing(drawing).render(painter, at)

    def _section(self, section: Section) -> None:
        self._put(section.heading, HEADING_PT, bold=True, above=10)
        for line in section.lines:
            self._put(line, TEXT_PT)
        if section.rows:
            self._table(section.rows)
        if section.picture:
            self._picture(section)

    def _put(self, text: str, size: float, *, bold: bool = False, first: bool = False, above: float = 2) -> None:
        block, form = QTextBlockFormat(), QTextCharFormat()
        block.setTopMargin(above)
        form.setFontPointSize(size)
        form.setFontWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
        if first:
            self._cursor.setBlockFormat(block)
        else:
            self._cursor.insertBlock(block)
        self._cursor.insertText(text, form)

    def _table(self, rows: tuple[tuple[str, ...], ...]) -> None:
        columns = max(len(r) for r in rows)
        form, small = QTextTableFormat(), QTextCharFormat()
        form.setCellPadding(3)
        form.setCellSpacing(0)
        form.setBorder(0.5)
        form.setBorderCollapse(True)
        form.setHeaderRowCount(1)
        form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        small.setFontPointSize(TABLE_PT)
        self._cursor.insertBlock()
        table = self._cursor.insertTable(len(rows), columns, form)
        for i, row in enumerate(rows):
            small.setFontWeight(QFont.Weight.Bold if i == 0 else QFont.Weight.Normal)
            for j, text in enumerate(row):
                table.cellAt(i, j).firstCursorPosition().insertText(text, small)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)

    def _picture(self, section: Section) -> None:
        image = QImage.fromData(QByteArray(section.picture))
        if image.isNull():
            return
        size = QSizeF(self._width, self._width * image.height() / image.width())
        if section.drawing:  # keeps the place where the drawing comes
            image = QImage(1, 1, QImage.Format.Format_ARGB32)
            image.fill(Qt.GlobalColor.transparent)
        self._pictures += 1
        name = QUrl(f"picture:{self._pictures}")
        self._document.addResource(QTextDocument.ResourceType.ImageResource, name, image)
        form = QTextImageFormat()
        form.setName(name.toString())
        form.setWidth(size.width())
        form.setHeight(size.height())
        self._cursor.insertBlock()
        self._cursor.insertImage(form)
        if section.drawing:
            self._drawings.append((self._cursor.block(), section.drawing, size))
        self._put(section.caption, TABLE_PT)
