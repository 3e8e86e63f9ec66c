"""Two desks set one response level; the centre keeps one, a person settles the other."""

from __future__ import annotations

from console.paths import DataHome
from console.store.cache_reader import CacheReader
from console.store.decisions import Decision, settle
from console.store.ops import OpsStore
from tests.processes import Running, eventually, make_key


def level_of(profile):
    reader = CacheReader(profile)
    try:
        return next((b for i, b in reader.records("response") if i == "flood"), None)
    finally:
        reader.close()


def put(store, level, base, who):
    body = {"topic": "flood", "level": level, "basis": "会商"}
    return store.add("response.set", "response:flood", body, who, base_version=base)


def test_a_conflict_is_kept_with_both_sides_until_a_person_decides(chain, tmp_path, key):
    flood = chain(rate="60", start="2022-06-20 08:00")
    flood.start_central()
    other_home = DataHome(tmp_path / "other")
    other_home.prepare()
    other_key = make_key(other_home)
    found = flood.endpoint()
    name = f"{found.url}"
    env = {"FLOOD_CONSOLE_TOKEN": found.token}
    other_profile = other_home.profile(name)
    other_profile.folder.mkdir(parents=True)
    flood.start_sync()
    flood.running.append(Running(other_home, "--source", name, "sync", env=env))
    eventually(lambda: flood.profile.ops.exists() and other_profile.ops.exists())
    here, there = OpsStore(flood.profile.ops, key), OpsStore(other_profile.ops, other_key)
    try:
        put(here, "IV", 0, "张三")
        eventually(lambda: (level_of(other_profile) or {}).get("level") == "IV", what="the other desk sees it")
        put(here, "III", 1, "张三")
        eventually(lambda: (level_of(flood.profile) or {}).get("version") == 2)
        late = put(there, "II", 1, "李四")
        eventually(lambda: there.find(late).state == "conflict", what="both sides kept")
        current = there.find(late).current
        assert (current["version"], current["doc"]["level"], current["author"]) == (2, "III", "张三")
        there.add("log.entry", "log", {"type": "note", "text": "巡堤"}, "李四")
        eventually(lambda: there.waiting()[0] == 0, what="the conflict blocks nothing else")
        settle(there, Decision(late, True, "王五", {"type": "note", "text": "坚持我的。决定人 王五"}), undo_s=0)
        eventually(lambda: (level_of(flood.profile) or {}).get("level") == "II", 30, "the decision reaches the first desk")
        assert level_of(flood.profile)["author"] == "王五" and level_of(flood.profile)["version"] == 3
    finally:
        here.close()
        there.close()
