"""A centre restored from a backup has to say so: its consoles then offer again what it has lost.

The epoch and the highest sequence ever served are noted outside the service's own folder. A store
that stands behind that note, or in another epoch, was put back from an older copy, whoever did it
and by what means, and takes a new epoch before it answers anybody. A needless new epoch costs a
resync; a missing one would lose entries for good.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from console.central.repository import Repository

log = logging.getLogger(__name__)


class Continuity:
    """Used by the process that owns the store; note() is cheap when nothing has changed."""

    def __init__(self, repo: Repository, mark: Path) -> None:
        self._repo = repo
        self._mark = mark
        self._noted = (repo.epoch, -1)

    def confirm(self) -> bool:
        """Compare the store with the note; True when it was behind and has a new epoch now."""
        try:
            seen = json.loads(self._mark.read_text("utf-8"))
            behind = seen["epoch"] != self._repo.epoch or int(seen["seq"]) > self._repo.seq
        except (OSError, ValueError, KeyError, TypeError):
            behind = False  # a first start, or a note that a power cut has emptied
        if behind:
            self._repo.renew_epoch("restored-behind-note")
            log.warning("the store is older than what was served before: new epoch, consoles offer their entries again")
        self.note()
        return behind

    def note(self) -> None:
        """Write down how far the store has come."""
        now = (self._repo.epoch, self._repo.seq)
        if now == self._noted:
            return
        draft = self._mark.with_suffix(".new")
        try:
            draft.write_text(json.dumps({"epoch": now[0], "seq": now[1]}), "utf-8")
            draft.replace(self._mark)
        except OSError as exc:  # a full disk must not end the service; the older note still guards most
            log.warning("not noted how far the store has come: %s", exc)
            return
        self._noted = now
