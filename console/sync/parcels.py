"""Files on their way to the centre: after the texts, the smallest first, piece by piece."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from backend_client.central import Central
from backend_client.errors import BackendError, BackendRefused, BackendUnavailable
from console.store.attachment_table import AttachmentTable, Parcel
from console.store.attachments import FILE_MAX, PIECE, AttachmentFolder, CopyDamaged
from console.sync.batches import Pace
from console.sync.push import back_off_s

log = logging.getLogger(__name__)
PIECE_MAX = 256 * 1024
PIECE_MIN = 16 * 1024
FRESH_STARTS = 3  # a checksum that fails so often is the copy's fault, not the line's


class ParcelPusher:
    """Used by the push thread only. texts_due tells whether an entry wants to go first."""

    def __init__(
        self,
        table: AttachmentTable,
        folder: AttachmentFolder,
        central: Callable[[], Central],
        pace: Pace,
        texts_due: Callable[[], bool],
    ) -> None:
        self._table = table
        self._folder = folder
        self._central = central
        self._pace = pace
        self._texts_due = texts_due

    def drain(self) -> bool:
        """Send what is due, stopping between two pieces when a text waits; True when a file arrived."""
        arrived = False
        for parcel in self._table.due(time.time()):
            try:
                done = self._send(parcel)
            except BackendError as exc:
                self._later(parcel, exc)
                if isinstance(exc, BackendUnavailable):
                    return arrived
                continue
            except CopyDamaged as exc:
                log.warning("attachment %s: %s", parcel.sha256[:12], exc.detail)
                self._table.settled(parcel.sha256, "rejected", "copy-damaged")
                continue
            if not done:
                return arrived
            arrived = True
        return arrived

    def fetch(self, sha256: str) -> str:
        """Get a file that another desk attached; returns "here", or a code why not.

        Raises:
            BackendError: the line broke; asked again it starts anew.
            OSError: the disk is full; nothing is left of it.
        """
        if self._folder.has(sha256):
            return "here"
        try:
            found, _size = self._folder.seal(self._pieces(sha256))
        except BackendRefused as exc:
            return exc.code
        if found != sha256:
            self._folder.remove(found)
            return "checksum-mismatch"
        return "here"

    def _pieces(self, sha256: str) -> Iterator[bytes]:
        """Yield the file's content in the pieces that are sealed."""
        first, total = 0, 1
        while first < total:
            data, total = self._central().get_piece(sha256, first, PIECE)
            if not data or total > FILE_MAX:
                return
            yield data
            first += len(data)

    def _send(self, parcel: Parcel) -> bool:
        """Send one file from where the centre has it; False when texts go first."""
        central = self._central()
        have, complete = central.file_have(parcel.sha256)
        while not complete:
            if self._texts_due():
                self._table.came_to(parcel.sha256, have)
                return False
            # All there and not complete: the centre died before its check. The last piece again has it made up for.
            first = have if have < parcel.size else max(0, parcel.size - PIECE_MIN)
            size = min(self._pace.room(PIECE_MIN, PIECE_MAX), parcel.size - first)
            piece = self._folder.read(parcel.sha256, first, size)
            if len(piece) != size or not size:
                raise CopyDamaged("附件在本机的副本已损坏或不见了。", "请重新添加原文件。", "size")
            began = time.monotonic()
            have, complete = central.put_piece(parcel.sha256, first, parcel.size, piece, parcel.name, parcel.media)
            self._pace.measured(size, time.monotonic() - began)
            self._table.came_to(parcel.sha256, have)
        self._table.came_to(parcel.sha256, parcel.size)
        self._table.settled(parcel.sha256, "done")
        return True

    def _later(self, parcel: Parcel, exc: BackendError) -> None:
        if isinstance(exc, BackendRefused):
            if exc.code == "checksum-mismatch":
                self._table.came_to(parcel.sha256, 0)
            final = exc.status == 413 or (exc.code == "checksum-mismatch" and parcel.tries + 1 >= FRESH_STARTS)
            if final:
                self._table.settled(parcel.sha256, "rejected", exc.code)
                return
        asked = exc.retry_after_s if isinstance(exc, BackendUnavailable) else None
        wait = back_off_s(parcel.tries + 1, asked)
        self._table.postponed(parcel.sha256, time.time() + wait)
        log.info("attachment %s postponed by %.0f s: %r", parcel.sha256[:12], wait, exc)
