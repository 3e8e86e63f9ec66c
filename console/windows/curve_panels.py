"""Panels of curves: the hydrograph with its tools, and stage against discharge."""

from __future__ import annotations

from console.presenters.curve_export import curve_table, rating_table
from console.presenters.curve_tools import CurveTools
from console.presenters.hydrograph import HydrographPresenter
from console.presenters.rating import RatingPresenter
from console.windows.panels import Built, Context

NEEDS = frozenset({"board", "selection", "window", "clock"})


def build_hydrograph(c: Context) -> Built:
    from widgets.hydrograph import Hydrograph  # pyqtgraph is slow to import: after the first window

    if not c.large:
        return build_curve_desk(c)
    widget = Hydrograph(c.look)
    presenter = HydrographPresenter(c.session, widget, c.look.tr, c.topics)
    widget.time_picked.connect(c.session.situation.look_at)

    def refresh() -> tuple[str, str]:
        said = presenter.refresh()
        return presenter.title or c.look.tr("过程线"), said

    return Built(widget, refresh, NEEDS, release=presenter.close, export_table=lambda: curve_table(presenter.shown, c.look.tr))


def build_monitor_hydrograph(c: Context) -> Built:
    """In the monitor workspace the figures stand open beside the curve."""
    return build_hydrograph(c) if c.large else build_curve_desk(c, page="stats")


def build_curve_desk(c: Context, page: str = "") -> Built:
    from widgets.curve_desk import CurveDesk  # pyqtgraph is slow to import: after the first window
    from widgets.name_field import sign_as

    session = c.session
    widget = CurveDesk(c.look, c.settings.operator)
    presenter = HydrographPresenter(session, widget, c.look.tr, c.topics)
    tools = CurveTools(session, presenter, widget, c.look.tr)
    plot = widget.plot
    plot.time_picked.connect(session.situation.look_at)
    plot.range_measured.connect(tools.measured)
    plot.range_cleared.connect(tools.cleared)
    plot.point_picked.connect(tools.pick)
    widget.page_opened.connect(lambda _page: tools.refresh())
    widget.stats.threshold_typed.connect(tools.threshold)
    widget.stations.ticked.connect(tools.tick_station)
    widget.stations.way_chosen.connect(tools.station_way)
    widget.past.ticked.connect(tools.tick_past)
    widget.past.way_chosen.connect(tools.past_way)
    widget.past.day_typed.connect(tools.add_day)
    widget.form.correct_requested.connect(tools.correct)
    widget.open_page(page)

    def refresh() -> tuple[str, str]:
        said = presenter.refresh()
        tools.refresh()
        sign_as(widget.form.name, session.person)
        return presenter.title or c.look.tr("过程线"), said

    def release() -> None:
        presenter.close()
        tools.close()

    table = lambda: curve_table(presenter.shown, c.look.tr)  # noqa: E731 - what is on screen at that moment
    return Built(widget, refresh, NEEDS | {"desk"}, release=release, export_table=table)


def build_rating(c: Context) -> Built:
    from widgets.rating_plot import RatingPlot  # pyqtgraph is slow to import: after the first window

    widget = RatingPlot(c.look)
    presenter = RatingPresenter(c.session, widget, c.look.tr)

    def refresh() -> tuple[str, str]:
        said = presenter.refresh()
        return presenter.title or c.look.tr("水位流量关系"), said

    return Built(widget, refresh, NEEDS, release=presenter.close, export_table=lambda: rating_table(presenter.shown, c.look.tr))
