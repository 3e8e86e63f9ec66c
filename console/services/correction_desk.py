"""A person corrects or voids one reading: checked here, saved on disk, decided by the centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

from console.domain.elements import Element
from console.domain.time import full_stamp
from console.services.duty_desk import DutyDesk, EntryRefused
from console.store.ops import NewOp

REASON_LIMIT = 500
RANGES = {  # what an instrument of that element can show at all, in its unit; wider than any record
    "Z": (-50.0, 6000.0),
    "RZ": (-50.0, 6000.0),
    "Q": (-50_000.0, 200_000.0),
    "INQ": (-50_000.0, 200_000.0),
    "OTQ": (0.0, 200_000.0),
    "P": (0.0, 700.0),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading that was looked at. rev: its revision, on which the correction builds."""

    sid: int
    name: str
    what: Element
    t: int
    value: float | None
    quality: int
    rev: int


def typed_value(element: str, text: str) -> float:
    """Return the number that was typed.

    Raises:
        EntryRefused: no number, or none that the element can have.
    """
    try:
        value = float(text.strip().replace("−", "-"))
    except ValueError:
        raise EntryRefused("新值不是数字。", "请填写一个数，或改选“作废”。") from None
    low, high = RANGES.get(element, (-1e6, 1e6))
    if not math.isfinite(value) or not low <= value <= high:
        raise EntryRefused(f"新值超出 {low:g}～{high:g} 的可能范围。", "请核对单位和小数点。")
    return value


class CorrectionDesk:
    """Puts corrections into the outbox; the centre's answer comes back as any other op's."""

    def __init__(self, duty: DutyDesk) -> None:
        self._duty = duty

    async def correct(self, reading: Reading, value: float | None, reason: str, author: str) -> None:
        """Save a correction; None voids the reading.

        Raises:
            EntryRefused: no name, no reason, or nothing would change. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        name = self._duty.signed(author)
        if not reason.strip():
            raise EntryRefused("没有写原因。", "请写明依据，例如“与人工观测不符”。")
        if len(reason) > REASON_LIMIT:
            raise EntryRefused(f"原因超过 {REASON_LIMIT} 字。", "请缩短后再保存。")
        if value is not None and value == reading.value:
            raise EntryRefused("新值与原值相同。", "请改填别的值；要否定它请选“作废”。")
        body = {
            "series": reading.sid,
            "t": reading.t,
            "value": value,
            "old": reading.value,
            "reason": reason.strip(),
            "name": f"{reading.name} {reading.what.name}",
            "when": full_stamp(reading.t),
        }
        op = NewOp(
            "reading.correct",
            f"reading:{reading.sid}:{reading.t}",
            body,
            name,
            self._duty.based_on(),
            self._duty.clock_untrusted(),
            reading.rev,
        )
        await self._duty.write(lambda store: store.save(lambda: store.insert(op)))
