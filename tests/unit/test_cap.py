"""CAP warnings: real messages, chains of updates, forged all-clears, hostile text, an Atom index."""

from __future__ import annotations

import os

import httpx
import pytest

from backend_client.adapters.cap.chain import standing
from backend_client.adapters.cap.message import parse_alert
from backend_client.adapters.cap.signature import Signature
from backend_client.adapters.cap.source import CapAtom, CapFolder
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.errors import BackendUnavailable, WireFormatError

NOON = 1717214400  # 2024-06-01 12:00 in Beijing


def cap(
    name="A1",
    sender="sw@gd",
    sent="2024-06-01T12:00:00+08:00",
    kind="Alert",
    references="",
    body="",
    info=True,
    status="Actual",
    end="",
):
    part = f"<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty><expires>2024-06-01T18:00:00+08:00</expires>{body}</info>"
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>{sender}</sender><sent>{sent}</sent>'
        f"<status>{status}</status><msgType>{kind}</msgType><scope>Public</scope><references>{references}</references>{part if info else ''}{end}</alert>"
    ).encode()


def alert(*args, **kwargs):
    return parse_alert(cap(*args, **kwargs), "x")


def states(alerts, now=NOON + 1800):
    return {w.alert.identity.identifier: w.state for w in standing(alerts, now)}


def reference(name, sender="sw@gd", sent="2024-06-01T12:00:00+08:00"):
    return f"{sender},{name},{sent}"


def test_real_messages_of_three_services(shared):
    folder = shared / "realdata/cap"
    canada = parse_alert((folder / "canada.cap").read_bytes(), "canada")
    assert (
        canada.kind == "Update"
        and canada.sent_t == 1336000864
        and [r.identifier for r in canada.references][1] == "2.49.0.1.124.60f31a3a.2012"
    )
    assert (
        [i.language for i in canada.infos] == ["en-CA", "fr-CA"]
        and canada.info_for("zh", "fr") == canada.infos[1]
        and canada.info_for("zh") == canada.infos[0]
    )
    area = canada.infos[0].areas[0]
    assert (
        area.text == "Windsor - Leamington - Essex County"
        and area.polygons[0][0] == (-82.9314, 42.3481)
        and ("layer:EC-MSC-SMC:1.0:CLC", "041420") in area.geocodes
    )
    storm = parse_alert((folder / "thunderstorm.cap").read_bytes(), "storm").infos[0]
    assert (storm.severity, storm.certainty, storm.event_codes) == ("Severe", "Observed", (("SAME", "SVR"),)) and len(
        storm.areas[0].geocodes
    ) == 3
    watch = parse_alert((folder / "weather.cap").read_bytes(), "watch")
    assert (
        watch.infos[0].effective_t == 1283162820
        and watch.infos[0].areas[0].polygons == ()
        and watch.signature.state == Signature.UNSIGNED
    )
    bare = parse_alert((folder / "no_optional_fields.cap").read_bytes(), "bare")
    assert (
        bare.infos == () and bare.info_for("zh") is None and states([bare], bare.sent_t) == {bare.identity.identifier: "bare"}
    )


def test_an_update_closes_the_older_one_and_a_cancel_ends_it_in_any_order_of_arrival():
    first, second = alert("A1"), alert("A2", kind="Update", sent="2024-06-01T12:10:00+08:00", references=reference("A1"))
    last = alert(
        "A3", kind="Cancel", sent="2024-06-01T12:20:00+08:00", references=reference("A2", sent="2024-06-01T12:10:00+08:00")
    )
    assert states([first]) == {"A1": "in-force"}
    assert states([second, first]) == {"A1": "superseded", "A2": "in-force"}
    assert states([last, second, first]) == states([first, second, last]) == {"A1": "superseded", "A2": "cancelled"}
    assert states([first, first]) == {"A1": "in-force"}


def test_a_reference_may_write_the_time_in_another_zone_or_in_the_chinese_form():
    first = alert("A1", sent="2024-06-01 12:00:00+08:00")
    for sent in ("2024-06-01T04:00:00-00:00", "2024-06-01 12:00:00+08:00"):
        second = alert(
            "A2", kind="Update", sent="2024-06-01T12:10:00+08:00", references=f"{reference('A0')} {reference('A1', sent=sent)}"
        )
        assert len(second.references) == 2 and states([first, second])["A1"] == "superseded"
    assert "bad-reference" in alert("A2", references="nonsense").notes


def test_nobody_closes_the_warning_of_another():
    first = alert("A1")
    forged = alert("F1", sender="evil@x", kind="Cancel", sent="2024-06-01T12:10:00+08:00", references=reference("A1"))
    assert states([first, forged]) == {"A1": "in-force", "F1": "refused"}
    assert [w.notes for w in standing([first, forged], NOON) if w.state == "refused"] == [("reference-of-another-sender",)]
    early = alert("F2", kind="Cancel", sent="2024-06-01T11:00:00+08:00", references=reference("A1"))
    assert states([first, early]) == {"A1": "in-force", "F2": "refused"}
    drill = alert("F3", kind="Cancel", sent="2024-06-01T12:10:00+08:00", references=reference("A1"), status="Exercise")
    assert states([first, drill]) == {"A1": "in-force"}, "an exercise ends no real warning"


def test_a_warning_ends_with_its_time_and_an_endless_one_after_a_day():
    assert states([alert()], NOON + 6 * 3600) == {"A1": "expired"}
    endless = parse_alert(cap().replace(b"<expires>2024-06-01T18:00:00+08:00</expires>", b""), "x")
    assert states([endless], NOON + 86399) == {"A1": "in-force"} and states([endless], NOON + 86401) == {"A1": "expired"}
    later = alert(body="<effective>2024-06-01T15:00:00+08:00</effective>")
    assert states([later]) == {"A1": "future"} and states([later], NOON + 4 * 3600) == {"A1": "in-force"}
    assert states([alert(status="Test")]) == {}


def test_hostile_text_stays_visible_text():
    evil = alert(
        body="<headline>&lt;img src='\\\\host\\share'&gt;\u202e解除\u200b</headline><description>第一行&#13;\n第二\u0085行</description>"
    )
    info = evil.infos[0]
    assert info.headline == "<img src='\\\\host\\share'>⟨U+202E⟩解除⟨U+200B⟩"
    assert info.description == "第一行\n第二⟨U+0085⟩行"


def test_areas_that_are_no_areas_are_noted_and_left_out():
    body = "<area><areaDesc>x</areaDesc><polygon>23,113 24,113 24,114 23,113</polygon><polygon>23,113 24,113</polygon><polygon>91,113 24,113 24,114 91,113</polygon><circle>23,113 5.5</circle><circle>23,113 -1</circle><circle>NaN,NaN 1</circle></area>"
    found = alert(body=body)
    (area,) = found.infos[0].areas
    assert area.polygons == (((113.0, 23.0), (113.0, 24.0), (114.0, 24.0), (113.0, 23.0)),) and area.circles == (
        (113.0, 23.0, 5.5),
    )
    assert "bad-geometry" in found.notes


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE alert [<!ENTITY a "b">]>' + cap(), b'<!DOCTYPE alert SYSTEM "file:///etc/passwd">' + cap(), cap()[:-40], cap(sent="2024-06-01T12:00:00"), cap(sent=""),
        cap(kind="Order"), cap(status="Real"), cap(name=""), cap(sender=" "), b"<rss/>", b"<alert/>", cap(name="x" * 500), cap(info=False, end="<info/>" * 65),
        cap(body="<area/>" * 2001), cap(body="<area><polygon>" + "1,1 " * 200_001 + "</polygon></area>"), cap().decode().encode("gb18030"), b"\xef\xbb\xbf", b"x" * (5 << 20),
    ],
)  # fmt: skip
def test_what_is_not_a_whole_honest_message_is_refused(data):
    with pytest.raises(WireFormatError):
        parse_alert(data, "x")


SIGNED = (
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="{uri}"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<DigestValue>{digest}</DigestValue></Reference></SignedInfo><SignatureValue>{value}</SignatureValue></Signature>"
)
GOOD = {"uri": "", "digest": "A" * 44, "value": "B" * 344}


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("", Signature.UNSIGNED),
        (SIGNED.format(**GOOD), Signature.UNVERIFIED),
        (SIGNED.format(**GOOD) * 2, Signature.BROKEN),
        (SIGNED.format(**GOOD | {"uri": "#part"}), Signature.BROKEN),
        (SIGNED.format(**GOOD | {"value": ""}), Signature.BROKEN),
        (f"<x>{SIGNED.format(**GOOD)}</x>", Signature.BROKEN),
    ],
)
def test_a_signature_that_nobody_checked_is_never_called_verified(end, state):
    assert alert(end=end).signature.state == state


def test_a_broken_signature_closes_nothing():
    cancel = alert(
        "C", kind="Cancel", sent="2024-06-01T12:10:00+08:00", references=reference("A1"), end=SIGNED.format(**GOOD) * 2
    )
    assert states([alert("A1"), cancel]) == {"A1": "in-force", "C": "refused"}


def test_a_folder_keeps_what_was_said_when_its_file_goes(tmp_path):
    now = NOON + 0.0
    source = CapFolder(tmp_path, clock=lambda: now)

    def put(name, data):
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, (now - 60, now - 60))

    put("a.cap", cap("A1"))
    put("b.xml", cap("B1")[:-9])
    got = source.read()
    assert [a.identity.identifier for a in got.alerts] == ["A1"] and not got.complete and got.notes == ("unreadable:b.xml",)
    (tmp_path / "a.cap").unlink()
    put("b.xml", cap("B1"))
    got = source.read()
    assert got.complete and {a.identity.identifier for a in got.alerts} == {"A1", "B1"}
    source.close()


class Feed:
    """Serves an index and its messages with ETags."""

    def __init__(self):
        self.entries = {}
        self.asked = []
        self.down = False

    def __call__(self, request):
        self.asked.append((request.url.path, request.headers.get("if-none-match")))
        if self.down:
            return httpx.Response(503)
        if request.url.path == "/cap/index.atom":
            rows = "".join(
                f"<entry><updated>{u}</updated><link rel='self' href='no'/><link type='application/cap+xml' href='{href}'/></entry>"
                for href, (u, _) in self.entries.items()
            )
            body = f"<feed xmlns='http://www.w3.org/2005/Atom'>{rows}</feed>".encode()
        else:
            body = next(
                (d for href, (_, d) in self.entries.items() if request.url.path.endswith(href.rpartition("/")[2])), None
            )
            if body is None:
                return httpx.Response(404)
        tag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304)
        return httpx.Response(200, content=body, headers={"ETag": tag})


@pytest.fixture
def feed():
    served = Feed()
    source = CapAtom(ForeignHttp("http://cap.test/cap/", transport=httpx.MockTransport(served)), "index.atom")
    yield source, served
    source.close()


def test_an_index_is_followed_on_its_own_host_and_only_what_is_new_is_fetched(feed):
    source, served = feed
    served.entries = {
        "a.cap": ("1", cap("A1")),
        "/cap/b.cap": ("1", cap("B1")),
        "http://elsewhere.test/c.cap": ("1", cap("C1")),
    }
    got = source.read()
    assert {a.identity.identifier for a in got.alerts} == {"A1", "B1"} and got.notes == ("link-to-another-host",)
    served.entries = {"a.cap": ("1", cap("A1")), "/cap/b.cap": ("2", cap("B2"))}
    served.asked.clear()
    got = source.read()
    assert [p for p, _ in served.asked] == ["/cap/index.atom", "/cap/b.cap"] and got.complete
    assert {a.identity.identifier for a in got.alerts} == {"A1", "B1", "B2"}, "what has left the index is not withdrawn by that"
    served.asked.clear()
    source.read()
    assert served.asked[0][1], "the index itself is asked for with its ETag"


def test_one_bad_entry_does_not_hide_the_others_and_is_tried_again(feed):
    source, served = feed
    served.entries = {"a.cap": ("1", cap("A1")[:-20]), "b.cap": ("1", cap("B1"))}
    got = source.read()
    assert [a.identity.identifier for a in got.alerts] == ["B1"] and got.notes == ("unreadable:http://cap.test/cap/a.cap",)
    served.entries["a.cap"] = ("1", cap("A1"))
    assert {a.identity.identifier for a in source.read().alerts} == {"A1", "B1"}
    served.down = True
    with pytest.raises(BackendUnavailable):
        source.read()


def test_the_real_index_points_to_its_own_host(shared):
    index = (shared / "realdata/cap/weather_index.atom").read_bytes()
    message = (shared / "realdata/cap/weather.cap").read_bytes()
    answer = lambda request: httpx.Response(200, content=index if request.url.path.endswith("alerts-beta/") else message)  # noqa: E731
    source = CapAtom(ForeignHttp("http://www.weather.gov/alerts-beta/", transport=httpx.MockTransport(answer)))
    got = source.read()
    assert got.complete and len(got.alerts) == 1 and source.meter.requests == 3
    source.close()
