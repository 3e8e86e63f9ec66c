"""What of the centre's readings is here: windows fetched whole, windows still wanted, days compared.

All of it lies in latest.db beside the feed's cursor, so that a cursor never moves without the
windows that make its move right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.domain.digests import day_of, day_window
from console.domain.scopes import scope_parts
from console.store.sqlite import Connection, transaction

FAR_FUTURE = 4_102_444_800
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A window to fetch. kind: ``first`` sets the feed's cursor, ``fill`` and ``day`` do not.

    A ``day`` is compared first and replaced only if it differs.
    """

    kind: str
    scope: str
    from_t: int
    to_t: int
    n: int = 0


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same seconds in the fewest spans (both ends included), in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def gaps(spans: Iterable[Span], from_t: int, to_t: int) -> list[Span]:
    """Return what of [from_t, to_t] no span covers."""
    found, at = [], from_t
    for start, end in merged(spans):
        if start > to_t:
            break
        if start > at:
            found.append((at, start - 1))
        at = max(at, end + 1)
    if at <= to_t:
        found.append((at, to_t))
    return found


class Progress:
    """Writes the tables coverage, wanted and checked; used by the cache's only writer."""

    def __init__(self, latest: Connection) -> None:
        self._db = latest

    def coverage(self, part: str) -> list[Span]:
        rows = self._db.execute("select from_t,to_t from coverage where scope=? order by from_t", (part,))
        return [(r[0], r[1]) for r in rows.fetchall()]

    def wanted(self) -> list[Window]:
        """Return what is still to be fetched: what the feed waits for, then the newest first.

        By the beginning: a day that the jump began in comes after the windows that fill it, and is
        then found equal.
        """
        rows = self._db.execute(
            "select kind,scope,from_t,to_t,n from wanted order by kind='first' desc, from_t desc, n"
        ).fetchall()
        return [Window(*r) for r in rows]

    def plan(self, windows: Sequence[Window], known_until: int | None = None) -> None:
        """Put windows in the line; known_until: from there on nothing is known any more."""
        with transaction(self._db):
            if known_until is not None:
                self._db.execute("delete from coverage where from_t>?", (known_until,))
                self._db.execute("update coverage set to_t=? where to_t>?", (known_until, known_until))
                self._db.execute("delete from wanted where kind='first' or (kind='fill' and to_t>?)", (known_until,))
            self._add(windows)

    def begin(self, window: Window) -> bool:
        """Note that pages of a window go in from now on; True if an earlier try had come so far."""
        before = self._db.execute("select value from link where key='begun'").fetchone()
        with transaction(self._db):
            self._note(begun=str(window.n))
        return before is not None and str(before[0]) == str(window.n)

    def finish(self, window: Window, cursor: str | None, after: Sequence[Window] = (), **link: str) -> None:
        """A window is here whole: note it, put what follows from it in the line, move the cursor.

        cursor None leaves the feed where it is. link: what is to be noted with it.
        """
        with transaction(self._db):
            self._db.execute("delete from wanted where n=?", (window.n,))
            self._db.execute("delete from link where key='begun'")
            for part in scope_parts(window.scope):
                spans = merged([*self.coverage(part), (window.from_t, window.to_t)])
                self._db.execute("delete from coverage where scope=?", (part,))
                self._db.executemany("insert into coverage values(?,?,?)", [(part, a, b) for a, b in spans])
            self._add(after)
            self._note(**link)
            if cursor is not None:
                self._db.execute("insert or replace into feed values('obs',?)", (cursor,))

    def _add(self, windows: Sequence[Window]) -> None:
        rows = [(w.kind, w.scope, w.from_t, w.to_t) for w in windows]
        self._db.executemany("insert into wanted(kind,scope,from_t,to_t) values(?,?,?,?)", rows)

    # --- scopes ---------------------------------------------------------------------------
    def change_scope(self, scope: str, added: Sequence[Window], inherit: Sequence[str]) -> None:
        """Keep another scope from now on; the dropping of what left it is still to be done.

        inherit: parts that were inside ``all`` and have its coverage.
        """
        with transaction(self._db):
            for part in inherit:
                self._db.execute(
                    "insert or replace into coverage select ?, from_t, to_t from coverage where scope='all'", (part,)
                )
            self._db.execute("delete from wanted where kind='day'")
            self._db.execute("delete from checked")
            keep = scope_parts(scope)
            for window in self.wanted():
                left = [p for p in scope_parts(window.scope) if p in keep or p == "all"]
                text = scope if "all" in left else ",".join(left)
                if text:
                    self._db.execute("update wanted set scope=? where n=?", (text, window.n))
                else:
                    self._db.execute("delete from wanted where n=?", (window.n,))
            self._add(added)
            self._note(scope=scope, scope_done="")

    def scope_settled(self, scope: str) -> None:
        """What left the scope is dropped; its coverage goes with it."""
        keep = scope_parts(scope)
        with transaction(self._db):
            for (part,) in self._db.execute("select distinct scope from coverage").fetchall():
                if part not in keep and keep != ("all",):
                    self._db.execute("delete from coverage where scope=?", (part,))
            self._note(scope=scope, scope_done=scope)

    def _note(self, **values: str) -> None:
        self._db.executemany("insert or replace into link values(?,?)", list(values.items()))

    # --- days -----------------------------------------------------------------------------
    def checked(self) -> dict[int, float]:
        """Return when each day was last found equal or made equal, wall time."""
        return dict(self._db.execute("select day, at from checked").fetchall())

    def note_checked(self, day: int, touched: str, at: float) -> None:
        with transaction(self._db):
            self._db.execute("insert or replace into checked values(?,?,?)", (day, touched, at))
            start, end = day_window(day)
            self._db.execute("delete from wanted where kind='day' and from_t=? and to_t=?", (start, end))

    def compare_days(self, days: Iterable[int]) -> None:
        """Have days compared with the centre's, those that are not in the line yet."""
        with transaction(self._db):
            scope = dict(self._db.execute("select key, value from link where key='scope'").fetchall()).get("scope", "all")
            waiting = {(w.from_t, w.to_t) for w in self.wanted() if w.kind == "day"}
            self._add([Window("day", scope, *day_window(d)) for d in days if day_window(d) not in waiting])

    def recheck(self) -> None:
        """Objects entered the scope: every cached day is compared again."""
        with transaction(self._db):
            self._db.execute("delete from checked")

    def dropped_before(self, t: int) -> None:
        """Retention took what was older than t: it is not here any more, and is not wanted again."""
        with transaction(self._db):
            self._db.execute("delete from coverage where to_t<?", (t,))
            for part, start in self._db.execute("select scope, min(from_t) from coverage group by scope").fetchall():
                if start < t:
                    self._db.execute("update coverage set from_t=? where scope=? and from_t=?", (t, part, start))
            self._db.execute("delete from wanted where to_t<?", (t,))
            self._db.execute("update wanted set from_t=? where from_t<?", (t, t))
            self._db.execute("delete from checked where day<?", (day_of(t),))

    def forget(self) -> None:
        """Part of the writer's own forgetting; runs inside its transaction."""
        for table in ("coverage", "wanted", "checked"):
            self._db.execute(f"delete from {table}")
