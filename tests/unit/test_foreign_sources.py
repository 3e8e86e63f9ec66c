"""Foreign sources read into the centre: what arrives, what is owed, what fails and how it is said."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from backend_client.adapters.harvest import Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from console.central.doorbell import Doorbell
from console.central.repository import Repository
from console.central.sources.cap import INFO, CapWarnings
from console.central.sources.centre import CentreForSources
from console.central.sources.config import SourcesFileError, load_sources
from console.central.sources.host import SourcesHost, no_adapters
from console.central.sources.state import GapBook
from console.central.sources.warnings import ForeignWarning
from console.central.sources.windows import DAY, HOUR, WindowPlan, slices
from console.central.store_core import SeriesKey
from console.central.watch import Watch
from console.domain.quality import Quality
from console.domain.time import from_beijing
from tests.processes import eventually

RIVER = {
    "code": "81201800",
    "version": 1,
    "geometry": None,
    "properties": {"name": "石角", "type": "river", "thresholds": [{"kind": "warning", "value": 11.0}]},
}


class Scripted:
    """An adapter that answers from a script; one class so that every test says what its server does."""

    def __init__(self, series=(), readings=None, gaps=(), complete=True, fails=None, notes=(), release=None):
        self.meter = Meter()
        self._series, self._readings, self._gaps = tuple(series), readings or {}, tuple(gaps)
        self._complete, self.fails, self._notes, self._release = complete, fails, notes, release
        self.windows, self.closed = [], False

    def probe(self):
        self._answer()
        return Capability("scripted", "省水文数据中心", "1.1", notes=self._notes)

    def series(self):
        return self._series

    def read(self, wanted, from_t, to_t):
        self._answer()
        self.windows.append((from_t, to_t))
        parts = []
        for s in wanted:
            rows = [r for r in self._readings.get(s.key, ()) if from_t <= r[0] <= to_t]
            if rows:
                t, v = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float)
                parts.append(SeriesReadings(s.key, t, v, np.zeros(len(t), np.int64)))
        gaps = tuple(g for g in self._gaps if from_t <= g.from_t <= to_t)
        return Harvest(tuple(parts), sum(len(p.t) for p in parts), self._complete and not gaps, gaps)

    def _answer(self):
        self.meter.requests += 1
        if self._release is not None:
            self._release.wait(30)
        if self.fails is not None:
            raise self.fails

    def close(self):
        self.closed = True


class Warner(Scripted):
    """A service of warnings: no series."""

    def warnings(self):
        self.meter.requests += 1
        return [ForeignWarning("w-1", {"headline": "暴雨红色预警"})]


def foreign(station="G1", element="Z", key=None, **more):
    return ForeignSeries(
        key or f"{station}/{element}", station, "石角水文站", element, "m", lon=113.1, lat=23.6, interval_s=3600, **more
    )


class Centre:
    def __init__(self, folder):
        self.folder = folder
        self.repo = Repository(folder / "central.db", "test")
        self.repo.put_objects("stations", [RIVER])
        self.bell = Doorbell()
        self.watch = Watch(self.repo, self.bell, None)
        self.side = CentreForSources(self.repo, self.watch, self.bell)
        self.hosts = []

    def host(self, text, adapters):
        """Start reading; adapters: by source name."""
        (self.folder / "sources.toml").write_text(text, "utf-8")
        made = adapters if callable(adapters) else lambda conf: adapters[conf["name"]]
        self.hosts.append(SourcesHost(self.folder, made, self.side, self.side))
        self.watch.live_sources = self.hosts[-1].names
        self.hosts[-1].start()
        return self.hosts[-1]

    def state(self, name="省水文"):
        found = [d["properties"] for d in self.repo.objects("sources") if d["code"] == name]
        return found[0] if found else {"state": "absent", "code": ""}

    def until(self, state, code="", name="省水文"):
        eventually(lambda: (self.state(name)["state"], self.state(name)["code"]) == (state, code), 10, f"{name} {state} {code}")
        return self.state(name)


@pytest.fixture
def centre(tmp_path, monkeypatch):
    monkeypatch.setattr("console.central.sources.host.PUBLISH_S", 0.05)
    monkeypatch.setattr("console.central.sources.host.STAGGER_S", 0.0)
    made = Centre(tmp_path)
    yield made
    for host in made.hosts:
        host.stop()
    made.repo.close()


ONE = '[[source]]\nname = "省水文"\nkind = "sensorthings"\nprefix = "GD"\nurl = "https://example.invalid/v1.1"\n'
MAPPED = ONE + '[[source.station]]\nforeign = "G1"\nours = "81201800"\n'


def hour_ago(hours=1):
    return int(time.time()) // 3600 * 3600 - hours * 3600


def test_readings_of_a_mapped_station_are_those_of_ours_and_raise_its_alarm(centre):
    t = hour_ago()
    centre.host(MAPPED, {"省水文": Scripted([foreign()], {"G1/Z": [(t - 3600, 10.0), (t, 11.5)]})})
    state = centre.until("ok")
    assert (state["expected"], state["got"], state["newest_t"], state["title"]) == (2, 2, t, "省水文数据中心")
    series = centre.repo.objects("series")[0]["properties"]
    assert (series["object"], series["source"], series["unit"]) == ("81201800", "省水文", "m")
    assert [d["code"] for d in centre.repo.objects("stations")] == ["81201800"], "no second station"
    assert [b["rule"] for _, b in centre.repo.records("alarm") if b["rule"] == "warning"] == ["warning"]


def test_a_foreign_station_of_its_own_carries_the_prefix_and_its_source(centre):
    pool = foreign("R 7", "RZ")
    centre.host(ONE, {"省水文": Scripted([foreign("G9"), pool, foreign("G9", "", key="other")], {"G9/Z": [(hour_ago(), 3.0)]})})
    state = centre.until("ok")
    station = next(d for d in centre.repo.objects("stations") if d["code"] == "GD-G9")
    assert station["properties"]["source"] == "省水文" and station["geometry"]["coordinates"] == [113.1, 23.6]
    assert centre.repo.objects("reservoirs")[0]["code"].startswith("GD-R_7~"), "not the code of a station R_7"
    assert (state["series"], state["unread"]) == (2, 1)


def test_a_missing_value_is_missing_and_a_correction_of_last_week_raises_no_alarm(centre):
    t = hour_ago()
    rows = [(t - 50 * 3600, 19.0), (t - 3600, float("nan")), (t, 9.0)]
    centre.host(MAPPED, {"省水文": Scripted([foreign()], {"G1/Z": rows})})
    centre.until("ok")
    kept = [(r[1], r[2]) for r in centre.repo.changes(0, 10)[0]]
    assert sorted(kept) == [(t - 50 * 3600, 19.0), (t - 3600, None), (t, 9.0)]
    assert not [b for _, b in centre.repo.records("alarm") if b["rule"] == "warning"]


def test_what_no_json_can_carry_never_reaches_the_consoles(centre):
    t = hour_ago()
    odd = ForeignSeries("k", "G\udc00", "\udc00石角\u202e", "Z", "m", lon=float("nan"), lat=91.0, datum="\udc00")
    centre.host(ONE, {"省水文": Scripted([odd], {"k": [(t, float("inf"))]}, notes=("\udc00",))})
    state = centre.until("ok")
    assert centre.repo.latest()[0][2] is None
    made = next(d for d in centre.repo.objects("stations") if d["code"].startswith("GD-"))
    assert made["geometry"] is None and made["properties"]["name"] == "·石角·"
    json.dumps([state, made], allow_nan=False, ensure_ascii=False).encode("utf-8")


def test_a_cap_message_becomes_a_warning_with_where_it_stands(centre):
    info = SimpleNamespace(
        areas=(
            SimpleNamespace(
                text="清远市",
                polygons=(((113.0, 23.0), (113.1, 23.0), (113.0, 23.0)),),
                circles=(),
                geocodes=(("adcode", "441800"),),
            ),
        )
    )
    for name in INFO:
        setattr(info, name, 1_655_860_000 if name.endswith("_t") else name)
    identity = SimpleNamespace(sender="gd.weather", identifier="w1", sent="2022-06-22T08:00:00+08:00")
    alert = SimpleNamespace(identity=identity, sent_t=1_655_856_000, status="Actual", kind="Alert", notes=("no-signature",))
    alert.signature, alert.info_for = SimpleNamespace(state="unsigned"), lambda *_: info
    reading = SimpleNamespace(alerts=(alert,), complete=True, notes=())
    source = SimpleNamespace(meter=Meter(), read=lambda: reading, close=lambda: None)

    def standing(alerts, _now):
        return [SimpleNamespace(alert=a, state="in-force", closed_by=None, notes=()) for a in alerts]

    centre.host(ONE, {"省水文": CapWarnings(source, standing)})
    centre.until("ok")
    ((warning_id, body),) = centre.repo.records("warning")
    assert warning_id == "gd.weather,w1,2022-06-22T08:00:00+08:00"
    assert (body["state"], body["headline"], body["source"], body["areas"][0]["text"]) == (
        "in-force",
        "headline",
        "省水文",
        "清远市",
    )


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": "\udc00"}, {"x": object()}])
def test_a_warning_that_json_cannot_carry_is_refused(centre, body):
    adapter = Warner()
    adapter.warnings = lambda: [ForeignWarning("w", body)]
    centre.host(ONE, {"省水文": adapter})
    centre.until("down", "format")
    assert not centre.repo.records("warning")


def test_what_a_server_owes_is_listed_by_station_and_window(centre):
    t = hour_ago(20)
    owed = Gap("G1/Z", t, t + 7200, "count-short")
    centre.host(MAPPED, {"省水文": Scripted([foreign()], {}, gaps=[owed])})
    state = centre.until("degraded", "gaps")
    assert state["gaps"] == [
        {"object_code": "81201800", "element": "Z", "from_t": t, "to_t": t + 7200, "reason": "count-short"}
    ]


def test_a_window_without_proof_is_owed_for_every_series(centre):
    centre.host(MAPPED, {"省水文": Scripted([foreign()], {}, complete=False)})
    assert centre.until("degraded", "gaps")["gap_count"] >= 3


def test_a_gap_is_settled_when_its_window_is_read_again():
    book = GapBook()
    book.read(0, 100, [Gap("a", 10, 20, "x"), Gap("b", 90, 100, "x")])
    book.read(50, 150, [])
    assert [g.key for g in book.all()] == ["a"], "only the window read again is settled"
    book.forget_before(30)
    assert not book.all()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (BackendUnavailable("timeout"), "unreachable"),
        (BackendUnavailable("HTTP 429", 30.0), "busy"),
        (BackendRefused(401, "token"), "login"),
        (BackendRefused(404, "x"), "address"),
        (BackendRefused(400, "x"), "refused"),
        (WireFormatError("value[3]"), "format"),
        (ZeroDivisionError("adapter"), "bug"),
    ],
)
def test_each_failure_has_its_reason_and_harms_no_other_source(centre, fault, code):
    two = MAPPED + '[[source]]\nname = "流域机构"\nkind = "pi"\nprefix = "ZW"\n'
    centre.host(two, {"省水文": Scripted(fails=fault), "流域机构": Scripted([foreign("Q")], {"Q/Z": [(hour_ago(), 1.0)]})})
    assert centre.until("down", code)["failures"] == 1
    centre.until("ok", name="流域机构")


def test_a_source_that_hangs_is_told_and_delays_no_other(centre, monkeypatch):
    monkeypatch.setattr("console.central.sources.host.HANG_S", 0.3)
    release = threading.Event()
    two = ONE + '[[source]]\nname = "流域机构"\nkind = "pi"\nprefix = "ZW"\n'
    centre.host(two, {"省水文": Scripted(release=release), "流域机构": Scripted([foreign("Q")], {"Q/Z": [(hour_ago(), 1.0)]})})
    centre.until("ok", name="流域机构")
    centre.until("down", "hangs")
    release.set()
    centre.until("ok")


def test_a_hundred_sources_are_read_side_by_side(centre):
    text = "".join(f'[[source]]\nname = "来源{i}"\nkind = "x"\nprefix = "P{i}"\n' for i in range(100))
    began = time.monotonic()
    host = centre.host(
        text, lambda _conf: Scripted([foreign(f"S{k}") for k in range(5)], {f"S{k}/Z": [(hour_ago(), 1.0)] for k in range(5)})
    )
    eventually(lambda: all(s.state == "ok" for s in host.states()), 20, "all read")
    assert time.monotonic() - began < 15 and len(centre.repo.latest()) == 500


def test_a_source_that_recovers_says_so_and_keeps_what_it_knew(centre, monkeypatch):
    monkeypatch.setattr("console.central.sources.reader.next_wait_s", lambda *_: 0.1)
    adapter = Scripted([foreign()], {"G1/Z": [(hour_ago(), 9.0)]})
    host = centre.host(MAPPED, {"省水文": adapter})
    good = centre.until("ok")
    adapter.fails = BackendUnavailable("away")
    bad = centre.until("down", "unreachable")
    assert bad["last_ok_t"] >= good["last_ok_t"] and bad["newest_t"] == good["newest_t"] and bad["failures"] >= 1
    adapter.fails = None
    assert centre.until("ok")["failures"] == 0
    host.stop()
    assert adapter.closed
    centre.host(MAPPED, {"省水文": Scripted(fails=BackendUnavailable("away"))})
    assert centre.until("down", "unreachable")["newest_t"] == good["newest_t"], "a restart forgot what was known"


def test_a_source_that_falls_silent_raises_the_stale_alarm(centre):
    centre.host(MAPPED, {"省水文": Scripted([foreign()], {"G1/Z": [(hour_ago(5), 9.0)]})})
    centre.until("ok")
    centre.watch.tick()
    assert [b["rule"] for _, b in centre.repo.records("alarm")] == ["stale"]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_forecast_neither_raises_an_alarm_nor_hides_the_readings_that_do(centre, restarted):
    (sid,) = centre.watch.place({}, [SeriesKey("81201800", "Z", "m", "", "省水文", 3600)])
    t = hour_ago(2)
    centre.watch.receive([(sid, t, 10.0, 0), *((sid, t + 3600 * k, 13.0, int(Quality.FORECAST)) for k in range(1, 73))])
    assert centre.repo.records("alarm") == []
    if restarted:
        centre.watch.reload()
    centre.watch.receive([(sid, t + 3600, 11.4, 0)])
    assert [b["rule"] for _, b in centre.repo.records("alarm")] == ["warning", "rise_rate"]


def test_warnings_become_records_once(centre, monkeypatch):
    monkeypatch.setattr("console.central.sources.reader.next_wait_s", lambda *_: 0.05)
    adapter = Warner()
    centre.host(ONE, {"省水文": adapter})
    eventually(lambda: adapter.meter.requests > 12, what="several polls")
    rows = centre.repo.record_changes(0, 9)[0]
    assert [(r[0], r[1], r[2]) for r in rows] == [("warning", "w-1", 1)]


def test_a_station_mapped_to_one_that_does_not_exist_is_told(centre):
    centre.host(MAPPED.replace("81201800", "999"), {"省水文": Scripted([foreign()])})
    assert "mapped-station-missing:999" in centre.until("degraded", "mapping")["notes"]


def test_a_kind_that_nobody_reads_is_told_in_words(centre):
    centre.host(ONE, no_adapters)
    assert "sensorthings" in centre.until("down", "config")["detail"]


def test_an_entry_that_lacks_what_its_kind_needs_is_named(centre):
    def make(_conf):
        raise KeyError("url")

    centre.host(ONE, make)
    assert "url" in centre.until("down", "config")["detail"]


def test_a_wrong_file_is_a_line_on_the_page_and_the_centre_runs_on(centre):
    centre.host("[[source]]\nname = 3\n", {})
    assert "name" in centre.until("down", "config", name="sources.toml")["detail"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x = 1", "x"),
        ("[[source]]\nkind='a'\nprefix='A'", "name"),
        (ONE.replace('"GD"', '"太长的前缀"'), "prefix"),
        (ONE + "poll_s = 1\n", "poll_s"),
        (ONE + "poll_s = true\n", "poll_s"),
        (ONE + 'enabled = "no"\n', "enabled"),
        (ONE + 'unmapped = "maybe"\n', "unmapped"),
        (ONE + ONE, "name"),
        (MAPPED + 'also = "x"\n', "station"),
        (MAPPED + '[[source.station]]\nforeign = "G1"\nours = "2"\n', "foreign"),
        ("[[source", "全文"),
    ],
)
def test_a_wrong_entry_is_named_by_its_key(tmp_path, text, key):
    (tmp_path / "sources.toml").write_text(text, "utf-8")
    with pytest.raises(SourcesFileError, match=key):
        load_sources(tmp_path / "sources.toml")


def test_a_source_that_is_switched_off_is_checked_but_not_read(tmp_path):
    (tmp_path / "sources.toml").write_text(ONE + "enabled = false\n", "utf-8")
    assert load_sources(tmp_path / "sources.toml") == ()


def test_windows_are_read_again_each_hour_and_each_night():
    plan, noon = WindowPlan(), from_beijing("2026-06-22 12:00")
    assert plan.due(noon)[1] == "long"
    plan.done("long", noon)
    assert plan.due(noon + 300) == (3 * HOUR, "short") and plan.due(noon + 3700)[1] == "long"
    night = from_beijing("2026-06-23 02:00")
    assert plan.due(night) == (30 * DAY, "whole")
    plan.done("whole", night)
    assert plan.due(night + 300)[1] == "short"
    assert plan.due(noon + 90_000, noon - 4 * DAY)[1] == "whole", "after four days away 72 h are not enough"
    parts = list(slices(72 * HOUR, noon))
    assert parts[0][0] == noon - 3 * HOUR and parts[-1][0] == noon - 72 * HOUR
    assert all(a[0] == b[1] + 1 for a, b in zip(parts, parts[1:]))


def test_a_warning_known_before_a_restart_is_no_news_after_it(centre):
    host = centre.host(ONE, {"省水文": Warner()})
    eventually(lambda: centre.repo.records("warning"), what="the warning")
    host.stop()
    centre.host(ONE, {"省水文": Warner()})
    centre.until("ok")
    assert [r[2] for r in centre.repo.record_changes(0, 9)[0]] == [1]


def test_the_state_of_a_source_recomputes_no_scope(centre):
    before = centre.repo.objects_version()
    centre.side.put_sources([{"code": "省水文", "version": 1}], ["gone"], news=False)
    assert centre.repo.objects_version() == before
