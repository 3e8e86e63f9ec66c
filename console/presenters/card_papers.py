"""Plans, drawings, contacts and teams of an object, as far as this machine holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.duty import CardSection, Fact

MOST = 4  # lines of a kind
TITLES = (("plans", "预案"), ("drawings", "图纸"), ("contacts", "联系人"), ("teams", "队伍"))


@dataclass(frozen=True, slots=True)
class Papers:
    """Documents that the cache holds, by kind: plans, drawings, contacts, teams. read: whether the cache was asked yet."""

    docs: Mapping[str, Sequence[Mapping[str, Any]]]
    read: bool = True

    def of(self, kind: str, code: str, name: str, city: str) -> list[str]:
        """Return what names an object, else what is of its city; at most a few."""
        found: list[tuple[int, str]] = []
        for doc in self.docs.get(kind, ()):
            props, facts = doc.get("properties"), None
            if not isinstance(props, Mapping):
                continue
            facts = props.get("facts")
            texts = [str(v) for v in (props.get("name"), *(facts.values() if isinstance(facts, Mapping) else ()))]
            named = any(code == t or name.split("(")[0] in t for t in texts)
            if named or (city and props.get("city") == city):
                detail = " ".join(str(v) for v in list(facts.values())[:2]) if isinstance(facts, Mapping) else ""
                found.append((0 if named else 1, printable(f"{props.get('name', '')} {detail}".strip(), 60)))
        return [text for _, text in sorted(found)[:MOST]]


NO_PAPERS = Papers({}, read=False)


def papers_section(papers: Papers, code: str, name: str, city: str, tr: Translate) -> CardSection:
    """Return what is held of an object; a machine that holds no documents at all says where they come from."""
    if papers.read and not any(papers.docs.values()):
        return CardSection("资料库", (Fact("预案", "—", tr("本机没有资料，请在运维的离线包里下载"), "text.dim"),))
    facts = [Fact(title, "；".join(texts), "") for kind, title in TITLES if (texts := papers.of(kind, code, name, city))]
    return CardSection("资料库", tuple(facts))
