"""What is in force: updates and cancellations close what they refer to, whichever came first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend_client.adapters.cap.message import Alert, Identity
from backend_client.adapters.cap.signature import Signature

# how long a message without an expiry stands: CAP leaves it open, a wall must not show it for ever
STANDS_S = 24 * 3600
IN_FORCE, FUTURE, EXPIRED, SUPERSEDED, CANCELLED = "in-force", "future", "expired", "superseded", "cancelled"
BARE, REFUSED = "bare", "refused"  # without an info part; a cancellation that was not believed


@dataclass(frozen=True, slots=True)
class CapWarning:
    """A message and where it stands now. closed_by: the identity that closed it. notes: stable codes."""

    alert: Alert
    state: str
    closed_by: Identity | None
    notes: tuple[str, ...]


def standing(alerts: Iterable[Alert], now_t: int, *, statuses: tuple[str, ...] = ("Actual",)) -> tuple[CapWarning, ...]:
    """Return every Alert and Update of the given statuses with its state, newest first.

    A message is closed only by a later one of its own sender, and a verified one only by a verified
    one: anybody can write another's name into a file, and a forged all-clear costs lives. A
    reference that is refused for this is noted on the message that made it.
    """
    by_id: dict[Identity, Alert] = {}
    for alert in alerts:
        known = by_id.get(alert.identity)
        if known is None or alert.signature.rank > known.signature.rank:
            by_id[alert.identity] = alert
    closed: dict[Identity, Alert] = {}
    refused: dict[Identity, set[str]] = {}
    for alert in sorted(by_id.values(), key=lambda a: (a.sent_t, a.identity)):
        if alert.kind not in ("Update", "Cancel") or alert.status not in statuses:
            continue
        for reference in alert.references:
            target = _target(by_id, reference)
            if target is not None and target.identity != alert.identity:
                reason = _why_not(alert, target)
                if reason:
                    refused.setdefault(alert.identity, set()).add(reason)
                else:
                    closed[target.identity] = alert
    found = []
    for alert in by_id.values():
        if alert.kind not in ("Alert", "Update") or alert.status not in statuses:
            continue
        by = closed.get(alert.identity)
        state = _state(alert, by, now_t)
        notes = tuple(sorted({*alert.notes, *refused.get(alert.identity, ())}))
        found.append(CapWarning(alert, state, by.identity if by else None, notes))
    # an all-clear that was not believed must be seen, not swallowed
    doubted = [a for a in by_id.values() if a.kind == "Cancel" and a.identity in refused]
    found += [CapWarning(a, REFUSED, None, tuple(sorted(refused[a.identity]))) for a in doubted]
    return tuple(sorted(found, key=lambda w: (-w.alert.sent_t, w.alert.identity)))


def _target(by_id: dict[Identity, Alert], reference: Identity) -> Alert | None:
    """Return the message referred to; its time may be written in another zone."""
    if (exact := by_id.get(reference)) is not None:
        return exact
    same = [a for i, a in by_id.items() if (i.sender, i.identifier) == (reference.sender, reference.identifier)]
    return same[0] if len(same) == 1 else None


def _why_not(alert: Alert, target: Alert) -> str:
    if alert.identity.sender != target.identity.sender:
        return "reference-of-another-sender"
    if alert.signature.state == Signature.BROKEN:
        return "reference-in-broken-signature"
    if target.signature.state == Signature.VERIFIED != alert.signature.state:
        return "reference-less-trusted"
    if alert.sent_t < target.sent_t:
        return "reference-to-the-future"
    return ""


def _state(alert: Alert, closed_by: Alert | None, now_t: int) -> str:
    if closed_by is not None:
        return CANCELLED if closed_by.kind == "Cancel" else SUPERSEDED
    if not alert.infos:
        return BARE
    ends = [i.expires_t if i.expires_t is not None else (i.effective_t or alert.sent_t) + STANDS_S for i in alert.infos]
    if max(ends) <= now_t:
        return EXPIRED
    begins = [i.effective_t or alert.sent_t for i in alert.infos]
    return FUTURE if min(begins) > now_t else IN_FORCE
