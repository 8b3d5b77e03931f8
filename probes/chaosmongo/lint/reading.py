"""From the text of an experiment to values that know their lines.

A text that is no experiment, or is made to keep a reader busy (nested without end, aliases of aliases), is refused
with one message, within about a second.
"""

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaosmongo.errors import ChaosMongoError

from .findings import shown
from .node import Node

SUFFIXES = (".yaml", ".yml", ".json")
"""What Chaos Toolkit takes."""

MOST_BYTES = 2**18
MOST_VALUES = 10_000
"""With what aliases repeat."""
DEEPEST = 60

MERGE, MAP, SEQ = (f"tag:yaml.org,2002:{name}" for name in ("merge", "map", "seq"))


class Unreadable(ChaosMongoError):
    """The text is no experiment that Chaos Toolkit would load; the message says why."""


@dataclass(frozen=True)
class Twice:
    """A key that stands in its mapping twice: the first is lost."""

    key: str
    line: int
    first: int


@dataclass(frozen=True)
class Document:
    root: Node
    twice: list[Twice]


def load(file: Path) -> tuple[str, bool]:
    """The file's text, and whether it is JSON. Raises Unreadable."""
    if file.suffix not in SUFFIXES:
        raise Unreadable(f"Chaos Toolkit takes no other files than {', '.join(SUFFIXES)}: name one of these")
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise Unreadable("it is no file: name an experiment's file")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL in its name
        raise Unreadable("it cannot be read: there is no such file") from None
    if len(content) > MOST_BYTES:
        raise Unreadable(f"it is larger than {MOST_BYTES // 2**10} KiB: no experiment is")
    try:
        return content.decode("utf-8"), file.suffix == ".json"
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no UTF-8 text (byte {error.start}): write it anew as UTF-8") from None


def read(text: str, is_json: bool = False) -> Document:
    """Raises Unreadable."""
    if is_json:
        text = _checked_json(text)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        building = _Building(loader, is_json)
        document = Document(building.node(root) if root is not None else Node(1, None), building.twice)
    except yaml.composer.ComposerError as error:
        raise Unreadable(
            _marked("it holds several documents", error) if "single" in str(error) else _at(error)
        ) from None
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_NO_LINES if is_json else _at(error)) from None
    finally:
        loader.dispose()
    if document.root.value is None:
        raise Unreadable("it is empty: an experiment is a mapping with a title, a description and a method")
    if not isinstance(document.root.value, dict):
        raise Unreadable(
            f"it is {document.root.kind}: an experiment is a mapping with a title, a description and a method"
        )
    return document


def _checked_json(text: str) -> str:
    """As YAML reads it: tabs can only stand between values there. Raises Unreadable."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: it is no JSON: {error.msg}") from None
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    except ValueError as error:  # a number with thousands of digits
        raise Unreadable(f"it is no JSON: {error}") from None
    return text.replace("\t", " ")


_NO_LINES = "its lines cannot be told, as this JSON is no YAML: write it anew with python -m json.tool"
_TOO_DEEP = f"it is nested more than {DEEPEST} levels deep: no experiment is"
_TOO_MUCH = f"it holds more than {MOST_VALUES:,} values, with what aliases repeat: no experiment does"


def _at(error: yaml.MarkedYAMLError) -> str:
    return _marked(f"it is no YAML: {error.problem or error.context}", error)


def _marked(what: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}: {shown(what, 200)}" if mark else shown(what, 200)


class _Loader(yaml.SafeLoader):
    """Gives up as soon as it is too much: to read all of it first would take long."""

    def __init__(self, text: str) -> None:
        self.depth = self.composed = 0
        try:
            super().__init__(text)
        except yaml.reader.ReaderError as error:
            raise Unreadable(
                f"it holds the character #x{error.character:02x}, which no YAML may hold: is it a text?"
            ) from None

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.composed += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(_TOO_DEEP)
        if self.composed > MOST_VALUES:
            raise Unreadable(_TOO_MUCH)
        found = super().compose_node(parent, index)
        self.depth -= 1
        return found


class _Building:
    """Nodes from YAML's own. One that aliases repeat is built once, and counted as often as it is repeated."""

    def __init__(self, loader: _Loader, is_json: bool) -> None:
        self.twice: list[Twice] = []
        self._loader, self._is_json = loader, is_json
        self._built: dict[int, Node | None] = {}
        self._extent: dict[int, tuple[int, int]] = {}
        """Of each node, by its id: values in it, and levels."""
        self._copied = 0

    def node(self, found: yaml.Node) -> Node:
        if id(found) in self._built:
            known = self._built[id(found)]
            if known is None:
                raise Unreadable(f"line {_line(found)}: it holds itself, by an alias")
            return known
        self._built[id(found)] = None  # under way
        if isinstance(found, yaml.ScalarNode):
            node = Node(_line(found), self._scalar(found))
        elif found.tag not in (MAP, SEQ):
            raise Unreadable(f"line {_line(found)}: Chaos Toolkit does not load {shown(found.tag)}")
        elif isinstance(found, yaml.SequenceNode):
            node = Node(_line(found), [self.node(item) for item in found.value])
        else:
            node = self._mapping(found)
        self._measure(node)
        self._built[id(found)] = node
        return node

    def _measure(self, node: Node) -> None:
        below = [self._extent[id(child)] for child in (*node.entries.values(), *node.items)]
        values, levels = 1 + sum(one[0] for one in below), 1 + max((one[1] for one in below), default=0)
        if levels > DEEPEST:
            raise Unreadable(_TOO_DEEP)
        if values > MOST_VALUES:
            raise Unreadable(_TOO_MUCH)
        self._extent[id(node)] = values, levels

    def _mapping(self, found: yaml.Node) -> Node:
        """What a merge (<<) brings in goes behind what stands there itself."""
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key, value in found.value:
            if key.tag == MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(f"line {_line(key)}: Chaos Toolkit does not load a key that is no text")
            if key.value in entries:
                self.twice.append(Twice(key.value, _line(key), keys[key.value]))
            entries[key.value], keys[key.value] = self.node(value), _line(key)
        for other in merged:
            if not isinstance(other, yaml.MappingNode):
                raise Unreadable(f"line {_line(other)}: it is no YAML: << takes mappings")
            brought = self.node(other)
            self._copied += len(brought.entries)
            if self._copied > MOST_VALUES:
                raise Unreadable(_TOO_MUCH)
            entries = {**brought.entries, **entries}
            keys = {**brought.keys, **keys}
        return Node(_line(found), entries, keys)

    def _scalar(self, found: yaml.ScalarNode) -> Any:
        if self._is_json and found.style is None:
            return json.loads(found.value)
        if self._is_json:
            # YAML leaves the two halves of a character beyond the sixteenth bit apart
            return found.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        try:
            return self._loader.construct_object(found)
        except ValueError as error:  # what looks like a date, and is none
            raise Unreadable(f"line {_line(found)}: it is no YAML: {shown(str(error))}") from None


def _line(found: yaml.Node) -> int:
    return int(found.start_mark.line) + 1
