"""The lists a command centre keeps beside its readings; a pack takes them along."""

from __future__ import annotations

LISTS = {
    "plans": "预案",
    "contacts": "联系人",
    "teams": "队伍",
    "stocks": "物资",
    "cameras": "摄像头",
    "drawings": "工程图纸",
    "tiles": "地图瓦片",
}
