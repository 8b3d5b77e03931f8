"""One value of a text, and the line on which it stands."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    dict: "a mapping",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    bytes: "bytes",
    datetime.date: "a date",
    datetime.datetime: "a time",
    type(None): "null",
}


@dataclass(frozen=True, eq=False)
class Node:
    """value: a scalar, a list of nodes, or a dict of nodes. keys: the line of each key of a mapping."""

    line: int
    value: Any
    keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def entries(self) -> dict[str, "Node"]:
        """Those of a mapping; none of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Node"]:
        """Those of a list; none of anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def kind(self) -> str:
        return KINDS.get(type(self.value), type(self.value).__name__)

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def get(self, *path: str) -> "Node":
        """What stands there; null, on the line of the nearest thing that is there, where nothing does."""
        found = self
        for key in path:
            found = found.entries.get(key) or Node(found.line, None)
        return found

    def text(self, key: str) -> str:
        """The string at `key`, else ""."""
        value = self.get(key).value
        return value if isinstance(value, str) else ""

    def line_of(self, key: str) -> int:
        return self.keys.get(key, self.line)

    def scalars(self) -> Iterator["Node"]:
        """All below it, itself where it is one."""
        if not isinstance(self.value, dict | list):
            yield self
        for child in [*self.entries.values(), *self.items]:
            yield from child.scalars()
