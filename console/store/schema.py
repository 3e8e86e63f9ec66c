"""Tables of the local cache. Steps are never edited once shipped; a new step is appended."""

TELEMETRY = (
    """
    create table obs(
        sid integer not null, t integer not null, value real, quality integer not null,
        rev integer not null, primary key(sid, t)) strict, without rowid;
    create table mark(feed text primary key, cursor text not null, seq integer not null) strict
    """,
)
LATEST = (
    """
    create table latest(
        sid integer primary key, t integer not null, value real, quality integer not null,
        rev integer not null) strict;
    create table feed(name text primary key, cursor text not null) strict;
    create table month(name text primary key, cursor text not null) strict;
    create table link(key text primary key, value text not null) strict
    """,
    # 2: which windows are fetched whole, which are still wanted, which days were compared with the centre
    """
    create table coverage(
        scope text not null, from_t integer not null, to_t integer not null,
        primary key(scope, from_t)) strict, without rowid;
    insert into coverage select 'all', 0, 4102444800 from feed where name='obs' and cursor<>'';
    create table wanted(
        n integer primary key, kind text not null, scope text not null, from_t integer not null,
        to_t integer not null) strict;
    create table checked(day integer primary key, touched text not null, at real not null) strict
    """,
)
REFERENCE = (
    """
    create table object(
        kind text not null, code text not null, doc text not null, primary key(kind, code))
        strict, without rowid;
    create table etag(kind text primary key, value text not null) strict;
    create table record(
        kind text not null, id text not null, rev integer not null, body text not null,
        primary key(kind, id)) strict, without rowid;
    create table feed(name text primary key, cursor text not null) strict;
    create table room(name text primary key, revision integer not null, doc text not null) strict
    """,
)
OPS = (
    """
    create table entry(
        id text primary key, kind text not null, body text not null, author text not null,
        at real not null) strict, without rowid;
    create table outbox(
        n integer primary key, id text not null unique, entity text not null, kind text not null,
        body text not null, author text not null, at real not null, based_on text not null,
        clock_untrusted integer not null, state text not null default 'waiting',
        code text not null default '', tries integer not null default 0,
        next_try real not null default 0, answered_at real) strict;
    create index outbox_waiting on outbox(state, n);
    create table audit(
        n integer primary key, at real not null, who text not null, what text not null,
        detail text not null, hash text not null) strict;
    create table origin(key text primary key, value text not null) strict
    """,
    """
    alter table outbox add column base_version integer;
    alter table outbox add column current text not null default '';
    alter table outbox add column settles text not null default '';
    alter table outbox add column was text not null default '';
    create index outbox_entity on outbox(entity, state, n);
    create table attachment(
        op_id text not null, sha256 text not null, name text not null, media text not null,
        size integer not null, sent integer not null default 0, state text not null default 'waiting',
        code text not null default '', tries integer not null default 0,
        next_try real not null default 0, primary key(op_id, sha256)) strict, without rowid
    """,
)
