"""The declared topics of this installation: the package's, and a site's own beside its data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from console.domain.toml_places import TopicError, Where
from console.domain.topics import Topic, topic_from

FILE_LIMIT = 200_000


def declared_topics(own: Path | None = None, faults: list[str] | None = None) -> tuple[Topic, ...]:
    """Return every topic in its order; a site's declaration of the same code takes the package's place.

    own: a folder of further declarations, may be absent. faults: takes what is wrong with a site's files, which
    are then left out one by one.

    Raises:
        TopicError: a declaration is broken; the text names file, line and key.
    """
    folders: list[Traversable | Path] = [resources.files("assets") / "topics"]
    if own is not None and own.is_dir():
        folders.append(own)
    found: dict[str, Topic] = {}
    for folder in folders:
        here: dict[str, str] = {}
        try:
            files = [f for f in _files(folder) if f.name.endswith(".toml")]
        except TopicError as exc:
            if faults is None or folder is not own:
                raise
            faults.append(str(exc))
            continue
        for file in files:
            try:
                topic = _read(file)
                if topic.code in here:
                    raise TopicError(f"{file.name} 第 1 行 code：与 {here[topic.code]} 重复")
                _agrees(topic, file.name, found.values())
            except TopicError as exc:
                if faults is None or folder is not own:
                    raise
                faults.append(str(exc))
                continue
            here[topic.code] = file.name
            found[topic.code] = replace(topic, own=folder is own)
    return tuple(sorted(found.values(), key=lambda t: (t.order, t.code)))


def _agrees(topic: Topic, file: str, others: Iterable[Topic]) -> None:
    """Raises: TopicError: an element means something else in another topic; one code has one meaning."""
    for other in others:
        for element in other.elements:
            if other.code != topic.code and any(e.code == element.code and e != element for e in topic.elements):
                raise TopicError(f"{file} 的要素 {element.code} 与专题“{other.name}”里的含义不同，请换一个代码")


def _files(folder: Traversable | Path) -> list[Traversable | Path]:
    try:
        return sorted(folder.iterdir(), key=lambda f: f.name)
    except OSError as exc:
        raise TopicError(f"专题目录 {folder} 读不出来：{exc.strerror or exc}") from exc


def site_topics(root: Path) -> tuple[tuple[Topic, ...], str]:
    """Return the topics with a site's own in ``root/topics``, and what is wrong with those, "" for nothing.

    One broken file must not keep a desk from starting, nor take the site's other topics along.
    """
    folder = root / "topics"
    try:
        return declared_topics(folder), ""
    except TopicError:
        faults: list[str] = []
        return declared_topics(folder, faults), f"有 {len(faults)} 个专题声明没有用：{'；'.join(faults[:5])}"


def _read(file: Traversable | Path) -> Topic:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise TopicError(f"{file.name} 读不出来：应为 UTF-8 文本（{exc}）") from exc
    if len(text) > FILE_LIMIT:
        raise TopicError(f"{file.name} 太大：一个专题不超过 {FILE_LIMIT // 1000} KB")
    try:
        raw = tomllib.loads(text)
        return topic_from(raw, Where(file.name, text))
    except tomllib.TOMLDecodeError as exc:
        place = re.search(r"at line (\d+), column (\d+)", str(exc))
        where = f"第 {place[1]} 行第 {place[2]} 列" if place else "末尾"
        raise TopicError(f"{file.name} {where}：写法不合 TOML 格式，请检查引号、括号和等号") from exc
    except RecursionError as exc:
        raise TopicError(f"{file.name} 嵌套太深") from exc
