"""The works' verdicts are those of table and map too."""

from __future__ import annotations

from types import SimpleNamespace

from console.domain.states import State
from console.presenters.map import map_view
from console.presenters.table import rows_of, tabs_of
from console.presenters.works_rows import WorksRows
from console.topics import declared_topics
from tests.rows import board_of, station_row


def plain(text):
    return text


def report(**states):
    sensors = [SimpleNamespace(sensor=SimpleNamespace(code=code), state=state) for code, state in states.items()]
    return SimpleNamespace(sensors=sensors)


def test_a_sensor_that_left_its_model_is_over_in_the_table_and_on_the_map():
    rows = [station_row(code, [1.0, 1.1], kind="sensor", element="PW", lon=113.0, lat=23.5) for code in ("A", "B", "C", "D")]
    board, keeper = board_of(*rows), WorksRows()
    reports = (report(A="alarm", B="normal", C="doubtful"),)
    judged = keeper.judged(board, reports)
    assert [(r.state, r.state_word) for r in judged.rows] == [
        (State.GUARANTEED, "超限"),
        (State.NORMAL, "限内"),
        (State.WATCH, "疑似仪器"),
        (State.UNJUDGED, "不能判定"),
    ]
    assert judged.row("A").state is State.GUARANTEED and keeper.judged(board, reports) is judged, "made once"
    topics = declared_topics()
    works = next(t for t in topics if t.code == "works")
    assert next(t for t in tabs_of(judged, topics) if t.code == "works").over == 1 and len(rows_of(judged, works)) == 4
    assert next(v for v in map_view(judged, topics, {}, None, plain).layers if v.code == "works").over == 1


def test_without_reports_the_board_is_the_same():
    board = board_of(station_row("A", [1.0], kind="sensor", element="PW"))
    assert WorksRows().judged(board, ()) is board
