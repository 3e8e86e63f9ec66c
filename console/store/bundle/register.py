"""Which bundle numbers were issued and taken: what makes a replay visible."""

from __future__ import annotations

import time
from pathlib import Path

from console.store.sqlite import migrate, open_writer, transaction

STEPS = (
    """
    create table issued(number integer primary key, bundle text not null, kind text not null, at real not null) strict;
    create table taken(
        issuer text not null, kind text not null, place text not null, number integer not null,
        created real not null, bundle text not null, at real not null,
        primary key(issuer, kind, place)) strict, without rowid
    """,
)


class ExchangeRegister:
    """One per data home. place: the data source a bundle was taken into."""

    def __init__(self, path: Path) -> None:
        self._db = open_writer(path, full=True)
        migrate(self._db, STEPS, path.name)

    def close(self) -> None:
        self._db.close()

    def next_number(self, bundle: str, kind: str) -> int:
        """Take a number above every earlier one, whatever the clock says."""
        with transaction(self._db):
            last = self._db.execute("select coalesce(max(number),0) from issued").fetchone()[0]
            number = max(int(last) + 1, int(time.time() * 1000))
            self._db.execute("insert into issued values(?,?,?,?)", (number, bundle, kind, time.time()))
        return number

    def highest(self, issuer: str, kind: str, place: str) -> int:
        """Return the highest number taken of an issuer and kind; 0 for none."""
        row = self._db.execute(
            "select number from taken where issuer=? and kind=? and place=?", (issuer, kind, place)
        ).fetchone()
        return int(row[0]) if row else 0

    def newest_created(self) -> float:
        """Return when the newest bundle taken was made: a clock behind it is wrong."""
        return float(self._db.execute("select coalesce(max(created),0) from taken").fetchone()[0])

    def took(self, issuer: str, kind: str, place: str, number: int, created: float, bundle: str) -> None:
        """Note a bundle after its content is in."""
        with transaction(self._db):
            self._db.execute(
                "insert into taken values(?,?,?,?,?,?,?) on conflict(issuer,kind,place) do update set"
                " number=excluded.number, created=excluded.created, bundle=excluded.bundle, at=excluded.at"
                " where excluded.number>taken.number",
                (issuer, kind, place, number, created, bundle, time.time()),
            )
