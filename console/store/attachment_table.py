"""Which files belong to which entry, and how far each has come on its way to the centre."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from console.store.ops import OpsStore
from console.store.sqlite import transaction


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file of one entry. sent, size: bytes. state: waiting, done, rejected, local (fetched from the centre)."""

    op_id: str
    sha256: str
    name: str
    media: str
    size: int
    sent: int
    state: str
    code: str
    tries: int


COLUMNS = "a.op_id,a.sha256,a.name,a.media,a.size,a.sent,a.state,a.code,a.tries"


class AttachmentTable:
    """The attachment rows of an open ops.db; short transactions of its own."""

    def __init__(self, store: OpsStore) -> None:
        self._db = store.connection

    def key(self) -> bytes:
        """Return the key of the sealed copies, making it where there is none."""
        with transaction(self._db):
            self._db.execute("insert or ignore into origin values('attachment_key',?)", (secrets.token_hex(32),))
            row = self._db.execute("select value from origin where key='attachment_key'").fetchone()
        return bytes.fromhex(row[0])

    def due(self, now: float) -> list[Parcel]:
        """Return files to send: those of entries that the centre has taken, the smallest first."""
        rows = self._db.execute(
            f"select {COLUMNS} from attachment a join outbox o on o.id=a.op_id where a.state='waiting' and o.state='done'"
            " and (a.next_try<=? or a.next_try>?+660) order by a.size, a.op_id",
            (now, now),
        ).fetchall()
        return [Parcel(*r) for r in rows]

    def came_to(self, sha256: str, sent: int) -> None:
        with transaction(self._db):
            self._db.execute("update attachment set sent=? where sha256=? and state='waiting'", (sent, sha256))

    def settled(self, sha256: str, state: str, code: str = "") -> None:
        with transaction(self._db):
            self._db.execute("update attachment set state=?, code=? where sha256=? and state='waiting'", (state, code, sha256))

    def postponed(self, sha256: str, until: float) -> None:
        with transaction(self._db):
            self._db.execute("update attachment set tries=tries+1, next_try=? where sha256=?", (until, sha256))

    def retry_now(self) -> None:
        with transaction(self._db):
            self._db.execute("update attachment set next_try=0 where state='waiting'")

    def waiting(self) -> tuple[int, int]:
        """Return how many files wait, and how many bytes of them."""
        row = self._db.execute("select count(*), coalesce(sum(size-sent),0) from attachment where state='waiting'").fetchone()
        return int(row[0]), int(row[1])

    def all(self) -> list[Parcel]:
        return [Parcel(*r) for r in self._db.execute(f"select {COLUMNS} from attachment a").fetchall()]
