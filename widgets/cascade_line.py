"""The chain where there is little height: the river with a sign for each pool, under it name, level and flows.

A text that does not fit is left out whole: half a number is another number.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from console.domain.states import State
from console.look import Look
from console.viewdata.reservoir import CascadeNode
from widgets.symbols import draw_state

CELL_PX = 134  # inflow and outflow of five figures side by side
BAND_PX = 15.0  # the river with its signs
LINE_PX = 14.5
SIGN_X = 12.0
Piece = tuple[tuple[str, ...], str, bool]  # wordings from the longest, colour token, bold


def lines_that_fit(look: Look, height: float) -> int:
    """Return how many lines of text (name, level, flows) stand under the river, 1 at least."""
    return max(1, min(3, int((height - BAND_PX * look.scale) // (LINE_PX * look.scale))))


def height_of(look: Look, lines: int) -> float:
    return (BAND_PX + LINE_PX * lines) * look.scale


def node_lines(look: Look, node: CascadeNode) -> tuple[tuple[Piece, ...], ...]:
    """Return the lines of a pool, each of pieces in the order in which they are dropped from the end."""
    tr = look.tr
    strong = node.state >= State.FLOOD_LIMIT
    arrow = {1: " ↑", -1: " ↓"}.get(node.trend, "")
    ink = node.state_token if strong else "text"
    judged = node.margin_text and node.margin_text != "—"
    against = (f"{tr('距汛限')} {node.margin_text}", node.margin_text) if judged else (node.state_word,)
    level: tuple[Piece, ...] = (((f"{node.level_text} m{arrow}",), ink, True),) if node.level_m is not None else ()
    flow = "text.faint" if node.stale else "text.dim"
    flows: tuple[Piece, ...] = tuple(
        ((f"{word} {text}",), flow, False) for word, text in ((tr("入"), node.inflow_text), (tr("出"), node.outflow_text))
    )
    return (
        (((node.name,), "text", True),),
        (*level, (against, node.state_token if strong or not judged else "text.dim", False)),
        flows if node.level_m is not None or (node.inflow_text, node.outflow_text) != ("—", "—") else (),
    )


def fitting(look: Look, pieces: Sequence[Piece], width: float) -> list[tuple[str, str, bool, float]]:
    """Return (text, token, bold, x) of the pieces that fit whole; the first is kept for the caller to cut."""
    found: list[tuple[str, str, bool, float]] = []
    x = 0.0
    for texts, token, bold in pieces:
        metrics = QFontMetricsF(look.font("small_px", bold=bold))
        text = next((t for t in texts if x + metrics.horizontalAdvance(t) <= width), "" if found else texts[0])
        if not text:
            break
        found.append((text, token, bold, x))
        x += metrics.horizontalAdvance(text) + 8
    return found


def draw_cell(painter: QPainter, look: Look, cell: QRectF, node: CascadeNode, lines: int, *, first: bool, last: bool) -> None:
    """Draw one pool of the chain."""
    scale = look.scale
    river = cell.top() + BAND_PX * scale * 0.5
    sign = QPointF(cell.left() + SIGN_X * scale, river)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.color("map.river"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QPointF(sign.x() if first else cell.left(), river), QPointF(cell.right() - (10 if last else 0), river))
    if node.branch:
        painter.setPen(QPen(look.color("map.river"), 2))
        painter.drawLine(QPointF(sign.x(), cell.top()), sign)
    painter.restore()
    draw_state(painter, look, node.state, sign, 5.2 * scale, stale=node.stale)
    left, width = cell.left() + 6 * scale, cell.width() - 10 * scale
    for i, pieces in enumerate(node_lines(look, node)[:lines]):
        row = QRectF(left, cell.top() + (BAND_PX + i * LINE_PX) * scale, width, LINE_PX * scale)
        for text, token, bold, x in fitting(look, pieces, width):
            font = look.font("small_px", bold=bold)
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.setPen(look.color(token))
            base = row.top() + (row.height() + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(
                QPointF(left + x, base), metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, width - x + 1))
            )


def node_text(look: Look, node: CascadeNode) -> str:
    """Return everything that is known of a pool, for its tip."""
    tr = look.tr
    parts = [
        f"{node.name} · {node.river} · {node.state_word}",
        f"{tr('水位')} {node.level_text} m",
        f"{tr('距汛限')} {node.margin_text} m" if node.margin_text else "",
        f"{tr('入库')} {node.inflow_text} m³/s",
        f"{tr('出库')} {node.outflow_text} m³/s",
        f"{tr('可用防洪库容')} {node.available_text} {node.available_sure}".rstrip(),
    ]
    return "\n".join(p for p in parts if p)
