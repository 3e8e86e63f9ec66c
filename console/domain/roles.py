"""Who may do what. The centre decides by this table again, whatever a window shows.

The three administrators (system, security, audit) are kept apart: nobody holds two of these
duties, and none of them works the flood. Source: GB/T 22239-2019, 8.1.4.2 and 8.1.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

READ = "read"
ENTRIES = "entries"  # acknowledge, write the log
ROOMS = "rooms"  # set what the wall and other desks show
PLAYER = "player"  # drive a recording
AUDIT = "audit"  # read who did what
ACTIONS = (READ, ENTRIES, ROOMS, PLAYER, AUDIT)

ADMINISTRATORS = frozenset({"system_admin", "security_admin", "audit_admin"})
GRANTS: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({READ}),
    "duty": frozenset({READ, ENTRIES, ROOMS, PLAYER}),
    "leader": frozenset({READ, ENTRIES, ROOMS, PLAYER}),
    "system_admin": frozenset({READ, PLAYER}),
    "security_admin": frozenset({READ}),
    "audit_admin": frozenset({READ, AUDIT}),
}


def conflicting(roles: Iterable[str]) -> bool:
    """Tell whether an account holds what one person must not hold together."""
    held = set(roles) & set(GRANTS)
    return bool(held & ADMINISTRATORS) and len(held - {"viewer"}) > 1


def allowed(roles: Iterable[str], action: str) -> bool:
    """Tell whether any held role grants an action; conflicting roles grant nothing."""
    held = list(roles)
    return not conflicting(held) and any(action in GRANTS.get(role, frozenset()) for role in held)
