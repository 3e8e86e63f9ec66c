"""The audit chain: each line's hash holds the one before, so a change anywhere breaks all after it."""

from __future__ import annotations

import hashlib

from console.store.sqlite import Connection


def link_hash(before: str, at: float, who: str, what: str, detail: str) -> str:
    return hashlib.sha256(f"{before}|{at}|{who}|{what}|{detail}".encode()).hexdigest()


def append_audit(db: Connection, at: float, who: str, what: str, detail: str) -> None:
    """Add a line at the chain's end; the caller holds the transaction."""
    last = db.execute("select hash from audit order by n desc limit 1").fetchone()
    digest = link_hash(last[0] if last else "", at, who, what, detail)
    db.execute("insert into audit(at,who,what,detail,hash) values(?,?,?,?,?)", (at, who, what, detail, digest))


def breaks(db: Connection) -> list[int]:
    """Return the numbers of the lines that do not follow from the one before."""
    found, before = [], ""
    for n, at, who, what, detail, digest in db.execute("select n,at,who,what,detail,hash from audit order by n"):
        if link_hash(before, at, who, what, detail) != digest:
            found.append(int(n))
        before = digest
    return found
