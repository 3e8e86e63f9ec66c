"""Typed calls of contract ``fcc-sync/1``; one instance per session and thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from backend_client.bounded import gzip_documents, read_bounded, sse_events
from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.session import Session, json_object, refusal
from backend_client.tls import tls_fault
from backend_client.wire import (
    Hello,
    ObsPage,
    OpAnswer,
    RecordPage,
    answers_from,
    hello_from,
    obs_page_from,
    record_page_from,
)

CHUNK = 256 * 1024
SMALL = 256 * 1024
OPS_LIMIT = 8 * 1024 * 1024
SNAPSHOT_LIMIT = 2 * 1024 * 1024 * 1024
ETAG_LIMIT = 200
EVENT_SILENCE_S = 45.0


class Central:
    """Every method raises BackendError's subclasses and nothing of httpx."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def hello(self) -> Hello:
        return hello_from(self.session.get_json("/v1/hello", limit=SMALL))

    def objects(self, kind: str, etag: str | None = None) -> tuple[str, list[dict[str, Any]] | None]:
        """Return (etag, documents); documents is None when nothing changed (304)."""
        headers = {"If-None-Match": etag} if etag else None
        reply, data = self.session.call("GET", f"/v1/objects/{kind}", headers=headers)
        if reply.status_code == 304:
            return etag or "", None
        items = json_object(kind, data).get("items")
        if not isinstance(items, list) or not all(isinstance(i, dict) and "code" in i for i in items):
            raise WireFormatError(f"objects/{kind}: no items")
        return str(reply.headers.get("etag", ""))[:ETAG_LIMIT], items

    def changes(self, after: str, limit: int) -> ObsPage:
        params: dict[str, str | int] = {"after": after, "limit": limit}
        return obs_page_from(self.session.get_json("/v1/feeds/obs/changes", params))

    def records(self, after: str, limit: int) -> RecordPage:
        params: dict[str, str | int] = {"after": after, "limit": limit}
        return record_page_from(self.session.get_json("/v1/feeds/records/changes", params))

    def latest(self) -> ObsPage:
        return obs_page_from(self.session.get_json("/v1/obs/latest"))

    def digest(self, day: str) -> dict[str, Any]:
        return self.session.get_json("/v1/feeds/obs/digest", {"day": day}, limit=SMALL)

    def snapshot(self, from_t: int, to_t: int, into: Path) -> None:
        """Download a snapshot to a file, going on where an earlier try stopped.

        Raises:
            BackendError: the download stopped; what arrived stays in the file.
        """
        mark = into.with_suffix(".etag")
        have = into.stat().st_size if into.exists() and mark.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text("utf-8")}
        params: dict[str, str | int] = {"from": from_t, "to": to_t}
        try:
            with self.session.http.stream("GET", "/v1/feeds/obs/snapshot", params=params, headers=headers) as reply:
                if reply.status_code == 416 and have:
                    return
                if reply.status_code >= 400:
                    raise refusal(reply.status_code, read_bounded(reply, SMALL, "snapshot"), reply.headers)
                if reply.headers.get("content-encoding", "identity") != "identity":
                    raise WireFormatError("snapshot: packed twice")
                mark.write_text(reply.headers.get("etag", "")[:ETAG_LIMIT], "utf-8")
                with into.open("ab" if reply.status_code == 206 else "wb") as out:
                    for part in reply.iter_raw(CHUNK):
                        if out.tell() + len(part) > SNAPSHOT_LIMIT:
                            raise WireFormatError(f"snapshot over {SNAPSHOT_LIMIT} bytes")
                        out.write(part)
        except (httpx.TransportError, httpx.DecodingError, OSError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc

    def send(self, ops: Sequence[Mapping[str, Any]]) -> tuple[OpAnswer, ...]:
        _reply, data = self.session.call("POST", "/v1/ops", body={"ops": list(ops)}, limit=OPS_LIMIT)
        return answers_from(json_object("ops", data))

    def put_room(self, room: str, doc: Mapping[str, Any]) -> int:
        _, data = self.session.call("PUT", f"/v1/rooms/{room}", body={"doc": doc}, limit=SMALL)
        try:
            return int(json_object("room", data)["revision"])
        except (KeyError, TypeError, ValueError) as exc:
            raise WireFormatError(f"room: {exc!r}") from exc

    def room(self, room: str) -> tuple[int, dict[str, Any]]:
        doc = self.session.get_json(f"/v1/rooms/{room}", limit=SMALL)
        try:
            return int(doc["revision"]), dict(doc["doc"])
        except (KeyError, TypeError, ValueError) as exc:
            raise WireFormatError(f"room: {exc!r}") from exc

    def player(self, action: Mapping[str, Any]) -> dict[str, Any]:
        _, data = self.session.call("POST", "/v1/player", body=dict(action), limit=SMALL)
        return json_object("player", data)

    def events(self, last_id: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (id, event, data) until the connection ends; a heartbeat yields event ``hb``.

        Raises:
            BackendUnavailable: the stream broke or was silent for EVENT_SILENCE_S.
            WireFormatError: an event that is too large or no JSON object.
        """
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"} | (
            {"Last-Event-ID": last_id} if last_id else {}
        )
        timeout = httpx.Timeout(5.0, read=EVENT_SILENCE_S)
        try:
            with self.session.http.stream("GET", "/v1/events", headers=headers, timeout=timeout) as reply:
                if reply.status_code >= 400:
                    raise refusal(reply.status_code, read_bounded(reply, SMALL, "events"), reply.headers)
                for event_id, event, text in sse_events(reply.iter_raw()):
                    data = json_object("event", text.encode()) if text else {}
                    yield event_id, event, data
        except (httpx.TransportError, httpx.DecodingError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc


def snapshot_pages(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the header line, then one dict of columns per line of a downloaded snapshot.

    Raises:
        WireFormatError: the file is cut, not what the contract says, or unpacks to too much.
    """
    return gzip_documents(path)
