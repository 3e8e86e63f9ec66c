"""Paths and options into documents: collections by keyset, entities with links or what is expanded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backend_client.adapters.times import iso_z
from console.central.box_readings import ObsRow
from console.central.problems import Problem
from console.central.repository import Repository
from console.central.sta.boxes import Box, boxes_of, observation_id, sid_and_t
from console.central.sta.matching import matches, sort_key
from console.central.sta.model import QUALITY_WORDS, RELATIONS, Catalogue, Entity
from console.central.sta.options import Options
from console.central.sta.paths import Step

EXPANDED_ROWS = 20_000
ARRAY_COLUMNS = ("id", "phenomenonTime", "resultTime", "result", "resultQuality", "parameters")


@dataclass(frozen=True, slots=True)
class Many:
    """A collection before its options. entities: None for observations, which stay in the store."""

    entity_set: str
    entities: tuple[Entity, ...] | None
    box: Box = Box()  # noqa: RUF009 frozen


class Answers:
    """One request's view: the catalogue is read once for it."""

    def __init__(self, repo: Repository, catalogue: Catalogue, root: str) -> None:
        self._repo = repo
        self._catalogue = catalogue
        self._root = root
        self._expanded = 0

    def at(self, steps: Sequence[Step]) -> Many | Entity:
        """Walk a path.

        Raises:
            Problem: 404, no such entity or relation.
        """
        here: Many | Entity | None = None
        for step in steps:
            here = self._first(step.name) if here is None else self._next(here, step.name)
            if step.key is not None:
                here = self._pick(here, step.key)
        if here is None:
            raise Problem(404, "not-found")
        return here

    def _first(self, name: str) -> Many:
        if name not in RELATIONS:
            raise Problem(404, "not-found", name)
        entities = None if name == "Observations" else tuple(self._catalogue[name].values())
        return Many(name, entities)

    def _next(self, here: Many | Entity, name: str) -> Many | Entity:
        if isinstance(here, Many) or name not in RELATIONS[here.entity_set]:
            raise Problem(404, "not-found", name)
        return self._related(here, name)

    def _related(self, entity: Entity, name: str) -> Many | Entity:
        target = RELATIONS[entity.entity_set][name]
        if target == "Observations":
            return Many("Observations", None, Box(sids=entity.sids))
        found = tuple(self._catalogue[target][k] for k in entity.links.get(name, ()) if k in self._catalogue[target])
        if name == target:
            return Many(target, found)
        if not found:
            raise Problem(404, "not-found", name)
        return found[0]

    def _pick(self, here: Many | Entity, key: int | str) -> Entity:
        if isinstance(here, Entity):
            raise Problem(404, "not-found")
        if here.entities is None:
            obs_id = key if isinstance(key, int) else -1
            box = here.box & Box(from_id=obs_id, to_id=obs_id)
            rows = [] if box.empty or obs_id < 0 else self._repo.observations([box], by_time=False, limit=1)
            found = [self._observation(r) for r in rows]
        else:
            found = [e for e in here.entities if e.entity_id == key]
        if not found:
            raise Problem(404, "not-found", str(key))
        return found[0]

    # --- documents ------------------------------------------------------------------------
    def entity(self, entity: Entity, options: Options) -> dict[str, Any]:
        """Return one entity with links, or with what is expanded.

        Raises:
            Problem: 400, an unknown property or relation.
        """
        known = {*entity.body, *RELATIONS[entity.entity_set], "id"}
        chosen = {"id" if s == "@iot.id" else s for s in options.select}
        for name in (*chosen, *(n for n, _ in options.expand)):
            if name not in known:
                raise Problem(400, "unknown-property", name)
        here = self.link(entity)
        doc: dict[str, Any] = {"@iot.id": entity.entity_id, "@iot.selfLink": here}
        if chosen and "id" not in chosen:
            doc = {}
        doc |= {k: v for k, v in entity.body.items() if not chosen or k in chosen}
        expanded = dict(options.expand)
        for relation in RELATIONS[entity.entity_set]:
            if relation in expanded:
                doc |= self._expansion(entity, relation, expanded[relation])
            elif not chosen or relation in chosen:
                doc[f"{relation}@iot.navigationLink"] = f"{here}/{relation}"
        return doc

    def _expansion(self, entity: Entity, relation: str, options: Options) -> dict[str, Any]:
        try:
            there = self._related(entity, relation)
        except Problem:
            return {relation: None}
        if isinstance(there, Entity):
            return {relation: self.entity(there, options)}
        doc = self.many(there, options, f"{self.link(entity)}/{relation}", "")
        found = {relation: doc["value"]}
        return found | {f"{relation}{k}": v for k, v in doc.items() if k.startswith("@")}

    def many(self, many: Many, options: Options, path: str, query: str) -> dict[str, Any]:
        """Return a page of a collection; query: the request's own options, kept in its next link.

        Raises:
            Problem: 400, an option that this collection cannot answer.
        """
        if many.entities is None:
            found, total, more = self._observations(many, options)
        else:
            found, total, more = _page(many.entities, options)
        if path and options.expand:
            self._expanded += len(found)
            if self._expanded > EXPANDED_ROWS:
                raise Problem(400, "expand-too-large", f"more than {EXPANDED_ROWS} entities")
        doc: dict[str, Any] = {"@iot.count": total} if options.count else {}
        if more and found:
            doc["@iot.nextLink"] = _next_link(path, query, options, found[-1].entity_id)
        if options.array:
            if many.entities is not None:
                raise Problem(400, "option-unsupported", "dataArray is for Observations")
            return doc | {"value": self._arrays(found, options)}
        return doc | {"value": [self.entity(e, options) for e in found]}

    def link(self, entity: Entity) -> str:
        key = entity.entity_id
        text = str(key) if isinstance(key, int) else "'" + quote(key.replace("'", "''"), safe="") + "'"
        return f"{self._root}/{entity.entity_set}({text})"

    # --- observations ---------------------------------------------------------------------
    def _observations(self, many: Many, options: Options) -> tuple[list[Entity], int, bool]:
        boxes = boxes_of(options.filter, many.box)
        by_time, descending = _observation_order(options.order)
        after = None
        if options.token:
            if not options.token.isdigit():
                raise Problem(400, "option-malformed", "$skiptoken")
            after = sid_and_t(int(options.token))
        rows = self._repo.observations(
            boxes, by_time=by_time, descending=descending, after=after, skip=options.skip, limit=options.top + 1
        )
        total = self._repo.count_observations(boxes) if options.count else 0
        return [self._observation(r) for r in rows[: options.top]], total, len(rows) > options.top and options.top > 0

    def _observation(self, row: ObsRow) -> Entity:
        sid, t, value, quality, rev = row
        stream = self._catalogue["Datastreams"].get(sid)
        things = stream.links["Thing"] if stream else ()
        body = {
            "phenomenonTime": iso_z(t),
            "resultTime": iso_z(t),
            "result": value,
            "resultQuality": QUALITY_WORDS[quality] if 0 <= quality < len(QUALITY_WORDS) else str(quality),
            "parameters": {"revision": rev},
        }
        links = {"Datastream": (sid,), "FeatureOfInterest": things}
        return Entity("Observations", observation_id(sid, t), body, links)

    def _arrays(self, found: Iterable[Entity], options: Options) -> list[dict[str, Any]]:
        chosen = ["id" if s == "@iot.id" else s for s in options.select] or list(ARRAY_COLUMNS)
        if unknown := [c for c in chosen if c not in ARRAY_COLUMNS]:
            raise Problem(400, "unknown-property", unknown[0])
        groups: dict[int | str, list[list[Any]]] = {}
        for one in found:
            full: Mapping[str, Any] = {"id": one.entity_id, **one.body}
            groups.setdefault(one.links["Datastream"][0], []).append([full[c] for c in chosen])
        return [
            {
                "Datastream@iot.navigationLink": f"{self._root}/Datastreams({sid})",
                "components": chosen,
                "dataArray@iot.count": len(rows),
                "dataArray": rows,
            }
            for sid, rows in groups.items()
        ]


def _observation_order(order: Sequence[tuple[str, bool]]) -> tuple[bool, bool]:
    """Return (by time, descending); ties are always broken by series, in the same direction."""
    if not order:
        return False, False
    name, descending = order[0]
    rest_ok = all(n in ("phenomenonTime", "resultTime", "id") for n, _ in order[1:])
    if name not in ("phenomenonTime", "resultTime", "id") or not rest_ok:
        raise Problem(400, "option-unsupported", f"$orderby={name}")
    return name != "id", descending


def _page(entities: Sequence[Entity], options: Options) -> tuple[list[Entity], int, bool]:
    kept = [e for e in entities if options.filter is None or matches(e, options.filter)]
    kept.sort(key=lambda e: sort_key(e, "id"))
    for name, descending in reversed(options.order):
        kept.sort(key=lambda e, n=name: sort_key(e, n), reverse=descending)  # type: ignore[misc] # bound now
    begin = options.skip
    if options.token:
        ids = [str(e.entity_id) for e in kept]
        if options.token not in ids:
            raise Problem(400, "option-malformed", "$skiptoken")
        begin = ids.index(options.token) + 1
    rest = kept[begin:]
    return rest[: options.top], len(kept), len(rest) > options.top and options.top > 0


def _next_link(path: str, query: str, options: Options, last: int | str) -> str:
    if not query and (options != Options()):
        query = nested_query(options)
    token = f"%24skiptoken={quote(str(last), safe='')}"
    return f"{path}?{query}&{token}" if query else f"{path}?{token}"


def nested_query(options: Options) -> str:
    """Return the options of an expansion as a query string, for the link to its further pages."""
    parts = [("top", str(options.top))]
    if options.order:
        parts.append(("orderby", ",".join(f"{n} desc" if d else n for n, d in options.order)))
    if options.select:
        parts.append(("select", ",".join(options.select)))
    return "&".join(f"%24{name}={quote(text, safe='')}" for name, text in (*parts, *options.said))
