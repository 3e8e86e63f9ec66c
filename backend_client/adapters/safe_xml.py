"""XML of strangers: no DTD, no entities, nothing fetched, bounded in size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from backend_client.errors import WireFormatError

DEPTH_LIMIT = 64  # deeper than any of our formats; Python's own recursion ends later
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def parse(data: bytes, what: str, limit: int = 64 * 1024 * 1024) -> Any:
    """Return the root element. what: named in the error, e.g. the file or path.

    Raises:
        WireFormatError: not well-formed, a DTD or entity, too large, too deep, an unknown encoding.
    """
    if len(data) > limit:
        raise WireFormatError(f"{what}: over {limit} bytes")
    reader: Any = DefusedXMLParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        reader.feed(data)
        root = reader.close()
    except DefusedXmlException as exc:
        raise WireFormatError(f"{what}: DTD or entity refused") from exc
    except ParseError as exc:
        raise WireFormatError(f"{what}: not well-formed XML: {exc}") from exc
    except (ValueError, LookupError, RecursionError) as exc:  # an encoding that Python does not have
        raise WireFormatError(f"{what}: unreadable XML: {exc}") from exc
    _check_depth(root, what)
    return root


def _check_depth(root: Element, what: str) -> None:
    level = [root]
    for _ in range(DEPTH_LIMIT):
        level = [child for node in level for child in node]
        if not level:
            return
    raise WireFormatError(f"{what}: XML nested deeper than {DEPTH_LIMIT}")


def name_of(node: Any) -> str:
    """Return a tag without its namespace; "" for a comment or processing instruction."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def space_of(node: Any) -> str:
    return node.tag[1:].partition("}")[0] if isinstance(node.tag, str) and node.tag.startswith("{") else ""


def children(node: Any, name: str) -> Iterator[Any]:
    """Yield direct children of a local name, whatever the namespace's version says."""
    return (child for child in node if name_of(child) == name)


def descendants(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node.iter() if name_of(child) == name)


def first(node: Any, *path: str) -> Any | None:
    """Return the first element at a path of local names; None where a step is missing."""
    for name in path:
        if node is None:
            return None
        node = next(children(node, name), None)
    return node


def text_at(node: Any, *path: str) -> str:
    """Return the stripped text of the first element at a path; "" where there is none."""
    found = first(node, *path)
    return "" if found is None else (found.text or "").strip()


def attribute(node: Any, name: str) -> str:
    """Return an attribute by its local name, "" where absent: versions differ in whether it has a namespace."""
    if (value := node.get(name)) is not None:
        return str(value)
    return next((v for k, v in node.attrib.items() if k.rpartition("}")[2] == name), "")
