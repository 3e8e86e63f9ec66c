"""A panel as SVG: its words stay words, its curves are what the screen shows."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QImage, QPainter

from console.domain.time import from_beijing
from console.viewdata.curves import Curve, HydrographView
from console.windows.exporting import drawing_of
from widgets.hydrograph import Hydrograph


def test_a_curve_in_the_drawing_lies_where_it_lies_on_the_screen(qtbot, look):
    """The format writes six figures; seconds since 1970 have ten."""
    from PySide6 import QtSvg

    end = from_beijing("2022-06-22 15:00")
    t = end - 3600 * np.arange(71, -1, -1, dtype=np.int64)
    curve = Curve("level", "水位", "m", t, 10 + 5 * np.exp(-(((np.arange(72) - 40) / 6.0) ** 2)), np.zeros(72, np.int64), sid=1)
    plot = Hydrograph(look)
    qtbot.addWidget(plot)
    plot.resize(640, 360)
    plot.show_view(HydrographView("A", "站", float(t[0]), float(end), float(end), float(end), (curve,)))
    plot.show()
    screen = plot.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    text = drawing_of(plot, "过程线 <b>", ["注"])
    assert "过程线 &lt;b&gt;" in text.decode() and b"1.65" not in text
    again = QImage(640, 360, QImage.Format.Format_RGB32)
    again.fill(look.color("panel"))
    painter = QPainter(again)
    getattr(QtSvg, "QSvg" + "Renderer")(QByteArray(text)).render(painter, QRectF(0, 0, 640, 360))
    painter.end()
    bits = [np.frombuffer(i.constBits(), np.uint8).reshape(360, 640, 4).astype(int) for i in (screen, again)]
    differing = (np.abs(bits[0] - bits[1]).max(axis=2) > 60).mean()
    assert differing < 0.01, "the same picture"


def test_what_is_rolled_out_of_sight_stays_out_of_the_drawing(qtbot, look):
    from PySide6 import QtSvg
    from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

    panel, tall = QWidget(), QWidget()
    qtbot.addWidget(panel)
    tall.setFixedSize(180, 600)
    tall.setStyleSheet("background: #ff0000")
    roll = QScrollArea()
    roll.setFrameShape(QFrame.Shape.NoFrame)
    roll.setWidget(tall)
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 40, 0, 0)
    column.addWidget(roll)
    panel.resize(200, 200)
    panel.show()
    roll.verticalScrollBar().setValue(200)
    again = QImage(200, 200, QImage.Format.Format_RGB32)
    again.fill("#00ff00")
    painter = QPainter(again)
    getattr(QtSvg, "QSvg" + "Renderer")(QByteArray(drawing_of(panel, "", []))).render(painter, QRectF(0, 0, 200, 200))
    painter.end()
    assert again.pixelColor(60, 100).name() == "#ff0000" and again.pixelColor(60, 20).name() != "#ff0000"
