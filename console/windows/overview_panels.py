"""The overview of the regimes and the sentences of what is going on, as panels."""

from __future__ import annotations

from console.presenters.overview import happenings
from console.presenters.regimes import Regimes, tiles
from console.windows.panels import Built, Context
from widgets.overview import HappeningList, Overview


def build_overview(c: Context) -> Built:
    widget = Overview(c.look)
    session = c.session
    if not c.large:
        widget.setFixedHeight(round(100 * c.look.scale))

    def refresh() -> str:
        session.works.follow()
        seen = Regimes(session.board.board, c.topics, session.board.things, session.works.reports)
        widget.show_tiles(tiles(seen, session.desk, c.look.tr))
        return c.look.tr("点一格看清单，Esc 返回") if not c.large else ""

    widget.topic_chosen.connect(session.situation.look_into)
    session.works.changed.connect(refresh)

    def release() -> None:
        session.works.changed.disconnect(refresh)

    return Built(widget, refresh, frozenset({"board", "desk"}), release=release, asks=widget.panel_wanted)


def build_happening(c: Context) -> Built:
    widget = HappeningList(c.look)
    session = c.session
    widget.selected.connect(session.situation.select)

    def refresh() -> str:
        board, desk = session.board.board, session.desk
        items = happenings(desk.alarms, board, session.board.name_of, c.look.tr, desk.acks)
        widget.show_items(items, known=desk.loaded, judged=any(r.judged for r in board.rows))
        active = sum(1 for a in desk.alarms if a.active_at(board.moment))
        return f"{len(items)} {c.look.tr('处')} · {active} {c.look.tr('条活动告警')}" if items else ""

    return Built(widget, refresh, frozenset({"board", "selection", "desk"}))
