"""What happened to the local files, in words for the banner: what was lost, what is done, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.domain.time import stamp
from console.presenters.wording import Translate


def store_note(doc: Mapping[str, Any], tr: Translate) -> str:
    """Return the banner's text; "" when nothing is to be said."""
    recovery = doc.get("recovery")
    if doc.get("ops_damaged"):
        return tr("本机记录库有损坏，正在用备份和还能读出的内容恢复；请稍候再记录。")
    if isinstance(recovery, Mapping):
        text = tr(
            "本机记录库已从损坏中恢复：现有 {entries} 条记录，{offered} 条重新上报（不会重复）。请核对 {time} 前后的记录。"
        )
        return text.format(entries=recovery["entries"], offered=recovery["offered"], time=stamp(float(recovery["at"])))
    rebuilt = [str(name) for name in doc.get("rebuilt", ())]
    if rebuilt:
        text = tr("本机缓存文件 {names} 损坏，已改名保留，正在从中心重新取回；记录不受影响。")
        return text.format(names="、".join(rebuilt))
    return ""
