"""SL 323 databases as installations have bent them: keys, types, zones, sentinels; proved, and never written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import psycopg
import pytest

from backend_client.adapters.harvest import BAD, MANUAL, MEASURED, SUSPECT
from backend_client.adapters.sl323.database import PostgresDatabase, SqliteDatabase
from backend_client.adapters.sl323.mapping import BadMapping, load
from backend_client.adapters.sl323.source import Sl323Source
from backend_client.adapters.sl323.standard import interval_s
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from console.store.sqlite import open_reader
from tests.interop.postgres import postgres  # noqa: F401 a fixture

T8 = 1717200000  # 2024-06-01 08:00 in Beijing
STANDARD = """
name = "北江水情库"
[tables.river]
[tables.rain]
[tables.reservoir]
"""
TABLES = """
create table ST_STBPRP_B (STCD char(8) primary key, STNM varchar(30), LGTD numeric(10,6), LTTD numeric(10,6), DTMNM varchar(16), MPCD varchar(4));
create table ST_RIVER_R (STCD char(8), TM timestamp, Z numeric(7,3), Q numeric(9,3), WPTN char(1), primary key (STCD, TM));
create table ST_PPTN_R (STCD char(8), TM timestamp, DRP numeric(5,1), INTV numeric(5,2), DYP numeric(5,1));
create table ST_RSVR_R (STCD char(8), TM timestamp, RZ numeric(7,3), INQ numeric(9,3), OTQ numeric(9,3), W numeric(9,3), RWPTN char(1));
insert into ST_STBPRP_B values ('81100100', '石角', 112.96, 23.56, '珠基', 'x'), ('8110', '飞来峡', 113.2, 23.8, '珠基', null);
insert into ST_RIVER_R values ('81100100', '2024-06-01 08:00:00', 10.25, 8000, '5'), ('81100100', '2024-06-01 09:00:00', 10.55, null, '5'),
 ('81100100', '2024-06-01 10:00:00', -9991, 8200, '5'), ('8110', '2024-06-01 08:00:00', 24.1, null, '6');
insert into ST_PPTN_R values ('81100100', '2024-06-01 08:00:00', 12.5, 1.00, 40), ('81100100', '2024-06-01 08:30:00', 3.5, 0.30, null),
 ('81100100', '2024-06-01 09:00:00', 4.0, 1.00, null);
insert into ST_RSVR_R values ('8110', '2024-06-01 08:00:00', 24.0, 3000, 3100, 190.5, '4');
"""


def lite(tmp_path, mapping=STANDARD, script=TABLES, timeout=5.0):
    path = tmp_path / "sl323.db"
    with sqlite3.connect(path) as db:
        db.executescript(script)
    db.close()

    def opened(p):
        return sqlite3.connect(f"file:{p}?mode=ro", uri=True, isolation_level=None)

    return Sl323Source(SqliteDatabase(path, opened, timeout), load(mapping))


def test_the_projects_own_way_to_open_sqlite_serves_here_too(tmp_path):
    lite(tmp_path).close()
    source = Sl323Source(SqliteDatabase(tmp_path / "sl323.db", open_reader, 5.0), load(STANDARD))
    assert source.read(source.series(), T8, T8 + 7200).complete
    with pytest.raises(BackendUnavailable):
        list(source._db.rows("delete from ST_RIVER_R", ()))
    source.close()
    (tmp_path / "junk.db").write_bytes(b"junk" * 500)
    with pytest.raises(WireFormatError, match="not a SQLite file"):
        SqliteDatabase(tmp_path / "junk.db", open_reader, 5.0)


@pytest.fixture
def make(request, tmp_path):
    made = []

    def build(kind, mapping=STANDARD, script=TABLES):
        if kind == "sqlite":
            made.append(lite(tmp_path, mapping, script))
        else:
            dsn = request.getfixturevalue("postgres")
            with psycopg.connect(dsn, autocommit=True) as db:
                db.execute("drop schema public cascade; create schema public")
                db.execute(script)
            made.append(Sl323Source(PostgresDatabase(dsn, 5.0), load(mapping)))
        return made[-1]

    yield build
    for source in made:
        source.close()


def one(harvest, key):
    part = next(p for p in harvest.parts if p.key == key)
    return {int(t): (None if np.isnan(v) else round(float(v), 3), int(q)) for t, v, q in zip(part.t, part.value, part.quality)}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_standard_database_needs_no_mapping_beyond_which_tables_there_are(make, kind):
    source = make(kind)
    seen = source.probe()
    assert seen.title == "北江水情库" and dict(seen.traits)["cursor:river"] == "window"
    series = {s.key: s for s in source.series()}
    assert set(series) == {
        "river:81100100:Z", "river:81100100:Q", "river:8110:Z", "rain:81100100:DRP:3600", "rain:81100100:DRP:1800",
        "reservoir:8110:RZ", "reservoir:8110:INQ", "reservoir:8110:OTQ", "reservoir:8110:W",
    }  # fmt: skip
    assert series["river:81100100:Z"].station_name == "石角" and series["river:81100100:Z"].datum == "珠基"
    assert series["rain:81100100:DRP:1800"].interval_s == 1800, "0.30 is thirty minutes"
    got = source.read(list(series.values()), T8, T8 + 7200)
    assert got.complete and got.expected == got.got and not got.gaps
    assert one(got, "river:81100100:Z") == {T8: (10.25, MEASURED), T8 + 3600: (10.55, MEASURED), T8 + 7200: (None, MEASURED)}
    assert one(got, "river:81100100:Q") == {T8: (8000.0, 0), T8 + 3600: (None, 0), T8 + 7200: (8200.0, 0)}
    assert one(got, "river:8110:Z") == {T8: (24.1, 0)}, "a code shorter than CHAR(8) is found"
    assert one(got, "rain:81100100:DRP:3600") == {T8: (12.5, 0), T8 + 3600: (4.0, 0)}, "half hours are not hours"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_vendor_has_renamed_everything_and_marks_corrections(make, kind):
    mapping = """
zone = "UTC"
missing = [-1]
[stations]
table = "site"
code = "st_id"
name = "label"
[tables.river]
table = "my stage"
code = "st_id"
code_type = "integer"
time = "tm_ms"
time_type = "epoch_ms"
modified = "LMT"
trend = ""
quality = "flag"
quality_codes = { 0 = "measured", 3 = "manual" }
[tables.river.values.Z]
column = "z%cm"
unit = "cm"
"""
    script = """
create table site (st_id integer, label text);
create table "my stage" (st_id integer, tm_ms bigint, "z%cm" float, flag integer, "LMT" bigint);
insert into site values (17, '清远');
insert into "my stage" values (17, 1717200000000, 1010, 0, 1717200060000), (17, 1717203600000, 1020, 3, 1717203660000),
 (17, 1717203600000, 1025, 3, 1717290000000), (17, 1717207200000, -1, 7, 1717207200000), (17, 1717210800000, 99900000, 0, 1717210800000);
"""
    source = make(kind, mapping, script)
    (series,) = source.series()
    assert (series.key, series.station_name, series.factor) == ("river:17:z%cm", "清远", 0.01)
    got = source.read([series], T8, T8 + 86400)
    assert one(got, series.key) == {
        T8: (10.1, MEASURED), T8 + 3600: (10.25, MANUAL), T8 + 7200: (None, SUSPECT), T8 + 10800: (999000.0, BAD),
    }  # fmt: skip
    assert got.unknown_quality == ("7",)
    late = source.changed_since([series], 1717290000)
    assert one(late, series.key) == {T8 + 3600: (10.25, MANUAL)}, "a correction a day later is found by its own time"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_modification_time_may_be_kept_in_another_form_than_the_time(make, kind):
    mapping = "[tables.river]\ntime_type = 'epoch_s'\nmodified = 'MODITIME'"
    script = "create table ST_RIVER_R (STCD text, TM bigint, Z real, Q real, WPTN text, MODITIME timestamp); insert into ST_RIVER_R values ('A', 1717200000, 1.5, null, null, '2024-06-01 08:01:00'), ('A', 1717203600, 2.5, null, null, '2024-06-03 10:00:00');"
    source = make(kind, mapping, script)
    assert dict(source.probe().traits)["modified_since"] == "yes"
    assert one(source.changed_since(source.series(), T8 + 2 * 86400), "river:A:Z") == {T8 + 3600: (2.5, 0)}


def test_without_a_modification_time_windows_are_the_only_way(make):
    source = make("sqlite")
    assert dict(source.probe().traits)["modified_since"] == "no"
    with pytest.raises(BackendRefused, match="no-modification-time"):
        source.changed_since(source.series(), 0)


def test_postgres_columns_with_a_zone_are_instants_whatever_the_session_thinks(make):
    script = TABLES.replace("TM timestamp", "TM timestamptz").replace(":00:00'", ":00:00+00'").replace(":30:00'", ":30:00+00'")
    source = make("postgres", script=script)
    z = next(s for s in source.series() if s.key == "river:81100100:Z")
    noon = T8 + 8 * 3600
    assert one(source.read([z], noon, noon + 3600), z.key) == {noon: (10.25, 0), noon + 3600: (10.55, 0)}


def test_between_two_reads_no_transaction_stays_open_and_new_rows_are_seen(make, postgres):  # noqa: F811
    source = make("postgres")
    z = [s for s in source.series() if s.key == "river:8110:Z"]
    with psycopg.connect(postgres, autocommit=True) as db:
        states = db.execute("select state from pg_stat_activity where application_name = 'flood-console reader'").fetchall()
        assert states and {s for (s,) in states} == {"idle"}
        db.execute("insert into ST_RIVER_R values ('8110', '2024-06-01 09:00:00', 24.5, null, '5')")
    assert one(source.read(z, T8, T8 + 3600), "river:8110:Z") == {T8: (24.1, 0), T8 + 3600: (24.5, 0)}


def test_a_server_that_was_restarted_is_found_again_by_the_same_adapter(make, postgres):  # noqa: F811
    source = make("postgres")
    z = [s for s in source.series() if s.key == "river:8110:Z"]
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'flood-console reader'")
    with pytest.raises(BackendUnavailable):
        source.read(z, T8, T8)
    assert source.read(z, T8, T8).got == 1


def test_the_session_cannot_write_and_is_cut_off_in_time(make, postgres):  # noqa: F811
    make("postgres", script=TABLES + "create sequence n;")
    with closing(PostgresDatabase(postgres, 0.2)) as database:
        with pytest.raises(WireFormatError, match="read-only"), database.snapshot():
            list(database.rows("select nextval('n')", ()))
        with pytest.raises(BackendUnavailable, match="timeout"), database.snapshot():
            list(database.rows("select pg_sleep(5)", ()))
        with pytest.raises(WireFormatError), database.snapshot():
            list(database.rows("select 1; delete from st_river_r", ()))
    with pytest.raises(BackendUnavailable) as refused:
        PostgresDatabase("host=127.0.0.1 port=1 user=u password=geheim dbname=x", 1.0)
    assert "geheim" not in str(refused.value)


def test_a_file_renamed_into_place_each_night_is_noticed(tmp_path):
    source = lite(tmp_path)
    (tmp_path / "new").mkdir()
    lite(tmp_path / "new", script=TABLES.replace("24.1", "24.9")).close()
    z = [s for s in source.series() if s.key == "river:8110:Z"]
    assert one(source.read(z, T8, T8), "river:8110:Z") == {T8: (24.1, 0)}
    (tmp_path / "new" / "sl323.db").replace(tmp_path / "sl323.db")
    assert one(source.read(z, T8, T8), "river:8110:Z") == {T8: (24.9, 0)}
    (tmp_path / "sl323.db").unlink()
    with pytest.raises(BackendUnavailable):
        source.read(z, T8, T8)
    source.close()


def test_a_long_query_on_a_file_ends_at_its_deadline(tmp_path):
    source = lite(tmp_path, timeout=0.05)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    with pytest.raises(BackendUnavailable, match="interrupt"):
        list(source._db.rows(endless, ()))
    with pytest.raises(BackendUnavailable):
        list(source._db.rows("delete from ST_RIVER_R", ()))
    source.close()


def test_texts_of_time_in_one_column_may_differ_in_form(tmp_path):
    script = """
create table ST_RIVER_R (STCD text, TM text, Z text, Q text, WPTN text);
insert into ST_RIVER_R values ('A', '2024-06-01 08:00', '1.5', '', '6'), ('A', '2024-06-01 08:30:00.000', '1.6', 'x', ''), ('A', '2024-06-01 09:00:00', '1e400', null, null),
 ('A', '2024-06-01 09:00:61', '9', null, null), ('B''; drop table x', '2024-06-01 09:00:00', '3', null, null);
"""
    source = lite(tmp_path, "[tables.river]", script)
    assert "no-station-table" in source.probe().notes
    wanted = source.series()
    assert [s.station_code for s in wanted] == ["A", "A", "B'; drop table x"]
    got = source.read(wanted, T8, T8 + 3600)
    assert one(got, "river:A:Z") == {T8: (1.5, 0), T8 + 1800: (1.6, 0), T8 + 3600: (None, 0)}
    assert one(got, "river:B'; drop table x:Z") == {T8 + 3600: (3.0, 0)}
    assert {"bad-time:ST_RIVER_R", "not-a-number:ST_RIVER_R.Q", "not-a-number:ST_RIVER_R.Z"} <= set(got.notes)
    source.close()


def test_times_kept_as_text_of_a_declared_form(tmp_path):
    script = "create table ST_RIVER_R (STCD text, TM text, Z real, Q real, WPTN text); insert into ST_RIVER_R values ('A', '202406010800', 1.5, 10, null), ('A', '202406010900', '1_000', 11, null), ('A', '202406020000', 3, null, null);"
    source = lite(tmp_path, "[tables.river]\ntime_type = 'text'\ntime_format = '%Y%m%d%H%M'", script)
    assert one(source.read(source.series(), T8, T8 + 3600), "river:A:Z") == {T8: (1.5, 0), T8 + 3600: (None, 0)}
    source.close()


def test_a_gate_has_two_levels_and_they_are_two_stations(tmp_path):
    script = "create table ST_WAS_R (STCD text, TM timestamp, UPZ real, DWZ real, TGTQ real, SUPWPTN text); insert into ST_WAS_R values ('G1', '2024-06-01 08:00:00', 5.5, 3.2, 100, '4');"
    source = lite(tmp_path, "[tables.weir]", script)
    assert {(s.station_code, s.element, s.station_name) for s in source.series()} == {
        ("G1", "Z", "G1"), ("G1-DWZ", "Z", "G1（闸下）"), ("G1", "Q", "G1"),
    }  # fmt: skip
    got = source.read(source.series(), T8, T8)
    assert {p.key: float(p.value[0]) for p in got.parts} == {"weir:G1:UPZ": 5.5, "weir:G1:DWZ": 3.2, "weir:G1:TGTQ": 100.0}
    source.close()


def test_trend_codes_that_contradict_the_values_are_noted_and_the_values_believed(tmp_path):
    rows = ", ".join(f"('A', '2024-06-01 {h:02d}:00:00', {h / 10}, null, '4')" for h in range(8, 14))
    script = f"create table ST_RIVER_R (STCD text, TM text, Z real, Q real, WPTN text); insert into ST_RIVER_R values {rows};"
    source = lite(tmp_path, "[tables.river]", script)
    assert source.read(source.series(), T8, T8 + 86400).notes == ("trend-doubt:river:A:Z",)
    source.close()
    other = (
        lite(tmp_path / "b", '[trend_codes]\nfalling = "5"\nrising = "4"\n[tables.river]', script)
        if (tmp_path / "b").mkdir() is None
        else None
    )
    assert other.read(other.series(), T8, T8 + 86400).notes == ()
    other.close()


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[tables.river]\ntabel = 'X'", "tables.river.tabel", 2),
        ("zone = 'Asia/Nowhere'\n[tables.river]", "zone", 1),
        ("\n[tables.river]\n[tables.river.values.Z]\ncolumn = 'Z'\nunit = 'fathom'", "tables.river.values.Z.unit", 5),
        ("[tables.river]\ntime_type = 'julian'", "tables.river.time_type", 2),
        ("[tables.river]\ntime_type = 'text'\ntime_format = '%d/%m/%Y %H:%M'", "tables.river.time_format", 3),
        ("[tables.sewer]", "tables.sewer", 1),
        ("name = 3\n[tables.river]", "name", 1),
        ("missing = ['-9991']\n[tables.river]", "missing", 1),
        ("name = 'x'", "tables", 0),
        ("[tables.river]\n[tables.river]", "", 2),
        ("[tables.river]\ntable = 'T'\nquality = 'F'\nquality_codes = { 1 = 'good' }", "tables.river.quality_codes.1", 4),
    ],
)
def test_a_mistake_in_the_mapping_file_is_named_with_its_line(text, key, line):
    with pytest.raises(BadMapping) as bad:
        load(text)
    assert (bad.value.key, bad.value.line) == (key, line)


def test_a_mapping_that_does_not_fit_the_database_says_which_key(tmp_path):
    source = lite(tmp_path, "[tables.river]\nmodified = 'LMT; drop table x'")
    with pytest.raises(WireFormatError, match=r"tables\.river\.modified: no column"):
        source.probe()
    source.close()
    with pytest.raises(BackendUnavailable):
        SqliteDatabase(tmp_path / "absent.db", sqlite3.connect, 1.0)


def test_hours_and_minutes_of_an_interval_are_not_decimal_hours():
    assert [interval_s(v, "HH.NN") for v in (1.0, 0.3, 0.05, 24.0, 1.3, 0.75, 0, None)] == [
        3600,
        1800,
        300,
        86400,
        5400,
        None,
        None,
        None,
    ]
    assert interval_s(0.5, "h") == 1800 and interval_s(5, "min") == 300


def test_the_newest_row_anchors_the_search_for_series(tmp_path):
    source = lite(tmp_path)
    assert source.series(), "rows of two years ago are found without asking the clock"
    source.close()
