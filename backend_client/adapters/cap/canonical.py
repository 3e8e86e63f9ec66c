"""Canonical XML 1.0 without comments, inclusive and exclusive: the bytes that a signature speaks of.

The standard library's C14N 2.0 is another algorithm; its default output agrees with the exclusive
one here (the tests compare them), but it cannot leave out the signature or begin at an inner element.
Source: W3C Canonical XML 1.0 (2001) and Exclusive XML Canonicalization 1.0 (2002).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from backend_client.errors import WireFormatError

PREFIXES_LIMIT = 64  # every element keeps what is in force there
XML_SPACE = "http://www.w3.org/XML/1998/namespace"


@dataclass(slots=True)
class Node:
    """An element as written: prefixes kept. scope: every prefix in force here, "" for the default."""

    name: str
    attributes: list[tuple[str, str]]
    scope: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return self.name.rpartition(":")[0]

    @property
    def local(self) -> str:
        return self.name.rpartition(":")[2]

    @property
    def space(self) -> str:
        return self.scope.get(self.prefix, "")

    def elements(self) -> list[Node]:
        return [c for c in self.children if isinstance(c, Node)]


@dataclass(slots=True)
class Document:
    """before, after: processing instructions around the root, canonical already."""

    root: Node
    before: list[str]
    after: list[str]


def read(data: bytes) -> Document:
    """Build the tree of a document that safe_xml.parse has accepted.

    Raises:
        WireFormatError: it has a DTD, or is not well-formed.
    """
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as exc:
        raise WireFormatError(f"canonical XML: {exc}") from exc
    if builder.root is None:
        raise WireFormatError("canonical XML: no element")
    return Document(builder.root, builder.before, builder.after)


class _Builder:
    """Takes expat's events without its namespace handling: prefixes matter here."""

    def __init__(self) -> None:
        self.parser: Any = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.root: Node | None = None
        self.before: list[str] = []
        self.after: list[str] = []
        self._open: list[Node] = []

    def _start(self, name: str, flat: list[str]) -> None:
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        scope = self._open[-1].scope if self._open else {"xml": XML_SPACE}
        own = {k.partition(":")[2]: v for k, v in pairs if k == "xmlns" or k.startswith("xmlns:")}
        if own:
            scope = {**scope, **own}
            if len(scope) > PREFIXES_LIMIT:
                raise WireFormatError(f"canonical XML: over {PREFIXES_LIMIT} namespaces in force")
        attributes = [(k, v) for k, v in pairs if k != "xmlns" and not k.startswith("xmlns:")]
        node = Node(name, attributes, scope)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].children.append(_escaped(text))

    def _instruction(self, target: str, data: str) -> None:
        text = f"<?{target}{' ' + data if data else ''}?>"
        place = self._open[-1].children if self._open else self.before if self.root is None else self.after
        place.append(text)

    def _doctype(self, *_about: object) -> None:
        raise WireFormatError("canonical XML: DTD refused")


def document_bytes(document: Document, *, exclusive: bool, without: Node | None = None) -> bytes:
    """Return the canonical form of a whole document, leaving one element out."""
    out = [f"{text}\n" for text in document.before]
    _write(document.root, {}, exclusive, without, out)
    out += [f"\n{text}" for text in document.after]
    return "".join(out).encode("utf-8")


def element_bytes(node: Node, *, exclusive: bool) -> bytes:
    """Return the canonical form of an inner element with the namespaces that it stands in."""
    out: list[str] = []
    _write(node, {}, exclusive, None, out)
    return "".join(out).encode("utf-8")


def _write(node: Node, rendered: Mapping[str, str], exclusive: bool, without: Node | None, out: list[str]) -> None:
    """Write an element. rendered: namespace declarations that the output already has around here."""
    used = (
        {node.prefix} | {key.rpartition(":")[0] for key, _ in node.attributes if ":" in key} if exclusive else set(node.scope)
    )
    now = dict(rendered)
    declared = []
    for prefix in sorted(used - {"xml"}):
        space = node.scope.get(prefix, "")
        if now.get(prefix, "") != space:
            declared.append(f' xmlns{":" if prefix else ""}{prefix}="{_quoted(space)}"')
            now[prefix] = space
    out.append(f"<{node.name}{''.join(declared)}")
    for key, value in sorted(node.attributes, key=lambda pair: _order(node, pair[0])):
        out.append(f' {key}="{_quoted(value)}"')
    out.append(">")
    for child in node.children:
        if isinstance(child, str):
            out.append(child)
        elif child is not without:
            _write(child, now, exclusive, without, out)
    out.append(f"</{node.name}>")


def _order(node: Node, key: str) -> tuple[str, str]:
    """Return namespace and local name: attributes without a prefix have no namespace and come first."""
    prefix, _, local = key.rpartition(":")
    return (node.scope.get(prefix, "") if prefix else "", local)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _quoted(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
