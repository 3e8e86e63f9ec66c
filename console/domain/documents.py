"""Documents that others wrote become objects one by one: a bad one is left out, the others stay."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")
# what a value of the wrong shape or size raises somewhere in a conversion
UNREADABLE = (LookupError, ArithmeticError, TypeError, ValueError, AttributeError)


def readable(convert: Callable[[Mapping[str, Any]], T], docs: Iterable[Mapping[str, Any]]) -> Iterator[T]:
    """Yield converted documents; one that breaks the contract is logged and left out."""
    for doc in docs:
        try:
            yield convert(doc)
        except UNREADABLE as exc:
            log.warning("object %s unreadable: %r", str(doc.get("code"))[:60], exc)
