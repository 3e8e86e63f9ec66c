"""Emergency response levels: four topics, four levels, each topic on its own.

Source: 国家防汛抗旱应急预案 (2022): Ⅳ to Ⅰ, set and ended by the headquarters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.time import sane_t

TOPICS = {"flood": "防汛", "typhoon": "防风", "drought": "防旱", "freeze": "防冻"}
ENDED = "ended"
LEVELS = {"IV": "Ⅳ级", "III": "Ⅲ级", "II": "Ⅱ级", "I": "Ⅰ级"}
LEVEL_WORDS = {**LEVELS, ENDED: "结束"}
TONES = {"IV": "state.watch", "III": "state.warning", "II": "state.flood_limit", "I": "state.guaranteed"}


@dataclass(frozen=True, slots=True)
class Response:
    """What is in force for one topic.

    version: of the record it is from, 0 when there was never one; what is built on it says so.
    since_t: when this level began, started_t: when the response began, the centre's UTC s; None
    while it has not left this machine (pending). undecided: an op of it waits for a person.
    """

    topic: str
    level: str = ENDED
    version: int = 0
    author: str = ""
    since_t: float | None = None
    started_t: float | None = None
    pending: bool = False
    undecided: bool = False

    @property
    def active(self) -> bool:
        return self.level != ENDED


def response_from_doc(topic: str, body: Mapping[str, Any]) -> Response:
    """Read a record of the centre.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    level = str(body["level"])
    if topic not in TOPICS or level not in LEVEL_WORDS:
        raise ValueError(f"response {topic!r} {level!r}")
    started = body.get("started_t")
    return Response(
        topic,
        level,
        int(body["version"]),
        str(body["author"]),
        sane_t(body["since_t"]),
        None if started is None else sane_t(started),
    )
