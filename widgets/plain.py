"""Labels and tips that show text as it is: never markup, never a file named in it.

Qt's own QLabel and tool tips guess: text that looks like HTML is drawn as HTML, and an ``<img>``
in a station's name then draws a file of this machine. These are the only places that make them.
"""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QToolTip, QWidget


class PlainLabel(QLabel):
    """A label whose text is text; it cannot be told otherwise."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        super().setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setTextFormat(self, format: Qt.TextFormat) -> None:  # noqa: A002 - Qt's name
        if format != Qt.TextFormat.PlainText:
            raise ValueError("a plain label stays plain")


def own_drawing(svg: bytes) -> QSvgRenderer:
    """Return a drawing that this program made: its texts are escaped and it names nothing outside of itself.

    Never for a file of somebody else: a drawing may name files of this machine.
    """
    return QSvgRenderer(QByteArray(svg))


def plain_tip(text: str) -> str:
    """Return tool-tip text without the two characters that make Qt take it for markup."""
    return text.replace("<", "‹").replace("&", "＆")


def show_tip(at: QPoint, text: str, widget: QWidget) -> None:
    QToolTip.showText(at, plain_tip(text), widget)


def no_mnemonic(text: str) -> str:
    """Return button or menu text in which & is a letter, not a shortcut."""
    return text.replace("&", "&&")


def plain_document() -> QTextDocument:
    """Return an empty document to print; its text is put in by a cursor's insertText, which reads no markup."""
    return QTextDocument()
