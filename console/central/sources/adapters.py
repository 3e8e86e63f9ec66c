"""From an entry of sources.toml to the reader of that source; its mistakes in words an administrator can act on."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from backend_client.adapters.cap.chain import standing
from backend_client.adapters.configured import WARNING_KINDS, adapter_of, warnings_of
from backend_client.adapters.harvest import ELEMENTS, Adapter
from backend_client.adapters.source_table import BadSource
from console.central.sources.cap import CapWarnings
from console.central.sources.reader import AdapterFactory
from console.errors import ConsoleError
from console.store import keyrings
from console.store.sqlite import open_reader

SECRET_VARIABLE = "FLOOD_SOURCE_SECRET_"  # noqa: S105 - the beginning of a variable's name, not a secret
WORDS = {
    "source.unknown-kind": "这个种类没有程序能读",
    "source.missing-key": "没有写",
    "source.unknown-key": "不是已知的项",
    "source.not-text": "应为文字",
    "source.not-one-of": "只能是其中之一",
    "source.not-a-number": "应为范围内的整数",
    "source.not-a-flag": "应为 true 或 false",
    "source.not-a-list": "应为不空的列表",
    "source.not-a-table": "应为一张对照表",
    "source.not-an-address": "不是可用的地址",
    "source.secret-in-file": "里写了密码",
    "source.secret-over-plain-http": "会把密码用明文送出",
    "source.no-such-secret": "所指的密码没有存放",
    "source.unknown-zone": "时区不认识",
    "source.unreadable-file": "所指的文件读不出来",
    "source.bad-template": "瓦片地址的写法不对",
    "source.bad-mapping": "所指的对照文件有错",
}
STEPS = {
    "source.secret-in-file": "请把密码移出文件，用 secret = 名称 引用。",
    "source.no-such-secret": f"请把密码放入系统钥匙串或环境变量 {SECRET_VARIABLE}名称。",
    "source.secret-over-plain-http": "请改用 https:// 地址；确属内网明文的，写 allow_plain_http = true。",
}


class SourceRefused(ConsoleError):
    """An entry that cannot be read; the others go on."""


def adapters_below(folder: Path, elements: Collection[str] = ELEMENTS) -> AdapterFactory:
    """Return what makes a source's reader; relative paths of entries are below folder. elements: what is measured here."""

    def make(conf: Mapping[str, Any]) -> Adapter:
        try:
            if conf.get("kind") in WARNING_KINDS:
                return CapWarnings(warnings_of(conf, secret=secret_of, folder=folder), standing)
            return adapter_of(conf, open_sqlite=open_reader, secret=secret_of, folder=folder, elements=elements)
        except BadSource as exc:
            raise _worded(exc) from exc

    return make


def secret_of(name: str) -> str:
    """Return the secret kept under a name: in the environment, else in the system's keyring; "" for none."""
    variable = SECRET_VARIABLE + "".join(c if c.isalnum() else "_" for c in name).upper()
    found = os.environ.get(variable, "")
    if found or keyrings.refusal():
        return found
    return keyrings.get(f"source:{name}") or ""


def _worded(exc: BadSource) -> SourceRefused:
    where = f"第 {exc.line} 行 " if exc.line else ""
    detail = f"（{exc.detail}）" if exc.detail else ""
    return SourceRefused(
        f"来源“{exc.source}”的 {exc.key} {WORDS.get(exc.code, exc.code)}{detail}。",
        STEPS.get(exc.code, f"请改正 sources.toml {where}后重新启动中心服务。"),
        str(exc),
    )
