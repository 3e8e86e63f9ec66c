"""Tables of the embedded central service's own store."""

STEPS = (
    """
    create table meta(key text primary key, value text not null) strict;
    create table object(
        kind text not null, code text not null, version integer not null, doc text not null,
        primary key(kind, code)) strict, without rowid;
    create table series(
        sid integer primary key, object_code text not null, element text not null,
        unit text not null, datum text not null, source text not null, interval_s integer not null,
        unique(object_code, element, source)) strict;
    create table obs(
        series integer not null, t integer not null, value real, quality integer not null,
        rev integer not null, seq integer not null,
        primary key(series, t)) strict, without rowid;
    create unique index obs_seq on obs(seq);
    create table tomb(
        series integer not null, t integer not null, rev integer not null, seq integer not null unique,
        primary key(series, t)) strict, without rowid;
    create table record(
        kind text not null, id text not null, rev integer not null, seq integer not null unique,
        body text not null, primary key(kind, id)) strict, without rowid;
    create table op_answer(
        op_id text primary key, body_hash text not null, status text not null, code text not null,
        author text not null, at integer not null) strict, without rowid;
    create table room(name text primary key, revision integer not null, doc text not null) strict;
    create table file(
        id text primary key, name text not null, media text not null, size integer not null,
        sha256 text not null) strict;
    create table audit(
        n integer primary key, at integer not null, actor text not null, action text not null,
        detail text not null) strict
    """,
    # 2: which Beijing day was changed last by which seq; when a reading was deleted
    """
    create table day(n integer primary key, seq integer not null) strict;
    insert into day select (t + 28800) / 86400, max(seq) from obs group by 1;
    insert into day select (t + 28800) / 86400, max(seq) from tomb where true group by 1
        on conflict(n) do update set seq=excluded.seq where excluded.seq>day.seq;
    alter table tomb add column at integer not null default 0
    """,
    # 3: what a conflict was answered with, older versions, the audit chain's head of each console
    """
    alter table op_answer add column current text not null default '';
    create table version(
        kind text not null, id text not null, n integer not null, body text not null,
        primary key(kind, id, n)) strict, without rowid;
    create table audit_head(
        device text not null, n integer not null, hash text not null, at integer not null,
        primary key(device, n)) strict, without rowid
    """,
)
