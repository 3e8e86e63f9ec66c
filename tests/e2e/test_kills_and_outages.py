"""Any of the processes may be killed at any moment; the console stays usable and loses nothing."""

from __future__ import annotations

import time

from console.presenters.status import status
from console.store.cache_reader import CacheReader
from console.store.ops import OpsStore
from tests.gui import session_of, until
from tests.processes import eventually


def cached(profile):
    reader = CacheReader(profile)
    try:
        return {
            (s, t): v
            for s, rows in reader.windows(0, 2**31).items()
            for t, v in zip(rows[0].tolist(), rows[1].tolist(), strict=True)
        }
    finally:
        reader.close()


def served(client):
    page = client.changes("", 20000)
    return {(s, t): v for s, t, v in zip(page.sid.tolist(), page.t.tolist(), page.value.tolist(), strict=True)}


def same_everywhere(flood):
    return eventually(lambda: cached(flood.profile) == flood.ask(served) and cached(flood.profile), 25, "cache equals centre")


def test_a_killed_centre_goes_on_where_it_was(chain):
    flood = chain(rate="3600", start="2022-06-14 08:00")
    first = flood.start_central()
    flood.start_sync()
    eventually(lambda: len(cached(flood.profile)) > 300)
    before = flood.ask(lambda c: c.hello())
    first.kill()
    flood.start_central()
    after = flood.ask(lambda c: c.hello())
    assert after.epoch == before.epoch
    assert before.now_t - 3600 <= after.now_t, "the recording did not start again"
    flood.ask(lambda c: c.player({"action": "pause"}))
    rows = same_everywhere(flood)
    assert len({t for _, t in rows}) > 24


def test_a_killed_sync_process_resumes_without_hole_or_double(chain):
    flood = chain(rate="3600", start="2022-06-13 08:00")
    flood.start_central()
    for _ in range(5):
        sync = flood.start_sync()
        known = len(cached(flood.profile))
        eventually(lambda known=known: len(cached(flood.profile)) > known, what="it catches up")
        sync.kill()
    flood.ask(lambda c: c.player({"action": "pause"}))
    flood.start_sync()
    same_everywhere(flood)


def test_a_backwards_seek_is_a_new_epoch_and_the_cache_follows(chain):
    flood = chain(rate="60", start="2022-06-20 08:00")
    flood.start_central()
    flood.start_sync()
    eventually(lambda: len(cached(flood.profile)) > 500)
    epoch = flood.ask(lambda c: c.hello()).epoch
    flood.ask(lambda c: c.player({"action": "seek", "t": 1655200000}))
    assert flood.ask(lambda c: c.hello()).epoch != epoch
    eventually(lambda: (rows := cached(flood.profile)) and max(t for _, t in rows) <= 1655300000, what="the future is gone")
    flood.ask(lambda c: c.player({"action": "pause"}))
    same_everywhere(flood)


def test_entries_made_alone_reach_the_centre_and_a_second_console(chain, home, runner, hub, tmp_path):
    from console.paths import DataHome
    from tests.processes import Running

    flood = chain(rate="60", start="2022-06-22 08:00")
    central = flood.start_central()
    flood.start_sync()
    other_home = DataHome(tmp_path / "second")
    other_home.prepare()

    async def story():
        session = session_of(home, flood.source, hub)
        session.start()
        try:
            await until(lambda: session.link.state == "up" and session.desk.alarms, what="alarms arrive")
            alarm = session.desk.alarms[0]
            central.kill()
            # killed in the middle of an answer, that answer is a broken one; the next try finds nobody
            await until(lambda: session.link.state == "down", 30, "the banner knows")
            shown = status(session, str, "")
            assert "失联" in shown.banner and "自" in shown.banner and "补传" in shown.banner
            age = session.situation.now()
            await session.duty.acknowledge(alarm.alarm_id, "张三", "已电话核实 <b>")
            await session.duty.write_log("danger", "桩号 3+200 渗水", "张三")
            await session.read_outbox()
            assert session.desk.waiting == 2 and session.desk.acks[alarm.alarm_id][0].pending
            await until(lambda: session.situation.now() > age + 0.5, what="ages grow")
            flood.start_central()
            await until(lambda: session.link.state == "up", 30, "the link comes back")
            await until(lambda: session.desk.waiting == 0, 30, "the outbox drains")
            await until(lambda: session.desk.acks.get(alarm.alarm_id) and not session.desk.acks[alarm.alarm_id][0].pending)
            return alarm.alarm_id
        finally:
            await session.close()

    alarm_id = runner.run(story())
    found = flood.endpoint()
    source = found.url
    second = Running(other_home, "--source", source, "sync", env={"FLOOD_CONSOLE_TOKEN": found.token})
    try:
        profile = other_home.profile(source)
        reader = CacheReader(profile)
        acks = eventually(
            lambda: (profile.folder / "ref.db").exists() and reader.records("ack"), what="the second console has it"
        )
        assert [(b["alarm_id"], b["author"], b["note"]) for _, b in acks] == [(alarm_id, "张三", "已电话核实 <b>")]
        assert [b["text"] for _, b in reader.records("log")] == ["桩号 3+200 渗水"]
        reader.close()
    finally:
        second.stop()


def test_a_killed_desk_keeps_its_acknowledgement(chain, home, runner, hub, key):
    flood = chain(rate="60", start="2022-06-22 08:00")
    store = OpsStore(flood.profile.ops, key)
    store.add("alarm.ack", "warning:LOC00106:1", {"alarm_id": "warning:LOC00106:1", "note": "核实"}, "张三")
    store.close()  # the desk died here: saved, not sent
    flood.start_central()
    flood.start_sync()
    store = OpsStore(flood.profile.ops, key)
    eventually(lambda: store.waiting()[0] == 0, what="the sync process sends what a dead desk saved")
    store.close()
    acks = [r for r in flood.ask(lambda c: c.records("", 1000)).records if r.kind == "ack"]
    assert [(r.body["author"], r.body["note"]) for r in acks] == [("张三", "核实")]


def test_the_window_is_usable_with_no_process_at_all(chain, home, runner, hub):
    flood = chain(rate="3600", start="2022-06-22 08:00")
    central = flood.start_central()
    sync = flood.start_sync()
    eventually(lambda: len(cached(flood.profile)) > 500)
    sync.kill()
    central.kill()

    async def story():
        session = session_of(home, flood.source, hub)
        began = time.monotonic()
        session.start()
        try:
            await until(lambda: any(r.level for r in session.board.board.rows), what="the cache alone fills the screen")
            assert time.monotonic() - began < 5
            session.situation.look_at(1655700000)
            await until(lambda: session.board.board.moment == 1655700000)
            await session.duty.write_log("note", "无网络也能记", "张三")
            await session.read_outbox()
            assert session.desk.waiting == 1
        finally:
            await session.close()

    runner.run(story())
