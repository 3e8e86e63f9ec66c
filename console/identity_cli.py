"""Identity card and trust list on the command line."""

from __future__ import annotations

import argparse
import sys

from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.paths import DataHome
from console.settings import Settings
from console.store.identity import TrustList, card_from, spoken
from console.sync.bundles import device_keys, identity_folder


def show_identity(options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    card = device_keys(home).load(options.name).card
    if options.out:
        options.out.write_text(card.to_text(), "utf-8")
    print(card.to_text(), end="")
    print(f"设备 {card.name}，指纹 {spoken(card.device_id)}", file=sys.stderr)
    return 0


def trust_card(options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    known = TrustList(identity_folder(home))
    if options.card:
        try:
            card = card_from(options.card.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise ConsoleError(f"身份卡 {options.card} 读不出来。", "请核对文件。", str(exc)) from exc
        known.add(card)
        print(f"已加入信任：{card.name}\n请与对方电话核对指纹，不符请立即撤销：\n  {spoken(card.device_id)}")
        return 0
    if options.revoke:
        found = known.match(options.revoke)
        known.revoke(found.card.device_id)
        print(f"已撤销信任：{found.card.name}（{spoken(found.card.device_id)}）")
        return 0
    if not known.all():
        print("信任名单是空的；用 console trust 身份卡文件 加入。", file=sys.stderr)
    for item in known.all():
        state = f"已撤销 {full_stamp(item.revoked_at)}" if item.revoked_at else f"信任自 {full_stamp(item.since)}"
        print(f"{item.card.name}\t{spoken(item.card.device_id)}\t{state}")
    return 0
