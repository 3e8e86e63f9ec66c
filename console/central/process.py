"""The embedded central service as a process of its own on loopback."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from backend_client.errors import Untrusted
from backend_client.mqtt import MqttPublisher
from backend_client.provider import Provider
from console.broker import broker_from
from console.central.app import build_app
from console.central.continuity import Continuity
from console.central.doorbell import Doorbell
from console.central.identity import TokenChecker
from console.central.player import Player
from console.central.repository import Repository, open_repository
from console.central.service import Service
from console.central.sources.centre import CentreForSources
from console.central.sources.host import SourcesHost, no_adapters
from console.central.sources.reader import AdapterFactory
from console.central.tls import CrlWatch, ServerTls, server_context
from console.domain.time import stamp
from console.drill.facts import Recording, basin_objects
from console.drill.recordings import recording_of
from console.errors import ConsoleError
from console.paths import DataHome
from console.processes import Endpoint, leave_with_parent, new_token, publish, sole_owner
from console.topics import site_topics

log = logging.getLogger(__name__)
LINGER_S = 20.0


@dataclass(frozen=True, slots=True)
class CentralOptions:
    """port 0 takes any free one. start_t: where a recording begins when it is played first.

    store: a postgresql:// address, "" for the file in the data folder. mqtt: a broker that carries
    the doorbell too, "" for none. host: an address of this machine; another than loopback only with tls. oidc_issuer: whose
    tokens are good beside this machine's own, when they are meant for oidc_audience.
    """

    source: str
    port: int = 0
    rate: float = 120.0
    start_t: int | None = None
    child: bool = False
    store: str = ""
    mqtt: str = ""
    host: str = "127.0.0.1"
    tls: ServerTls = field(default_factory=ServerTls)
    oidc_issuer: str = ""
    oidc_audience: str = "fcc-centre"
    oidc_tls: ssl.SSLContext | None = None


class PortTaken(ConsoleError):
    """The wished port belongs to another program."""


def endpoint_file(home: DataHome, source: str) -> Path:
    return home.central(source) / "endpoint.json"


def encryption(options: CentralOptions) -> ssl.SSLContext | None:
    """Return the context to serve with, None for cleartext on loopback.

    Raises:
        ConsoleError: an address that others reach would be served without encryption.
    """
    if options.tls.cert:
        return server_context(options.tls)
    try:
        loopback = ipaddress.ip_address(options.host).is_loopback
    except ValueError as exc:
        raise ConsoleError(f"监听地址 {options.host!r} 不能识别。", "请用 --host 给出本机的 IP 地址。") from exc
    if not loopback:
        raise ConsoleError(
            f"在 {options.host} 上监听必须加密。", "请给出 --tls-cert 和 --tls-key，或只在本机 127.0.0.1 上监听。"
        )
    return None


def token_checker(options: CentralOptions) -> TokenChecker | None:
    """Return what checks the tokens of the site's identity provider, None when none is named.

    Raises:
        ConsoleError: its address is not encrypted.
    """
    if not options.oidc_issuer:
        return None
    try:
        return TokenChecker(Provider(options.oidc_issuer, tls=options.oidc_tls), options.oidc_audience)
    except Untrusted as exc:
        raise ConsoleError(f"身份服务地址 {options.oidc_issuer!r} 不能用。", "请给出 https:// 地址。", exc.code) from exc


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Return a bound socket.

    Raises:
        PortTaken: another program listens there.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as exc:
        sock.close()
        raise PortTaken(
            f"端口 {port} 已被别的程序占用。",
            "请用 --port 另选一个端口，或不写 --port 让程序自动选择。",
            str(exc),
        ) from exc
    return sock


Objects = dict[str, list[dict[str, Any]]]
INSTRUMENTS = ("sensors", "gates", "surveys")


def seed(repo: Repository, folder: Path, source: str, recording: Recording | None) -> None:
    """Fill a store with the basin's objects and, for a recording, its events and method."""
    declared = basin_objects()
    if recording is None:
        declared = without_simulated(declared)  # an invented hole in a levee is for drills alone
        _drop_simulated(repo, declared)
    known = {d["code"] for kind in declared for d in repo.objects(kind)}
    for kind, docs in declared.items():
        repo.put_objects(kind, [d for d in docs if d["code"] not in known])  # imported facts stay
    if recording is None:
        return
    told = {f"{source}-{i}" for i in range(len(recording.facts.events))}
    for doc in repo.objects("events"):
        if doc["code"].startswith(f"{source}-") and doc["code"] not in told:  # of a disaster that was another one then
            repo.drop_object("events", doc["code"])
    repo.put_objects(
        "events",
        [
            {
                "code": f"{source}-{i}",
                "version": 1,
                "properties": {"t": t, "text": text, "source": where, "label": stamp(t)},
            }
            for i, (t, text, where) in enumerate(recording.facts.events)
        ],
    )
    body = recording.method.encode()
    digest = hashlib.sha256(body).hexdigest()
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "files" / digest).write_bytes(body)
    repo.put_file(f"method-{source}", f"{source}-method.txt", "text/plain; charset=utf-8", len(body), digest)


def without_simulated(declared: Objects) -> Objects:
    """Return the basin's objects without what was invented for drills: instruments, surveys, sections, limits."""
    found = {k: docs for k, docs in declared.items() if k not in INSTRUMENTS}
    found["works"] = [_published(doc) for doc in declared["works"]]
    return found


def _published(doc: dict[str, Any]) -> dict[str, Any]:
    invented = ("sections", "subsystems", "simulated", "source", "scour_limit_m")
    props = {k: v for k, v in doc["properties"].items() if k not in invented}
    told = "；".join(part for part in str(props.pop("note", "")).split("；") if part and "模拟" not in part)
    return doc | {"properties": props | ({"note": told} if told else {})}


def _drop_simulated(repo: Repository, declared: Objects) -> None:
    """Take what an earlier version seeded for drills out of a real store; what a site brought itself stays."""
    for kind in INSTRUMENTS:
        for doc in repo.objects(kind):
            props = doc["properties"]
            if props.get("simulated") is True or (props.get("facts") or {}).get("simulated") is True:
                repo.drop_object(kind, doc["code"])
    plain = {d["code"]: d for d in declared["works"]}
    known = [d for d in repo.objects("works") if d["properties"].get("simulated") is True and d["code"] in plain]
    repo.put_objects("works", [plain[d["code"]] | {"version": int(d["version"]) + 1} for d in known])


def run_central(home: DataHome, options: CentralOptions, adapters: AdapterFactory = no_adapters) -> None:
    """Serve until told to stop; blocks. adapters: makes the reader of a foreign source from its entry.

    Raises:
        ConsoleError: AlreadyRunning, PortTaken, StoreError, or a disaster that cannot be played: said in plain words;
            nothing was changed.
    """
    folder = home.central(options.source)
    recording = recording_of(home.root, options.source)
    with sole_owner(folder, "central"):
        context = encryption(options)
        sock = bind(options.port, options.host)
        repo = open_repository(folder, options.source, options.store, sole=True)
        continuity = Continuity(repo, folder.with_suffix(".seen"))
        continuity.confirm()
        seed(repo, folder, options.source, recording)
        player = None
        if recording is not None:
            player = Player(repo, recording.facts, recording.series, rate=options.rate, start_t=options.start_t)
        broker = broker_from(options.mqtt)
        publisher = MqttPublisher(broker, repo.service) if broker else None
        bell = Doorbell(publisher.publish if publisher else None)
        topics, fault = site_topics(home.root)
        if fault:
            log.warning("%s", fault)
        service = Service(repo, folder, player, bell, continuity, topics)
        centre = CentreForSources(repo, service.watch, service.bell)
        service.host = SourcesHost(folder, adapters, centre, centre)
        token = new_token()
        config = uvicorn.Config(
            build_app(service, token, token_checker(options)),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            ssl_context_factory=(lambda _config, _default: context) if context else None,
        )
        server = uvicorn.Server(config)
        port = sock.getsockname()[1]
        where = "127.0.0.1" if options.host == "0.0.0.0" else options.host  # noqa: S104 - where this machine finds it
        scheme = "https" if context else "http"
        publish(endpoint_file(home, options.source), Endpoint(where, port, token, os.getpid(), scheme))
        if options.child:
            leave_with_parent(lambda: _leave_when_idle(server, service))
        log.info("central %s on port %s", options.source, port)
        ended = threading.Event()
        if context is not None and options.tls.crl:
            watch = CrlWatch(context, Path(options.tls.crl))
            threading.Thread(target=watch.run, args=(ended,), name="crl", daemon=True).start()
        try:
            server.run(sockets=[sock])
        finally:
            ended.set()
            if publisher is not None:
                publisher.close()


def _leave_when_idle(server: uvicorn.Server, service: Service) -> None:
    """Stay while another console still listens; else end a little later (a restart finds us)."""
    pause = threading.Event()
    idle_s = 0.0
    while idle_s < LINGER_S:
        pause.wait(1.0)
        idle_s = 0.0 if service.bell.listeners else idle_s + 1.0
    server.should_exit = True
