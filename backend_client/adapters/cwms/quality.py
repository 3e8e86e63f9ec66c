"""The quality bit field of CWMS (as in HEC-DSS) into our codes.

Source: HEC-DSS/CWMS data quality flags: bit 1 screened; 2 okay, 3 missing, 4 questionable, 5 rejected;
6–7 range; 8 differs from the original; 9–11 who replaced it, 12–15 how; 16–26 tests failed; 32 protected.
"""

from __future__ import annotations

from backend_client.adapters.harvest import BAD, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT

MISSING, QUESTIONABLE, REJECTED = 1 << 2, 1 << 3, 1 << 4
DIFFERS = 1 << 7
CAUSE_SHIFT, CAUSE_MASK = 8, 0b111
AUTOMATIC, INTERACTIVE, MANUAL_ENTRY, RESTORED = 1, 2, 3, 4
KNOWN = (1 << 26) - 1 | 1 << 31


def quality_of(code: int) -> tuple[int, bool, int]:
    """Return (our quality, whether the value is missing, bits that no rule knows)."""
    bits = code & 0xFFFFFFFF
    unknown = bits & ~KNOWN
    cause = bits >> CAUSE_SHIFT & CAUSE_MASK
    if bits & (REJECTED | MISSING):
        return BAD, bool(bits & MISSING), unknown
    if bits & QUESTIONABLE or unknown:
        return SUSPECT, False, unknown
    if cause in (INTERACTIVE, MANUAL_ENTRY):
        return MANUAL, False, 0
    if cause > RESTORED:
        return SUSPECT, False, cause << CAUSE_SHIFT
    if cause == AUTOMATIC or (bits & DIFFERS and cause != RESTORED):
        return RECONSTRUCTED, False, 0
    return MEASURED, False, 0
