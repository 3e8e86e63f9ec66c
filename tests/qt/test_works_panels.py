"""The works' health as an officer meets it: four panels on one judgement, with data, without, and with nonsense."""

from __future__ import annotations

import copy
import re
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QLabel

import console.services.works_health as works_health
from console.domain.objects import thing_from_doc
from console.domain.time import from_beijing
from console.domain.works import works_of
from console.drill.facts import basin_objects
from console.viewdata.works import (
    Bay,
    Fitted,
    GatesView,
    SafetyView,
    Scour,
    SectionSensor,
    SectionView,
    SensorLine,
    SubsystemCell,
    WorksBoardView,
    WorksLine,
)
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.flood_cache import fill
from tests.gui import context_of, make_look, session_of, until
from widgets.dam_safety import DamSafety
from widgets.gate_mimic import FLOW_ALPHA, GateMimic
from widgets.section_board import SectionBoard
from widgets.works_board import WorksBoard
from widgets.works_list import SubsystemBoard
from widgets.works_section import wetted

CODES = ("monitor.works", "monitor.dam_safety", "monitor.section", "monitor.gates")
FLOOD = "beijiang-2022-06"
PEAK = from_beijing("2022-06-22 14:00")
NAN = float("nan")


def with_panels(qapp, home, hub, runner, story, moment=PEAK, objects=None):
    """Open the four panels on a filled cache, run a story of them, close everything."""
    fill(home.profile("live"), FLOOD, moment, objects)

    async def run():
        session = session_of(home, "live", hub)
        context = context_of(qapp, session, hub)
        hosts = {code: PanelHost(context, code, *PANELS[code]) for code in CODES}
        try:
            session.start()
            for host in hosts.values():
                host.panel.resize(800, 500)
                host.panel.show()
                host.refresh()
            await until(
                lambda: (
                    any(h.value is not None for r in session.works.reports for h in r.sensors)
                    and any(r.level for r in session.board.board.rows)
                )
            )
            await story(session, hosts)
        finally:
            for host in hosts.values():
                host.panel.hide()
                host.release()
            await session.close()

    runner.run(run())


async def chosen(session, hosts, code):
    session.situation.select(code)
    for host in hosts.values():
        host._stale = True
        host.refresh()
        host.panel.grab()


def words(widget):
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def test_the_flood_peak_as_the_works_officer_sees_it(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        await chosen(session, hosts, "LOCSN205")
        board = hosts["monitor.works"].widget
        said = words(board)
        assert board._view.chosen == "LOCWK002" and board._view.simulated and board.chip.isVisible()
        assert (
            "可能是该断面结构或渗流的真实响应" in said
            and "建议核查" in said
            and "水下冲刷" in [a.title[:4] for a in board._view.anomalies]
        )
        states = {line.code: line.state for line in board._view.lines}
        assert states["LOCWK001"] == "doubtful", "one instrument that stepped alone is not a dam in alarm"
        assert states["LOCWK002"] == "alarm" and states["LOCWK003"] == "unknown", "a works without sensors is not sound"
        safety = hosts["monitor.dam_safety"].widget
        assert safety._view.code == "LOCSN205" and "真实响应" in safety.says.text()
        assert safety.fitted is safety._view.live and np.isfinite(safety.fitted.residual).any()
        safety.past.click()
        assert safety.fitted.t.max() < PEAK - 15 * 86400
        section = hosts["monitor.section"].widget
        assert section.picture.view.chosen == "K12" and "12+100" in hosts["monitor.section"].panel._title.text()
        section.survey.click()
        section.grab()
        assert section.scour.view.scour.state == "alarm" and "12+112" in section.scour.view.scour_says
        gates = hosts["monitor.gates"].widget
        assert gates.view.bays == ()
        await chosen(session, hosts, "LOCGT108")
        assert gates.view.works == "LOCWK001" and len(gates.view.bays) == 15
        assert [b.number for b in gates.view.bays if b.opening_m is None] == [15] and "未知 1" in gates.view.summary
        assert "基面未注明" in gates.view.datum_text, "levels of unknown datums are named as such"
        assert "基面未注明" in gates.view.upstream_text and "基面未注明" in gates.view.downstream_text
        await chosen(session, hosts, "LOC00106")
        assert gates.view.works == "LOCWK001", "a river station chosen elsewhere leaves the works as they were"

    with_panels(qapp, home, hub, runner, story)


def test_choosing_a_sensor_in_the_table_and_in_the_section_chooses_it_everywhere(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        await chosen(session, hosts, "LOCWK002")
        board = hosts["monitor.works"].widget
        first = board._view.sensors[0].code
        board.sensors.table.clicked.emit(board.sensors.model.index(0, 1))
        assert session.situation.current.selection == first
        section = hosts["monitor.section"].widget
        await chosen(session, hosts, "LOCWK002")
        place, sensor = section.picture._places[0]
        qtbot.mouseClick(section.picture, Qt.MouseButton.LeftButton, pos=place.toPoint())
        assert session.situation.current.selection == sensor.code
        section.choose.setCurrentIndex(section.choose.findData("K4"))
        section.choose.activated.emit(section.choose.currentIndex())
        assert section.picture.view.chosen == "K4", "another section can be looked at whatever sensor was chosen"

    with_panels(qapp, home, hub, runner, story)


def test_fits_are_made_off_the_gui_thread_and_once(qtbot, qapp, home, hub, runner, monkeypatch):
    threads = []
    real = works_health.assess

    def watched(*args, **more):
        threads.append(threading.current_thread())
        return real(*args, **more)

    monkeypatch.setattr(works_health, "assess", watched)

    async def story(session, hosts):
        fits = dict(session.works._fits)
        heard = []
        session.works.changed.connect(lambda: heard.append(1))
        session.situation.look_at(PEAK - 5 * 3600)
        await until(lambda: session.board.board.moment < PEAK - 4 * 3600)
        session.works.follow()
        await until(lambda: heard)
        assert session.works._fits == fits and len(fits) in (17, 34), "34: it was looked at before the moment was known"
        assert all(t is not threading.main_thread() for t in threads) and len(threads) >= 2

    with_panels(qapp, home, hub, runner, story)


def test_earlier_there_was_one_survey_and_no_scour_is_claimed(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        await chosen(session, hosts, "LOCWK002")
        view = hosts["monitor.section"].widget.scour.view
        assert view.scour.reason == "one_survey" and "只有一次" in view.scour_says
        assert "水下冲刷" not in words(hosts["monitor.works"].widget)

    with_panels(qapp, home, hub, runner, story, from_beijing("2022-06-15 08:00"))


def nonsense():
    """Return the drill's objects with every figure that a hostile centre could spoil spoilt."""
    objects = copy.deepcopy(basin_objects())
    spoilt = [NAN, float("inf"), -1e308, 1e9, "9", None, [], {"a": 1}, True]
    for n, doc in enumerate(objects["sensors"]):
        facts = doc["properties"]["facts"]
        for key in ("offset_m", "elevation_m", "chainage_m"):
            facts[key] = spoilt[n % len(spoilt)]
        facts["calibration"]["t_day"] = [facts["calibration"]["t_day"], 10**9, [1.0] * 9000, [NAN], None][n % 5]
    for n, doc in enumerate(objects["gates"]):
        facts = doc["properties"]["facts"]
        facts.update(bay=spoilt[n % 9], max_opening_m=spoilt[(n + 1) % 9], width_m=spoilt[(n + 2) % 9])
    for doc in objects["works"]:
        doc["properties"].update(subsystems=5, published="x", scour_limit_m=NAN, gate_count=10**12, **{"class": 3})
        for part in doc["properties"].get("sections", ()):
            part["profile"] = [[NAN, 1], [1e308, 2], ["a", "b"], 7, [3.0, 4.0]]
    objects["works"][1]["properties"]["level"] = {"object": 9}
    objects["surveys"][0]["properties"]["grid"]["z_m"] = [[1e308, NAN], ["x", None]]
    objects["surveys"][1]["properties"]["at"] = NAN
    return objects


def test_nonsense_from_a_centre_takes_no_panel_down(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        for code in ("LOCWK001", "LOCWK002", "LOCSN101", "LOCSN102", "LOCSN103", "LOCGT103", "nobody"):
            await chosen(session, hosts, code)
            assert not [c for c, h in hosts.items() if h.panel.crashed]
        report = session.works.report("LOCWK001")
        assert {"size", "none"} <= {h.reason for h in report.sensors}
        bays = hosts["monitor.gates"].widget.view.bays
        assert len(bays) == 15

    with_panels(qapp, home, hub, runner, story, objects=nonsense())


def test_without_works_every_panel_says_what_would_fill_it(qtbot, look):
    for widget, empty in (
        (WorksBoard(look), WorksBoardView(())),
        (SectionBoard(look), None),
        (GateMimic(look), None),
        (DamSafety(look), None),
    ):
        qtbot.addWidget(widget)
        widget.resize(600, 300)
        widget.show_view(empty)
        widget.show()
        widget.grab()
    board = WorksBoard(look)
    qtbot.addWidget(board)
    assert "works" not in board.empty.text() and "中心" in board.empty.text() and not board.split.isVisibleTo(board)


def colour_share(widget, box, color):
    """Return the share of a part of a widget that has a colour."""
    image = widget.grab(box.toRect()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()]
    return float(np.mean((pixels & 0xFFFFFF) == (color.rgb() & 0xFFFFFF)))


def mixed(ground, color, alpha):
    """Return a colour laid over another, as the painter mixes them."""
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    image.fill(ground)
    painter = QPainter(image)
    painter.fillRect(0, 0, 1, 1, QColor(color.red(), color.green(), color.blue(), alpha))
    painter.end()
    return image.pixelColor(0, 0)


def test_an_unknown_opening_is_drawn_unknown_not_closed_and_not_open(qtbot, look):
    mimic = GateMimic(look)
    qtbot.addWidget(mimic)
    mimic.resize(400, 300)
    bays = (
        Bay(1, "a", 0.0, 10.0, 14.0),
        Bay(2, "b", 5.0, 10.0, 14.0),
        Bay(3, "c", None, 10.0, 14.0, "没有开度读数"),
        Bay(4, "d", 3.0, None, None),
    )
    mimic.show_view(GatesView("w", "闸", bays))
    mimic.show()
    mimic.grab()
    boxes = {bay.number: box for box, bay in mimic._boxes}
    ground, leaf = look.color("panel"), look.color("panel.head")
    water = mixed(ground, look.color("water"), FLOW_ALPHA)
    flow = {n: colour_share(mimic, box, water) for n, box in boxes.items()}
    assert all(colour_share(mimic, box, look.color("water")) == 0 for box in boxes.values()), "no wall of saturated blue"
    gate = {n: colour_share(mimic, box, leaf) for n, box in boxes.items()}
    assert flow[1] == 0 and 0.2 < flow[2] < 0.6 and flow[3] == flow[4] == 0
    assert gate[1] > gate[2] > 0.1 and gate[3] < 0.02 and gate[4] < 0.02, "no leaf is drawn where nobody knows it is down"
    assert mimic.bay_at(boxes[3].center()).reason == "没有开度读数" and mimic.bay_at(QPointF(1, 1)) is None


def test_hundreds_of_bays_are_counted_when_they_cannot_be_drawn(qtbot, look):
    mimic = GateMimic(look)
    qtbot.addWidget(mimic)
    mimic.resize(300, 240)
    mimic.show_view(GatesView("w", "闸", tuple(Bay(n, str(n), 1.0, 2.0, 3.0) for n in range(1, 501))))
    mimic.show()
    mimic.grab()
    assert 4 < len(mimic._boxes) < 100


def safety(**more):
    t = PEAK - np.arange(100, 0, -1) * 3600.0
    model = np.linspace(1, 2, 100)
    value = model + 0.02
    fitted = Fitted(t, value, model, value - model)
    return SafetyView(
        "s",
        "渗压 1",
        "渗压水位 m",
        2,
        "normal",
        "在限内",
        more.pop("live", fitted),
        Fitted(),
        more.pop("s", 0.05),
        2.0,
        3.0,
        PEAK,
        **more,
    )


def test_the_chart_draws_readings_without_a_model_and_bands_only_where_there_is_one(qtbot, look):
    chart = DamSafety(look)
    qtbot.addWidget(chart)
    chart.resize(700, 400)
    chart.show()

    def bands():
        return [i for i in chart.top.plotItem.items if type(i).__name__ == "FillBetweenItem"]

    whole = safety()
    chart.show_view(whole)
    assert len(bands()) == 2
    holed = whole.live.model.copy()
    holed[40:50] = NAN
    chart.show_view(safety(live=Fitted(whole.live.t, whole.live.value, holed, whole.live.value - holed)))
    assert len(bands()) == 4, "no band across a stretch where the model is unknown"
    chart.show_view(safety(live=Fitted(whole.live.t, whole.live.value), s=None))
    assert bands() == [] and chart.body.isVisible()
    chart.show_view(safety(live=Fitted(whole.live.t, np.full(100, NAN)), s=NAN, causes=(("水位", NAN),)))
    chart.grab()
    assert not chart.body.isVisible() and chart.nothing.text() == "这段时间没有读数"


def test_the_water_meets_the_slope_where_the_levels_are_equal():
    levee = [(60.0, 0.0), (30.0, 4.0), (4.0, 15.0), (-4.0, 15.0)]
    assert wetted(levee, 9.5) == [(60.0, 0.0), (30.0, 4.0), (pytest.approx(17.0), 9.5)]
    assert wetted(levee, -1.0) == [] and wetted(levee, 20.0) == levee


def test_a_section_with_one_point_a_sensor_and_no_water_is_still_drawn(qtbot, look):
    board = SectionBoard(look)
    qtbot.addWidget(board)
    board.resize(400, 250)
    sensor = SectionSensor("s", "渗压", "PW", "unknown", 0.0, 0.0, "—", None)
    board.show_view(SectionView("w", "levee", "堤", (("A", "甲"),), "A", ((0.0, 0.0),), (sensor,), 2, None, "未知"))
    board.show()
    board.grab()
    assert len(board.picture._places) == 1
    board.survey.click()
    flat = Scour(
        "A", "", "normal", 2.0, ("甲", "乙"), (1, 2), "", False, np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.zeros((2, 2))
    )
    one = (np.array([0.0, 1.0]), np.array([NAN, 1.0]))
    board.show_view(
        SectionView(
            "w", "levee", "堤", scour=Scour(**{f: getattr(flat, f) for f in Scour.__slots__} | {"before": one, "after": one})
        )
    )
    board.grab()


def test_every_panel_says_which_works_it_shows_and_whether_that_is_the_selection(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        for code, name in (("LOCWK001", "飞来峡"), ("LOCSN205", "北江大堤"), ("LOCGT108", "飞来峡")):
            await chosen(session, hosts, code)
            for host in hosts.values():
                title = host.panel._title.text()
                assert name in title and title.endswith(" · 选中"), title
        await chosen(session, hosts, "LOC00106")
        assert {h.panel._title.text().split(" · ")[-1] for h in hosts.values()} == {"未选中"}

    with_panels(qapp, home, hub, runner, story)


def test_residuals_never_read_as_seconds(qtbot, qapp, home, hub, runner):
    async def story(session, hosts):
        await chosen(session, hosts, "LOCSN101")
        board, safety = hosts["monitor.works"].widget, hosts["monitor.dam_safety"].widget
        said = words(board) + str(board._view.sensors) + str(safety._view.rows) + safety.says.text()
        assert "+20.2σ" in said and not re.search(r"\d s\b|±\ds", said)
        assert safety.bottom.plotItem.getAxis("left").labelText == "残差 mm"
        assert safety._view.state == "doubtful" and "疑似仪器" in said and "超限" not in safety._view.rows[0][1]

    with_panels(qapp, home, hub, runner, story)


def test_names_of_sensors_take_the_room_that_the_figures_leave(qtbot, look):
    board = WorksBoard(look)
    qtbot.addWidget(board)
    board.resize(1120, 420)
    name = "12 号坝段坝顶水平位移（上游侧）"
    cells = ("疑似仪器", name, "水平位移", "4.54 mm", "2.99", "+20.2σ", "06-22 14:00")
    line = WorksLine("w", "飞来峡水利枢纽", "大坝", "doubtful", "疑似仪器 1")
    board.show_view(WorksBoardView((line,), "w", sensors=(SensorLine("s", "doubtful", cells),)))
    board.show()
    qtbot.waitExposed(board)
    table = board.sensors.table
    for column in range(7):
        assert table.columnWidth(column) >= table.sizeHintForColumn(column), f"{cells[column]} is cut"
    assert sum(table.columnWidth(i) for i in range(7)) == table.viewport().width()


def test_a_long_note_of_a_subsystem_is_cut_in_its_middle_and_whole_in_its_tip(qtbot, look, monkeypatch):
    board = SubsystemBoard(look)
    qtbot.addWidget(board)
    board.resize(800, 88)
    note = "石角段采集箱自 06-20 起曾多次中断，已派人更换电源，待恢复"
    board.show_cells([SubsystemCell("网络通信", "fault", "故障", None, note)])
    told = []
    plain = QPainter.drawText
    monkeypatch.setattr(QPainter, "drawText", lambda p, *a: (told.append(a[-1]), plain(p, *a))[1])
    board.grab()
    text = next(t for t in told if "故障" in t)
    assert "…" in text and text.endswith("恢复")
    assert note in board.said(board._boxes[0][0].center()) and board.said(QPointF(-5, -5)) == ""


def test_the_scour_mark_is_red_and_the_chosen_mode_differs_by_more_than_shade(qtbot, look):
    board = SectionBoard(look)
    qtbot.addWidget(board)
    board.resize(600, 300)
    board.show_view(SectionView("w", "levee", "堤", scour=Scour(state="alarm")))
    board.show()
    picture = board.survey.icon().pixmap(16, 16).toImage()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    assert middle.name() == look.color("state.guaranteed").name() and board.survey.toolTip() == "冲刷超限"
    line = look.color("accent").name()
    foot = {b.text(): line in foot_colours(b) for b in (board.sensors, board.survey)}
    assert foot == {"断面测点": True, "水下冲淤": False}
    board.show_view(SectionView("w", "levee", "堤"))
    assert board.survey.icon().isNull()


def foot_colours(button):
    image = button.grab().toImage()
    return {image.pixelColor(image.width() // 2, image.height() - k).name() for k in (1, 2)}


def test_every_label_of_the_basins_own_works_has_english(qapp):
    tr = make_look(qapp, language="en").tr
    for doc in basin_objects()["works"]:
        works = works_of(thing_from_doc("works", doc))
        own = [n for n, _, _ in works.facts] + [t for _, t, _ in works.facts] + [works.class_word]
        own += [s.note for s in works.subsystems]
        left = [text for text in own if any("\u4e00" <= ch <= "\u9fff" for ch in tr(text))]
        assert left == [], works.name
