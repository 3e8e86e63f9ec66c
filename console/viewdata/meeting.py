"""A consultation as its panels show it: agenda, what was recorded, options with votes, decisions; and what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Cell = tuple[str, str]  # text, colour token
Choice = tuple[str, str]  # code, text

# of every kind of entry that is typed: (field, label, editor); the editor is line, text, time, check or choice:<name>
FORMS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "opinion": (("org", "单位", "line"), ("person", "发言人", "line"), ("text", "意见", "text")),
    "material": (("title", "标题", "line"), ("presenter", "主讲", "line")),
    "option": (("letter", "方案", "choice:letter"), ("scenario", "情景", "choice:scenario"), ("note", "说明", "text")),
    "vote": (("letter", "方案", "choice:letter"), ("org", "单位", "line"), ("choice", "表态", "choice:vote")),
    "decision": (
        ("text", "决定", "text"),
        ("type", "类型", "choice:decision"),
        ("owner", "责任单位", "line"),
        ("due", "期限", "time"),
        ("topic", "响应", "choice:response"),
        ("level", "级别", "choice:level"),
        ("order", "同时下达", "check"),
    ),
    "attend": (
        ("org", "单位", "line"),
        ("person", "姓名", "line"),
        ("venue", "会场", "choice:venue"),
        ("online", "视频接入", "check"),
    ),
    "revise": (("corrects", "更正", "choice:entry"), ("text", "改为", "text"), ("reason", "原因", "line")),
    "next": (("at", "时间", "time"),),
    "open": (
        ("topic", "议题", "line"),
        ("level", "响应级别", "choice:grade"),
        ("chair", "主持", "line"),
        ("recorder", "记录", "line"),
        ("cutoff", "资料截止", "time"),
    ),
}
FORM_WORDS = {
    "opinion": "意见", "material": "材料（固定当前画面）", "option": "方案", "vote": "表态", "decision": "决定",
    "attend": "到会", "revise": "更正", "next": "下次会商", "open": "新会商",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """planned: minutes in words. recorded: what was recorded under it. now: it is being dealt with."""

    code: str
    title: str
    planned: str
    recorded: str
    now: bool


@dataclass(frozen=True, slots=True)
class MeetingView:
    """meetings: to choose from. head: what stands above the agenda. records, options, decisions: rows of cells.

    choices: by the name that FORMS uses. unread: ids of decisions that were not read back.
    """

    chosen: str = ""
    meetings: tuple[Choice, ...] = ()
    head: str = ""
    live: bool = False
    agenda: tuple[AgendaLine, ...] = ()
    records: tuple[tuple[Cell, ...], ...] = ()
    options: tuple[tuple[Cell, ...], ...] = ()
    decisions: tuple[tuple[Cell, ...], ...] = ()
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What is typed in the form: the kind of entry, its fields, and who signs."""

    what: str
    fields: Mapping[str, str]
    author: str
