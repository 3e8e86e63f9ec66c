"""The embedded central service as a process of its own on loopback."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from backend_client.mqtt import MqttPublisher
from console.broker import broker_from
from console.central.app import Service, build_app
from console.central.continuity import Continuity
from console.central.doorbell import Doorbell
from console.central.player import Player
from console.central.repository import Repository, open_repository
from console.central.sources.centre import CentreForSources
from console.central.sources.host import SourcesHost, no_adapters
from console.central.sources.reader import AdapterFactory
from console.domain.time import stamp
from console.drill.facts import basin_objects, flood_facts, flood_keys
from console.drill.method import method_text
from console.errors import ConsoleError
from console.paths import DataHome
from console.processes import Endpoint, leave_with_parent, new_token, publish, sole_owner

log = logging.getLogger(__name__)
LINGER_S = 20.0


@dataclass(frozen=True, slots=True)
class CentralOptions:
    """port 0 takes any free one. start_t: where a recording begins when it is played first.

    store: a postgresql:// address, "" for the file in the data folder. mqtt: a broker that carries
    the doorbell too, "" for none.
    """

    source: str
    port: int = 0
    rate: float = 120.0
    start_t: int | None = None
    child: bool = False
    store: str = ""
    mqtt: str = ""


class PortTaken(ConsoleError):
    """The wished port belongs to another program."""


def endpoint_file(home: DataHome, source: str) -> Path:
    return home.central(source) / "endpoint.json"


def bind(port: int) -> socket.socket:
    """Return a bound loopback socket.

    Raises:
        PortTaken: another program listens there.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as exc:
        sock.close()
        raise PortTaken(
            f"端口 {port} 已被别的程序占用。",
            "请用 --port 另选一个端口，或不写 --port 让程序自动选择。",
            str(exc),
        ) from exc
    return sock


def seed(repo: Repository, folder: Path, source: str) -> None:
    """Fill a store with the basin's objects and, for a recording, its events and method."""
    known = {d["code"] for kind in ("stations", "reservoirs", "basins", "reaches") for d in repo.objects(kind)}
    for kind, docs in basin_objects().items():
        repo.put_objects(kind, [d for d in docs if d["code"] not in known])  # imported facts stay
    if source not in flood_keys():
        return
    facts = flood_facts(source)
    repo.put_objects(
        "events",
        [
            {
                "code": f"{source}-{i}",
                "version": 1,
                "properties": {"t": t, "text": text, "source": where, "label": stamp(t)},
            }
            for i, (t, text, where) in enumerate(facts.events)
        ],
    )
    body = method_text(facts).encode()
    digest = hashlib.sha256(body).hexdigest()
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "files" / digest).write_bytes(body)
    repo.put_file(f"method-{source}", f"{source}-method.txt", "text/plain; charset=utf-8", len(body), digest)


def run_central(home: DataHome, options: CentralOptions, adapters: AdapterFactory = no_adapters) -> None:
    """Serve until told to stop; blocks. adapters: makes the reader of a foreign source from its entry.

    Raises:
        AlreadyRunning, PortTaken, StoreError: said in plain words; nothing was changed.
    """
    folder = home.central(options.source)
    with sole_owner(folder, "central"):
        sock = bind(options.port)
        repo = open_repository(folder, options.source, options.store, sole=True)
        continuity = Continuity(repo, folder.with_suffix(".seen"))
        continuity.confirm()
        seed(repo, folder, options.source)
        player = None
        if options.source in flood_keys():
            player = Player(repo, flood_facts(options.source), rate=options.rate, start_t=options.start_t)
        broker = broker_from(options.mqtt)
        publisher = MqttPublisher(broker, repo.service) if broker else None
        bell = Doorbell(publisher.publish if publisher else None)
        service = Service(repo, folder, player, bell, continuity)
        centre = CentreForSources(repo, service.watch, service.bell)
        service.host = SourcesHost(folder, adapters, centre, centre)
        token = new_token()
        config = uvicorn.Config(build_app(service, token), log_config=None, access_log=False, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        port = sock.getsockname()[1]
        publish(endpoint_file(home, options.source), Endpoint("127.0.0.1", port, token, os.getpid()))
        if options.child:
            leave_with_parent(lambda: _leave_when_idle(server, service))
        log.info("central %s on port %s", options.source, port)
        try:
            server.run(sockets=[sock])
        finally:
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
