"""A course over hours: dragged, typed, and the same figures in the plot, the table and the form's row."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from console.viewdata.consult import Change, Draft, Target
from widgets.scenario_form import ScenarioDesk, ScenarioForm, points_of
from widgets.schedule_editor import ScheduleEditor, course


@pytest.fixture
def editor(qtbot, look):
    made = ScheduleEditor(look)
    qtbot.addWidget(made)
    made.edit("飞来峡 出库", "m³/s", ((0.0, 9000.0), (24.0, 12000.0), (48.0, 8000.0)), 72.0, stepped=True)
    qtbot.waitExposed(made)
    return made


def at(editor, hour, value):
    return editor.plot.plotItem.vb.mapViewToScene(QPointF(hour, value))


def test_a_point_is_dragged_and_keeps_between_its_neighbours(editor):
    told = []
    editor.edited.connect(told.append)
    assert editor.take(at(editor, 24.0, 12000.0))
    editor.drag(at(editor, 30.0, 10000.0))
    assert told[-1][1] == (30.0, pytest.approx(10000.0, rel=0.02))
    editor.drag(at(editor, 70.0, -500.0))
    assert told[-1][1] == (47.0, 0.0), "not past the next point, and never below nothing"
    editor.let_go()
    assert not editor.take(at(editor, 60.0, 1000.0)), "there is no point"
    editor.drag(at(editor, 60.0, 1000.0))
    assert len(told) == 2
    assert editor.take(at(editor, *editor.points[0]))
    editor.drag(at(editor, 5.0, 7000.0))
    assert editor.points[0][0] == 0.0, "the start stays at the start"


def test_the_table_has_the_same_figures_and_a_typed_one_moves_the_curve(editor):
    assert [editor.table.item(1, j).text() for j in (0, 1)] == ["24", "12000"]
    editor.table.item(1, 1).setText("15000")
    assert editor.points[1] == (24.0, 15000.0)
    editor.table.item(3, 0).setText("60")
    assert len(editor.points) == 3, "half a row is no point yet"
    editor.table.item(3, 1).setText("7000")
    assert editor.points[-1] == (60.0, 7000.0) and editor.table.rowCount() == 5
    editor.table.item(0, 1).setText("viel")
    assert editor.points[0] == (0.0, 9000.0)
    editor.table.item(0, 1).setText("9000")
    editor.table.item(2, 0).setText("")
    assert [h for h, _ in editor.points] == [0.0, 24.0, 60.0]
    editor.add(at(editor, 12.2, 5000.0))
    assert 12.0 in [h for h, _ in editor.points]


def test_a_release_holds_until_the_next_point_and_an_inflow_goes_straight():
    x, y = course([0.0, 24.0], [1.0, 3.0], 72.0, stepped=True)
    assert np.interp(23.9, x, y) == pytest.approx(1.0) and y[-1] == 3.0 and x[-1] == 72.0
    x, y = course([0.0, 24.0], [1.0, 3.0], 72.0, stepped=False)
    assert np.interp(12.0, x, y) == pytest.approx(2.0) and np.interp(60.0, x, y) == pytest.approx(3.0)


def test_what_is_drawn_stands_in_the_row_and_only_courses_can_be_drawn(qtbot, look):
    form = ScenarioForm(look)
    qtbot.addWidget(form)
    form.show_targets((Target("feilaixia", "飞来峡", ("keep", "release")),))
    changes = (Change("release", "feilaixia", "0 9000; 6 12000; 坏"), Change("keep", "feilaixia", "22"))
    form.show_draft(Draft("甲", "张三", 72, changes))
    assert not form.rows[0].draw.isHidden() and form.rows[1].draw.isHidden()
    form.rows[0].draw.click()
    assert form.editor.points == ((0.0, 9000.0), (6.0, 12000.0)) and "飞来峡" in form.editor.windowTitle()
    form.editor.table.item(1, 1).setText("13000")
    assert form.rows[0].text.text() == "0 9000; 6 13000"
    assert points_of("6,2; x y; 7; 0 1") == ((0.0, 1.0), (6.0, 2.0))
    form.rows[0].remove.click()
    assert form.editor is None, "what it was about is gone"


def test_the_editor_follows_what_is_typed_beside_it_and_goes_with_what_it_was_about(qtbot, look):
    form = ScenarioForm(look)
    qtbot.addWidget(form)
    form.show_targets((Target("feilaixia", "飞来峡", ("keep", "release")), Target("lubao", "芦苞", ("release",))))
    form.show_draft(Draft("甲", "张三", 72, (Change("release", "feilaixia", "0h 9000; 6h 12000"),)))
    row = form.rows[0]
    row.draw.click()
    assert form.editor.points == ((0.0, 9000.0), (6.0, 12000.0)), "as the form reads it"
    row.text.setText("0 5000; 12 7000")
    row.text.textEdited.emit(row.text.text())
    assert form.editor.points == ((0.0, 5000.0), (12.0, 7000.0))
    form.lead.setCurrentIndex(0)
    assert form.editor is None, "it shows another lead time"
    row.draw.click()
    row.kind.setCurrentIndex(row.kind.findData("keep"))
    assert form.editor is None
    row.text.setText("0 1e309; 3 nan; 4 5")
    assert points_of(row.text.text()) == ((4.0, 5.0),)


def test_a_figure_that_is_none_is_said_and_points_close_together_stay_where_they_are(editor):
    editor.table.item(1, 1).setText("-5")
    assert "曲线还没有改" in editor.said.text() and editor.points[1] == (24.0, 12000.0)
    editor.table.item(1, 1).setText("1e308")
    assert "200000" in editor.said.text()
    editor.table.item(1, 1).setText("13000")
    assert "曲线还没有改" not in editor.said.text() and editor.points[1] == (24.0, 13000.0)
    editor.edit("x", "m³/s", ((5.0, 9000.0), (5.5, 11000.0), (6.0, 8000.0)), 72.0, stepped=True)
    assert editor.take(at(editor, 5.5, 11000.0))
    editor.drag(at(editor, 20.0, 10000.0))
    assert [h for h, _ in editor.points] == [5.0, 5.5, 6.0]


def test_a_copy_says_whose_it_was_and_an_unsaved_form_outlives_another_theme(qtbot, look):
    form, desk = ScenarioForm(look), ScenarioDesk()
    qtbot.addWidget(desk)
    desk.put(ScenarioForm(look), form)
    form.show_targets((Target("feilaixia", "飞来峡", ("keep",)),))
    form.show_draft(Draft("甲", "张三", 96, (Change("keep", "nanshui", "200"),)))
    assert form.draft().lead_h == 96 and form.draft().changes[0].target == "nanshui", "not another reservoir's"
    kept = desk.draft()
    form.reset()
    desk.restore_draft(kept)
    assert form.draft() == Draft("甲", "张三", 96, (Change("keep", "nanshui", "200"),))
    form.reset()
    assert desk.draft() == {}
