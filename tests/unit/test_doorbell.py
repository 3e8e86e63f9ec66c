"""The doorbell over a broker: rings arrive, a broker that goes away is no outage, addresses are checked."""

from __future__ import annotations

import threading

import pytest

from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.mqtt import MqttPublisher, broker_of, rings, topic_of
from console.broker import broker_from
from console.errors import ConsoleError
from console.sync.doorbell import DoorbellWait
from tests.processes import eventually

SERVICE = "embedded:live"


class Stream:
    """The centre's event stream; rings once and then stays silent, as a scripted session."""

    def __init__(self, stop):
        self._stop = stop
        self.opened = 0

    def events(self, _last_id):
        self.opened += 1
        yield "1", "changed", {"via": "sse"}
        while not self._stop.wait(0.02):
            yield "", "hb", {}


class Listening:
    """A console's doorbell thread."""

    def __init__(self, broker):
        self.heard, self.stop = [], threading.Event()
        self.stream = Stream(self.stop)
        self.wait = DoorbellWait(self.stop, lambda e, d: self.heard.append((e, dict(d))), broker, lambda: SERVICE)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stop.is_set():
            self.wait.once(lambda: self.stream)

    def close(self):
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def listening(monkeypatch):
    monkeypatch.setattr("console.sync.doorbell.BROKER_AGAIN_S", 0.3)
    monkeypatch.setattr("console.sync.doorbell.SILENCE_S", 0.1)
    made = []

    def make(url):
        made.append(Listening(broker_of(url)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_ring_reaches_every_console_and_a_late_one_learns_the_newest_number(mosquitto, listening):
    centre = MqttPublisher(broker_of(mosquitto.url), SERVICE)
    early = [listening(mosquitto.url) for _ in range(3)]
    eventually(lambda: centre.connected and all(c.wait.via == "mqtt" for c in early), what="all at the broker")
    centre.publish("alarm", {"feed": "records", "seq": 41})
    eventually(lambda: all(("alarm", {"feed": "records", "seq": 41}) in c.heard for c in early), what="rings")
    late = listening(mosquitto.url)
    eventually(lambda: ("changed", {"seq": 41}) in late.heard, what="the retained number")
    assert not any(c.stream.opened for c in [*early, late])
    centre.close()


def test_a_broker_that_goes_away_is_replaced_by_the_event_stream_and_found_again(mosquitto, listening):
    centre = MqttPublisher(broker_of(mosquitto.url), SERVICE)
    console = listening(mosquitto.url)
    eventually(lambda: centre.connected and console.wait.via == "mqtt", what="at the broker")
    mosquitto.stop()
    eventually(lambda: console.stream.opened and console.wait.via == "sse", what="the event stream")
    centre.publish("changed", {"feed": "obs", "seq": 42})  # dropped: nobody carries it
    mosquitto.start()
    eventually(lambda: console.wait.via == "mqtt", what="the broker again")
    eventually(lambda: ("changed", {"seq": 42}) in console.heard, what="what was missed")
    centre.close()


def test_a_broker_that_was_never_there_costs_nothing_but_a_try(listening):
    console = listening("mqtt://127.0.0.1:1")
    eventually(lambda: ("changed", {"via": "sse"}) in console.heard)
    with pytest.raises(BackendUnavailable):
        next(rings(broker_of("mqtt://127.0.0.1:1"), SERVICE, 1.0))


def test_rubbish_on_the_topic_ends_the_listening_not_the_console(mosquitto):
    centre = MqttPublisher(broker_of(mosquitto.url), SERVICE)
    heard = rings(broker_of(mosquitto.url), SERVICE, 0.05)
    eventually(lambda: centre.connected and next(heard)[0] == "hb")
    centre._client.publish(topic_of(SERVICE, "events"), b"[1,")
    with pytest.raises(WireFormatError):
        while next(heard):
            pass
    centre.close()


@pytest.mark.parametrize(
    ("url", "word"),
    [("http://h", "不能识别"), ("mqtt://10.0.0.9", "没有加密"), ("mqtts://u:secret@h", "密码"), ("mqtts://h:x", "不能识别")],
)
def test_an_address_that_cannot_be_used_is_refused_in_words(url, word):
    with pytest.raises(ConsoleError, match=word) as told:
        broker_from(url)
    assert "secret" not in str(told.value)


def test_signs_with_a_meaning_never_reach_a_topic():
    assert topic_of("embedded:a/b#+", "events") == "fcc/v1/embedded:a-b--/events"
    assert broker_from("") is None and broker_from("mqtts://h").port == 8883
