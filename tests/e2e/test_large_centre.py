"""A large centre: its store on a PostgreSQL server that may be absent, stop and come back."""

from __future__ import annotations

import httpx
from uuid6 import uuid7

from backend_client.mqtt import broker_of, rings
from console.store.cache_reader import CacheReader
from tests.processes import Running, eventually


def test_a_database_that_is_away_at_the_start_is_said_in_chinese(home):
    child = Running(home, "--source", "live", "central", "--store", "postgresql://console@127.0.0.1:1/fcc")
    _, words = child.process.communicate(timeout=30)
    assert child.process.returncode == 2 and "连不上" in words and "Traceback" not in words


def test_a_centre_outlives_its_database(chain, postgres_server, postgres):
    made = chain("live", store=postgres)
    central = made.start_central()
    epoch = made.ask(lambda c: c.hello()).epoch
    postgres_server.stop("fast")
    found = made.endpoint()
    with httpx.Client(base_url=found.url, headers={"Authorization": f"Bearer {found.token}"}, trust_env=False) as http:
        reply = eventually(lambda: (r := http.get("/v1/obs/latest")).status_code == 503 and r, what="503")
        assert reply.json()["code"] == "store-unavailable" and int(reply.headers["retry-after"]) > 0
        postgres_server.start()
        eventually(lambda: http.get("/v1/obs/latest").status_code == 200, what="the database used again")
        assert http.get("/v1/hello").json()["epoch"] == epoch
    assert central.process.poll() is None


def test_a_console_hears_of_a_new_entry_over_the_broker(chain, mosquitto):
    made = chain("live", mqtt=mosquitto.url)
    made.home.settings.write_text(f'doorbell = "{mosquitto.url}"\n', "utf-8")
    made.start_central()
    made.start_sync()
    reader = CacheReader(made.profile)
    eventually(lambda: reader.link().get("last_ok"), what="first round")
    service = made.ask(lambda c: c.hello()).service
    spy = rings(broker_of(mosquitto.url), service, 0.2)
    next(spy)
    entry = {"id": str(uuid7()), "kind": "log.entry", "body": {"type": "note", "text": "巡堤"}, "author": "张三", "at": 1.7e9}
    made.ask(lambda c: c.send([entry]))
    assert eventually(lambda: next(ring for ring in spy if ring[0] != "hb"))[0] == "changed"
    eventually(lambda: reader.records("log"), 8, "the entry in the cache")
    reader.close()
    spy.close()


def test_a_source_that_nobody_can_read_is_told_on_the_console(chain):
    made = chain("live")
    folder = made.home.central("live")
    folder.mkdir(parents=True, exist_ok=True)
    entry = '[[source]]\nname = "流域机构"\nkind = "nobody-reads-this"\nprefix = "ZW"\n'
    (folder / "sources.toml").write_text(entry, "utf-8")
    made.start_central()
    made.start_sync()
    reader = CacheReader(made.profile)
    found = eventually(lambda: [d["properties"] for d in reader.objects("sources") if d["properties"]["state"] == "down"])
    assert (found[0]["name"], found[0]["code"]) == ("流域机构", "config") and "nobody-reads-this" in found[0]["detail"]
    reader.close()
