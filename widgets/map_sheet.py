"""A printed sheet of the map: title, picture with its legend and scale, time, source, who made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QPdfWriter, QPen

from console.look import Look
from widgets.map_projection import MapFrame
from widgets.map_widget import MapWidget

WIDTH, HEIGHT = 2480, 1754  # A4 across at 150 dots an inch
MARGIN, LEAST_WIDE = 60, 1200


def write_sheet(path: Path, chart: MapWidget, title: str, notes: Sequence[str]) -> None:
    """Write a PNG or, by its name, a PDF.

    Raises:
        OSError: the file could not be written.
    """
    sheet = sheet_image(chart, title, notes)
    if path.suffix.lower() != ".pdf":
        if not sheet.save(str(path)):
            raise OSError(path.name)
        return
    writer = QPdfWriter(str(path))
    writer.setResolution(150)
    writer.setTitle(title)
    size = QPageSize(QSizeF(297, 210), QPageSize.Unit.Millimeter)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    painter = QPainter()
    if not painter.begin(writer):
        raise OSError(path.name)
    painter.drawImage(QRectF(0, 0, writer.width(), writer.height()), sheet)
    painter.end()


def _frame_of(chart: MapWidget, box: QRectF) -> MapFrame:
    """Return a view of the paper's shape that shows at least what the map shows, with room for its legend."""
    width = max(chart.width(), LEAST_WIDE)
    height = round(width * box.height() / box.width())
    factor = min(width / max(1, chart.width()), height / max(1, chart.height()))
    return replace(chart.frame.sized(width, height), scale=chart.frame.scale * factor)


def sheet_image(chart: MapWidget, title: str, notes: Sequence[str]) -> QImage:
    """Return the sheet, in light colours whatever the window's: ink on paper. The map itself stays as it is."""
    look = Look("light", chart.look.language, 1.0, chart.look.family)
    paper = chart.twin(look)
    sheet = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    sheet.fill(look.color("panel"))
    painter = QPainter(sheet)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = look.font("base_px", bold=True)
    font.setPixelSize(44)
    painter.setFont(font)
    painter.setPen(look.color("text"))
    painter.drawText(QRectF(MARGIN, 24, WIDTH - 2 * MARGIN, 70), Qt.AlignmentFlag.AlignCenter, title)
    foot = 40 * len(notes) + 30
    box = QRectF(MARGIN, 104, WIDTH - 2 * MARGIN, HEIGHT - 104 - foot - 20)
    frame = _frame_of(chart, box)
    ratio = box.width() / frame.width
    picture = QImage(round(box.width()), round(box.height()), QImage.Format.Format_RGB32)
    picture.fill(look.color("panel"))
    picture.setDevicePixelRatio(ratio)
    inner = QPainter(picture)
    paper.draw(inner, frame, ratio)
    inner.end()
    paper.deleteLater()
    picture.setDevicePixelRatio(1.0)
    painter.drawImage(box, picture)
    place = box
    painter.setPen(QPen(look.color("line.strong"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place)
    font.setBold(False)
    font.setPixelSize(26)
    painter.setFont(font)
    painter.setPen(look.color("text.dim"))
    for i, note in enumerate(notes):
        painter.drawText(QRectF(MARGIN, HEIGHT - foot + 40 * i, WIDTH - 2 * MARGIN, 36), Qt.AlignmentFlag.AlignLeft, note)
    painter.end()
    return sheet
