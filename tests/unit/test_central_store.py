"""The centre's store on SQLite and on PostgreSQL: the same stories, and no reading is ever skipped."""

from __future__ import annotations

import math
import threading

import psycopg
import pytest

from console.central.postgres import StoreUnavailable, check_url, dialect, open_postgres, place_of, translated
from console.central.repository import open_repository
from console.central.store_core import SeriesKey
from console.central.verdict import Verdict
from console.errors import ConsoleError
from tests.processes import eventually

T = 1_655_860_000


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Return how to open the same store once more."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else ""
    opened = []

    def again(source="live"):
        opened.append(open_repository(tmp_path, source, url))
        return opened[-1]

    yield again
    for repo in opened:
        repo.close()


@pytest.fixture
def repo(place):
    return place()


def level(repo, code="81201800"):
    return repo.ensure_series(SeriesKey(code, "Z", "m"))


def test_a_correction_is_a_new_revision_and_a_repeat_is_nothing(repo):
    sid = level(repo)
    assert repo.commit_rows([(sid, T, 10.0, 0)]) == [(sid, T, 10.0, 0)]
    assert repo.commit_rows([(sid, T, 10.0, 0)]) == []
    assert repo.commit_rows([(sid, T, 10.2, 0), (sid, T + 3600, None, 2)])
    rows, upto, more = repo.changes(0, 10)
    assert [r[:5] for r in rows] == [(sid, T, 10.2, 0, 2), (sid, T + 3600, None, 2, 1)] and not more
    assert repo.changes(upto, 10) == ([], upto, False)
    assert [r[:3] for r in repo.latest()] == [(sid, T + 3600, None)]


def test_a_missing_value_stays_missing(repo):
    sid = level(repo)
    repo.commit_rows([(sid, T, math.nan, 0)])
    assert repo.latest()[0][2] is None


def test_ten_thousand_readings_come_back_page_by_page_in_both_orders(repo):
    sids = [level(repo, f"s{i}") for i in range(4)]
    assert len(repo.commit_rows([(sid, T + k * 300, k / 7, 0) for k in range(700) for sid in sids])) == 2800
    seen, after, more = [], 0, True
    while more:
        rows, after, more = repo.changes(after, 1000)
        seen += rows
    assert [r[5] for r in seen] == list(range(1, 2801)) and seen[-1][2] == 699 / 7
    ordered = [r for page in repo.in_series_order(T, T + 3000, 10) for r in page]
    assert [(r[0], r[1]) for r in ordered] == sorted((r[0], r[1]) for r in ordered) and len(ordered) == 44
    assert repo.extent() == (T, T + 699 * 300)


def test_a_deleted_reading_leaves_a_tombstone(repo):
    sid = level(repo)
    repo.commit_rows([(sid, T, 10.0, 0)])
    repo.delete_row(sid, T)
    repo.delete_row(sid, T)
    assert repo.tombs(0, repo.seq) == [(sid, T, 2)] and repo.changes(0, 5)[0] == []


def test_an_answer_and_its_effect_are_kept_together(repo):
    entry = {"text": "巡堤发现管涌\0", "by": "张三"}
    applied = Verdict("applied", records=(("log", "op-1", entry),))
    assert repo.judge_op("op-1", "h", "张三", lambda _known: applied) == (None, applied)
    earlier, verdict = repo.judge_op("op-1", "h", "张三", lambda _known: pytest.fail("judged twice"))
    assert (earlier, verdict.status) == ("h", "applied") and len(repo.records("log")) == 1
    assert repo.records("log")[0][1]["by"] == "张三"

    def breaks(_known):
        raise ValueError("rule")

    with pytest.raises(ValueError, match="rule"):
        repo.judge_op("op-2", "h", "张三", breaks)
    assert repo.judge_op("op-2", "h", "张三", lambda _known: applied)[0] is None, "nothing was kept of the broken try"
    assert repo.record_changes(0, 5)[0][0][:3] == ("log", "op-1", 2)


def test_an_alarm_lands_with_its_reading_or_not_at_all(repo):
    sid = level(repo)

    def breaks(_fresh):
        raise ValueError("rule")

    with pytest.raises(ValueError, match="rule"):
        repo.commit_rows([(sid, T, 10.0, 0)], breaks)
    assert repo.changes(0, 5)[0] == []
    repo.commit_rows([(sid, T, 10.0, 0)], lambda fresh: [("alarm", "a1", {"n": len(fresh)})], place="7")
    assert [(i, b["n"]) for i, b in repo.records("alarm")] == [("a1", 1)] and repo.meta("place") == "7"


def test_objects_rooms_and_files_are_replaced_whole(repo):
    repo.put_objects("stations", [{"code": "b", "version": 1}, {"code": "a", "version": 1, "properties": {"name": "石角"}}])
    repo.put_objects("stations", [{"code": "b", "version": 2}])
    repo.drop_object("stations", "a")
    assert repo.objects("stations") == [{"code": "b", "version": 2}]
    assert repo.put_room("wall", {"view": 1}) == 1 and repo.put_room("wall", {"view": 2}) == 2
    assert repo.room("wall") == (2, {"view": 2}) and repo.room("other") is None
    repo.put_file("f", "预案.pdf", "application/pdf", 3, "aa")
    repo.put_file("f", "预案.pdf", "application/pdf", 4, "bb")
    assert repo.file("f") == ("预案.pdf", "application/pdf", "bb") and repo.file("g") is None
    assert repo.objects("series") == [] and level(repo) == level(repo)
    assert repo.objects("series")[0]["properties"]["object"] == "81201800"


def test_going_back_in_a_recording_begins_a_new_epoch(repo):
    sid, before = level(repo), repo.epoch
    repo.commit_rows([(sid, T, 10.0, 0), (sid, T + 60, 11.0, 0)])
    alarm = {"first_seen_t": T, "onset_t": T, "cleared_t": T + 60, "peak_t": T + 60, "peak": 11.0, "value": 10.0}
    repo.put_records([("alarm", "old", alarm), ("alarm", "new", alarm | {"onset_t": T + 60}), ("log", "l", {})])
    repo.rewind(T, player_t="1")
    assert repo.epoch != before and repo.meta("player_t") == "1"
    assert [r[1] for r in repo.changes(0, 5)[0]] == [T]
    assert [(i, b["cleared_t"]) for i, b in repo.records("alarm")] == [("old", None)] and repo.records("log")


def test_what_an_import_writes_beside_the_service_is_noticed(place):
    service, beside = place(), place()
    before = service.data_version()
    service.set_meta(own="1")
    assert service.data_version() == before, "its own writing is not news"
    beside.commit_rows([(level(beside), T, 1.0, 0)])
    assert service.data_version() != before
    assert service.changes(0, 5)[0][0][1] == T and service.epoch == beside.epoch


def test_everything_is_there_after_a_restart(place):
    first = place()
    first.commit_rows([(level(first), T, 1.0, 0)])
    epoch, seq = first.epoch, first.seq
    again = place()
    assert (again.epoch, again.seq) == (epoch, seq)


def test_two_writers_at_once_and_a_reader_that_follows_misses_nothing(place):
    """Each writer pauses between taking its numbers and committing; the reader polls all the while."""
    reader, writers = place(), [place(), place()]
    sids = [level(writers[0], "a"), level(writers[1], "b")]
    done, pause = threading.Event(), threading.Event()

    def write(k):
        for n in range(25):
            writers[k].commit_rows([(sids[k], T + n, float(n), 0)], lambda _fresh: pause.wait((n * 7 + k) % 5 / 1000) or ())

    threads = [threading.Thread(target=write, args=(k,)) for k in (0, 1)]
    seen, after = [], 0

    def follow():
        nonlocal after
        while True:
            last = done.is_set()
            rows, after, _ = reader.changes(after, 3)
            seen.extend((r[0], r[1]) for r in rows)
            if last and not rows:
                return

    following = threading.Thread(target=follow)
    for thread in (following, *threads):
        thread.start()
    for thread in threads:
        thread.join(30)
    done.set()
    following.join(30)
    assert sorted(seen) == sorted((sid, T + n) for sid in sids for n in range(25))


def test_numbers_from_a_bigserial_lose_readings(postgres):
    """The control of the story above: the same interleaving on a naive table is caught losing one."""
    with (
        psycopg.connect(postgres) as slow,
        psycopg.connect(postgres) as quick,
        psycopg.connect(postgres, autocommit=True) as reader,
    ):
        reader.execute("create table naive(seq bigserial, v integer)")
        slow.execute("insert into naive(v) values(1)")  # takes seq 1, commits late
        quick.execute("insert into naive(v) values(2)")
        quick.commit()
        seen = reader.execute("select seq,v from naive where seq>0 order by seq").fetchall()
        slow.commit()
        seen += reader.execute("select seq,v from naive where seq>%s order by seq", (seen[-1][0],)).fetchall()
    assert [v for _, v in seen] == [2], "the reading with seq 1 must be lost here, or the story above proves nothing"


def test_a_restart_of_the_database_is_survived(postgres_server, postgres, tmp_path):
    repo = open_repository(tmp_path, "live", postgres)
    sid = level(repo)
    repo.commit_rows([(sid, T, 1.0, 0)])
    postgres_server.stop("fast")
    with pytest.raises(StoreUnavailable):
        repo.commit_rows([(sid, T + 1, 2.0, 0)])
    with pytest.raises(StoreUnavailable):
        repo.latest()
    postgres_server.start()

    def back():
        try:
            return repo.commit_rows([(sid, T + 1, 2.0, 0)])
        except StoreUnavailable:
            return []

    assert eventually(back, 10)
    assert [r[5] for r in repo.changes(0, 9)[0]] == [1, 2]
    postgres_server.stop("fast")  # noticed only at the next statement: a quick restart costs no error
    postgres_server.start()
    assert repo.commit_rows([(sid, T + 2, 3.0, 0)])
    repo.close()


def test_a_writer_that_waits_too_long_gives_up_and_can_go_on(postgres, tmp_path, monkeypatch):
    monkeypatch.setattr("console.central.postgres.LOCK_MS", 100)
    one, two = open_repository(tmp_path, "live", postgres), open_repository(tmp_path, "live", postgres)
    sid = level(one)

    def long_one(_fresh):
        with pytest.raises(StoreUnavailable):
            two.set_meta(x="1")
        return ()

    assert one.commit_rows([(sid, T, 1.0, 0)], long_one)
    two.set_meta(x="2")
    assert one.meta("x") == "2"
    one.close()
    two.close()


def test_a_second_service_on_one_database_is_refused_until_the_first_is_gone(postgres, tmp_path, monkeypatch):
    first = open_repository(tmp_path, "live", postgres, sole=True)
    with monkeypatch.context() as hurry, pytest.raises(ConsoleError, match="另一台"):
        hurry.setattr("console.central.postgres.CLAIM_MS", 200)
        open_repository(tmp_path, "live", postgres, sole=True)
    beside = open_repository(tmp_path, "live", postgres)  # an import
    beside.close()
    first.close()
    open_repository(tmp_path, "live", postgres, sole=True).close()


def test_sources_share_a_database_without_mixing(place):
    live, film = place("live"), place("beijiang-2022-06")
    live.set_meta(x="1")
    if live._db.__class__.__name__ == "PostgresConnection":
        assert film.meta("x") == "" and film.epoch != live.epoch


def test_a_database_that_is_not_there_is_said_in_words():
    with pytest.raises(ConsoleError, match="连不上") as told:
        open_postgres("postgresql://console@127.0.0.1:1/fcc", "fcc_live", ())
    assert "启动" in told.value.next_step and place_of("postgresql://u@h:5/d") == "h:5/d"


@pytest.mark.parametrize(("url", "word"), [("postgresql://u:secret@h/d", "密码"), ("postgres=://", "地址")])
def test_an_address_with_a_password_or_none_at_all_is_refused(url, word):
    with pytest.raises(ConsoleError, match=word) as told:
        check_url(url)
    assert "secret" not in str(told.value)


def test_statements_and_tables_are_put_into_the_other_dialect():
    assert translated("select '?%' where a=? and b like ?") == "select '?%%' where a=%s and b like %s"
    assert dialect("create table s(sid integer primary key, v real) strict, without rowid") == (
        "create table s(sid bigint generated by default as identity primary key, v double precision)"
    )
