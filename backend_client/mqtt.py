"""The doorbell over an MQTT broker, for centres with more consoles than one process should hold open.

MQTT is no queue here: an offline session loses messages without a word, so a message only says
"pull now" and carries a sequence number at most. QoS 0 and one retained number are all it needs.
"""

from __future__ import annotations

import json
import os
import queue
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError

PASSWORD_VARIABLE = "FLOOD_CONSOLE_MQTT_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
KEEPALIVE_S = 20
CONNECT_S = 5.0
PAYLOAD_LIMIT = 4096
WAITING_LIMIT = 256
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_Ring = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    tls: bool
    user: str


def broker_of(url: str) -> Broker:
    """Return where the broker is.

    Raises:
        ValueError: not mqtt:// or mqtts://, a password in it, or clear text beyond this machine;
            the text is one of ``scheme``, ``password``, ``clear``.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError("scheme") from exc
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError("scheme")
    if parts.password is not None:
        raise ValueError("password")
    tls = parts.scheme == "mqtts"
    if not tls and parts.hostname not in LOOPBACK:
        raise ValueError("clear")
    return Broker(parts.hostname, port or (8883 if tls else 1883), tls, parts.username or "")


def topic_of(service: str, leaf: str) -> str:
    """Return a service's topic; signs that MQTT gives a meaning to become ``-``."""
    plain = "".join("-" if c in "+#/\0" else c for c in service)
    return f"fcc/v1/{plain}/{leaf}"


def _client(broker: Broker) -> Client:
    client = Client(CallbackAPIVersion.VERSION2)
    if broker.user:
        client.username_pw_set(broker.user, os.environ.get(PASSWORD_VARIABLE))
    if broker.tls:
        client.tls_set_context(ssl.create_default_context())
    client.connect_timeout = CONNECT_S
    client.reconnect_delay_set(1, 30)
    return client


class MqttPublisher:
    """Publishes from any thread; while the broker is away events are dropped, never kept."""

    def __init__(self, broker: Broker, service: str) -> None:
        self._events, self._newest = topic_of(service, "events"), topic_of(service, "seq")
        self._seq = -1
        self._client = _client(broker)
        self._client.on_connect = self._connected
        self._client.connect_async(broker.host, broker.port, KEEPALIVE_S)
        self._client.loop_start()

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def publish(self, event: str, data: Mapping[str, Any]) -> None:
        seq = data.get("seq")
        if isinstance(seq, int):
            self._seq = seq
        if not self._client.is_connected():
            return
        self._client.publish(self._events, json.dumps({"event": event, "data": data}))
        if isinstance(seq, int):
            self._client.publish(self._newest, str(seq), retain=True)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: Client, _data: Any, _flags: ConnectFlags, _code: ReasonCode, _props: Properties | None
    ) -> None:
        """Whoever waited for the broker learns at once how far the centre is."""
        if self._seq >= 0:
            client.publish(self._newest, str(self._seq), retain=True)
            client.publish(self._events, json.dumps({"event": "changed", "data": {"seq": self._seq}}))


def rings(broker: Broker, service: str, silence_s: float) -> Iterator[_Ring]:
    """Yield (event, data) until the broker is lost; ``hb`` after every silence_s without a ring.

    The first is the retained number as ``changed``, so that nothing between two connections is slept through.

    Raises:
        BackendUnavailable: no broker, or the connection ended.
        BackendRefused: the broker does not let us in.
        WireFormatError: a message is not what the contract says.
    """
    waiting: queue.Queue[_Ring | Exception] = queue.Queue(WAITING_LIMIT)
    client = _client(broker)

    def keep(item: _Ring | Exception) -> None:
        if waiting.full():
            waiting.get_nowait()  # rings are all alike: the newest is enough
        waiting.put_nowait(item)

    def connected(who: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _props: Properties | None) -> None:
        if code.is_failure:
            keep(BackendRefused(0, f"mqtt-{code.getName()}"[:60]))
            return
        who.subscribe([(topic_of(service, "events"), 0), (topic_of(service, "seq"), 0)])

    def lost(_who: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _props: Properties | None) -> None:
        keep(BackendUnavailable(f"mqtt: {code.getName()}"))

    def heard(_who: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            keep(_ring_of(message, topic_of(service, "seq")))
        except WireFormatError as exc:
            keep(exc)

    client.on_connect, client.on_disconnect, client.on_message = connected, lost, heard
    try:
        if client.connect(broker.host, broker.port, KEEPALIVE_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BackendUnavailable("mqtt: no connection")
    except OSError as exc:
        raise BackendUnavailable(f"mqtt: {exc!r}") from exc
    client.loop_start()
    try:
        while True:
            try:
                item = waiting.get(timeout=silence_s)
            except queue.Empty:
                yield "hb", {}
                continue
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        client.on_disconnect = None
        client.disconnect()
        client.loop_stop()


def _ring_of(message: MQTTMessage, newest: str) -> _Ring:
    if len(message.payload) > PAYLOAD_LIMIT:
        raise WireFormatError("mqtt: message too long")
    try:
        doc = json.loads(message.payload)
    except (ValueError, RecursionError) as exc:
        raise WireFormatError(f"mqtt: not JSON: {exc}") from exc
    if message.topic == newest and isinstance(doc, int):
        return "changed", {"seq": doc}
    if not isinstance(doc, dict) or not isinstance(doc.get("event"), str) or not isinstance(doc.get("data"), dict):
        raise WireFormatError("mqtt: not an event")
    return doc["event"], doc["data"]
