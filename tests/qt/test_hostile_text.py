"""A hostile centre writes markup into every text; no view draws a file of this machine for it."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from console.domain.alarms import WORDS
from console.services.wall_control import WallControl
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.windows.frame import Frame
from console.windows.wall_screen import WallScreen
from console.windows.workspaces import WORKSPACES
from tests.gui import context_of, session_of, until
from tests.processes import make_key
from widgets.plain import PlainLabel, no_mnemonic, plain_tip, show_tip

ROOT = Path(__file__).resolve().parent.parent.parent
VIVID = QColor(255, 0, 254)
SOURCE = "live"
NOW = 1_655_877_600


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """Return markup that names a local picture of a colour that no theme has."""
    path = tmp_path_factory.mktemp("probe") / "probe.png"
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(VIVID)
    assert image.save(str(path))
    return f'<img src="file://{path}"><b>粗</b>&amp;\u202e=1+1'


def vivid(widget: QWidget) -> int:
    """Return how many pixels of a grabbed widget have the probe's colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()]
    return int(np.count_nonzero((pixels & 0xFFFFFF) == (VIVID.rgb() & 0xFFFFFF)))


def fill(home, evil):
    """Write what a hostile centre would have sent into the cache and the outbox."""
    profile = home.profile(SOURCE)
    profile.folder.mkdir(parents=True)
    text = {"river": evil, "city": evil, "datum": evil, "note": evil, "source": evil}

    def station(code, kind, **more):
        marks = [{"kind": "warning", "value": 5.0, "source": evil}]
        props = {"name": evil, "type": kind, "thresholds": marks, **text, **more}
        return {"code": code, "version": 1, "geometry": {"type": "Point", "coordinates": [113.3, 23.9]}, "properties": props}

    writer = CacheWriter(profile)
    writer.put_objects("stations", "e", [station("A", "river"), station(evil, "river"), station("B", "rain")])
    writer.put_objects("reservoirs", "e", [station("R", "reservoir", facts={"水库": evil})])
    source = {"name": evil, "kind": evil, "title": evil, "state": evil, "error": evil, "detail": evil, "notes": [evil]}
    writer.put_objects("sources", "e", [{"code": evil, "version": 1, "properties": source}])
    writer.put_objects("basins", "e", [station("C", "basin")])
    nodes = [{"code": "A", "chainage_km": 1.0}, {"code": "B", "chainage_km": 9.0}]
    writer.put_objects("reaches", "e", [{"code": "r", "version": 1, "properties": {"name": evil, "nodes": nodes}}])
    series = [(1, "A", "Z"), (2, "R", "RZ"), (3, "B", "P"), (4, "A", "Q"), (5, "C", "P")]
    docs = [
        {"code": str(s), "version": 1, "properties": {"sid": s, "object": o, "element": e, "unit": evil, "source": evil}}
        for s, o, e in series
    ]
    writer.put_objects("series", "e", docs)
    writer.put_objects(
        "events", "e", [{"code": "x", "version": 1, "properties": {"t": NOW - 3600, "text": evil, "source": evil}}]
    )
    t = np.arange(NOW - 48 * 3600, NOW + 1, 3600)
    sid = np.repeat([s for s, _, _ in series], len(t))
    ones = np.ones(len(sid), np.int64)
    writer.apply((sid, np.tile(t, len(series)), np.tile(np.linspace(4, 9, len(t)), len(series)), ones * 0, ones), "e.1")
    alarm = {"object": "A", "severity": 4, "figure": 5.0, "onset_t": NOW - 3600, "first_seen_t": NOW, "value": 6.0, "peak": 7.0}
    records = [("alarm", f"a{i}", 1, alarm | {"rule": rule}) for i, rule in enumerate(["warning", evil])]
    records += [("alarm", "a9", 1, alarm | {"rule": "warning", "object": evil, "peak": None})]
    records += [("ack", "k", 1, {"alarm_id": "a0", "author": evil, "note": evil, "at": NOW})]
    records += [("log", "l", 1, {"type": evil, "text": evil, "author": evil, "at": NOW, "object": "A"})]
    records += [
        ("response", "flood", 1, {"topic": "flood", "level": "II", "basis": evil, "author": evil, "since_t": NOW, "version": 1})
    ]
    writer.put_records(records, "e.2")
    writer.note_link(mode="live", title=evil, service=evil, last_now=str(NOW), last_ok=str(time.time()), epoch="e")
    writer.close()
    store = OpsStore(profile.ops, make_key(home))
    attached = [{"sha256": "a" * 64, "name": evil, "media": evil, "size": 9}]
    store.add("log.entry", "log", {"type": "note", "text": evil, "object": "A", "attachments": attached}, evil[:60])
    store.answered([(store.recent()[0].op_id, "rejected", evil)])
    level = store.add("response.set", "response:flood", {"topic": "flood", "level": "II", "basis": evil}, evil, base_version=1)
    theirs = {"doc": {"topic": "flood", "level": "III", "basis": evil, "version": 3}, "version": 3, "by": evil, "at": NOW}
    store.answered([(level, "conflict", "other-version")], {level: theirs})
    store.close()


def tell(session, evil):
    player = {"title": evil, "rate": 60.0, "running": True, "from_t": NOW - 9e5, "to_t": NOW + 9e5, "now_t": NOW}
    session.link.heard_clock({"mode": "replay", "service": evil, "skew_s": 0, "player": player})
    session.link.heard_link({"state": "down", "detail": evil, "since": NOW, "last_ok": NOW})
    session.login.heard({"state": "in", "name": evil, "roles": [evil], "kept": True})


def test_the_probe_would_be_seen_in_a_label_of_qts_own(qtbot, evil):
    raw = QLabel(evil)
    qtbot.addWidget(raw)
    assert vivid(raw) > 500, "this is what must not happen"
    plain = PlainLabel(evil)
    qtbot.addWidget(plain)
    assert vivid(plain) == 0 and plain.text() == evil
    with pytest.raises(ValueError):
        plain.setTextFormat(Qt.TextFormat.RichText)


def test_a_tool_tip_shows_the_letters(qtbot, evil):
    host = QWidget()
    qtbot.addWidget(host)
    host.show()
    show_tip(QPoint(10, 10), evil, host)
    tip = next(w for w in QApplication.topLevelWidgets() if w.inherits("QTipLabel"))
    assert vivid(tip) == 0 and "‹img" in tip.text()
    tip.hide()
    assert plain_tip("") == "" and no_mnemonic("R&D") == "R&&D"


def test_no_workspace_of_the_desk_draws_a_local_file(qtbot, qapp, home, hub, runner, evil):
    fill(home, evil)

    async def story():
        session = session_of(home, SOURCE, hub)
        context = context_of(qapp, session, hub, operator=evil)
        frame = Frame(context, wall=WallControl(session), problem=evil)
        frame.resize(1500, 900)
        frame.show()
        session.start()
        await until(lambda: session.board.board.rows and session.desk.log)
        tell(session, evil)
        assert evil not in session.board.stations, "a key that deceives is left out"
        session.situation.select("A")
        flat = [w.code for w in WORKSPACES if not any(p[0].endswith(".scene") for p in w.places)]
        for code in [*flat, "wall"]:
            frame.open_workspace(code)
            for selected in ("A", "R"):
                session.situation.select(selected)
                frame.open_palette()
                await _settled(frame)
                assert vivid(frame) == 0, (code, selected)
                frame.palette_.hide()
        labels = [w.text() for w in frame.findChildren(QLabel)]
        assert any("<b>" in text for text in labels), "the markup is there, as letters"
        assert all(w.textFormat() == Qt.TextFormat.PlainText for w in frame.findChildren(PlainLabel))
        for item in _plot_texts(frame):
            assert "<img" not in item.toHtml().lower() or "&lt;img" in item.toHtml()
        frame.release()
        frame.hide()
        frame.deleteLater()
        await session.close()

    runner.run(story())


def test_no_panel_of_the_wall_draws_a_local_file(qtbot, qapp, home, hub, runner, evil):
    from console.windows.panel_catalog import PANELS

    fill(home, evil)

    async def story():
        session = session_of(home, SOURCE, hub)
        screen = WallScreen(context_of(qapp, session, hub), "A1")
        screen.resize(1280, 720)
        screen.show()
        session.start()
        await until(lambda: session.board.board.rows and session.desk.log)
        tell(session, evil)
        session.situation.select("A")
        codes = [c for c in PANELS if "scene" not in c and "sandbox" not in c]
        for i in range(0, len(codes), 4):
            screen.show_tiles(tuple(codes[i : i + 4]))
            await _settled(screen)
            assert vivid(screen) == 0, codes[i : i + 4]
        screen.release()
        screen.hide()
        screen.deleteLater()
        await session.close()

    runner.run(story())


async def _settled(widget):
    import asyncio

    for _ in range(3):
        await asyncio.sleep(0.06)


def _plot_texts(frame):
    from PySide6.QtWidgets import QGraphicsTextItem, QGraphicsView

    return [i for v in frame.findChildren(QGraphicsView) for i in v.scene().items() if isinstance(i, QGraphicsTextItem)]


def test_every_rule_has_words_and_an_unknown_one_is_shown_as_letters(evil):
    assert WORDS and evil not in WORDS


FORBIDDEN = {"QMessageBox", "QTextBrowser", "QErrorMessage", "QToolTip", "QSvgRenderer", "QSvgWidget", "QTextDocument"}
CALLS = {"setHtml", "setMarkdown", "insertHtml", "appendHtml", "setWhatsThis", "setStatusTip"}


def test_no_module_makes_a_view_that_guesses_what_text_is():
    """Raw labels, tips and rich text exist in widgets/plain.py alone; tips are escaped everywhere."""
    for folder in ("widgets", "console", "scenes"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "plain.py":
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                where = f"{path.relative_to(ROOT)}:{node.lineno} {name}"
                assert name not in FORBIDDEN | CALLS | {"QLabel"}, where
                if name == "setToolTip" and not (isinstance(node.args[0], ast.Constant) and node.args[0].value == ""):
                    inner = node.args[-1]  # items of a tree name the column first
                    assert isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "plain_tip", where
                if name == "TextItem":
                    assert not any(k.arg == "html" for k in node.keywords), where
    svg = [p for p in (ROOT / "assets").rglob("*.svg")]
    assert not any(re.search(r"<image|href=|<!ENTITY", p.read_text("utf-8")) for p in svg)
