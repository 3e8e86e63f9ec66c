"""Garbage is collected by the GUI thread alone, and never so long that an officer waits for it."""

from __future__ import annotations

import gc

from console.services.collector import MOST_SCANNED, GuiCollector


def test_a_worker_thread_never_collects_what_belongs_to_the_gui_thread(qtbot, qapp):
    import threading
    import time

    from PySide6.QtCore import QObject

    died_in: list[int] = []

    class Ticking(QObject):
        def __init__(self):
            super().__init__()
            self.me = self  # only the collector can free it
            self.startTimer(10)

        def __del__(self):
            died_in.append(threading.get_ident())

    Ticking()

    def work():
        kept = [[i] for i in range(200_000)]  # far more than makes Python collect by itself
        assert kept

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert died_in == []
    end = time.monotonic() + 10
    junk = []
    while not died_in and time.monotonic() < end:
        junk.append([])
        qtbot.wait(50)
        junk.extend([] for _ in range(1000))
    assert died_in == [threading.get_ident()]


def test_a_window_full_of_old_objects_is_not_searched_while_an_officer_waits(qapp, monkeypatch):
    collector = next(c for c in qapp.children() if isinstance(c, GuiCollector))
    old = [[i] for i in range(MOST_SCANNED + 1)]
    searched = []
    gc.collect(1)  # they are of the oldest generation now
    kept = gc.get_freeze_count()
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 11))
    gc.callbacks.append(noted := lambda phase, info: searched.append(info["generation"]))
    try:
        collector._tick()
        assert 2 not in searched and gc.get_freeze_count() - kept >= len(old)
        collector._tick()  # few are left: a whole search is short
        assert 2 in searched
    finally:
        gc.callbacks.remove(noted)
