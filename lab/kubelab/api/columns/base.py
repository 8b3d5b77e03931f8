"""A column of `kubectl get`, and the texts that many of them share (pkg/printers)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubelab.api.clock import now, parse

Object = dict[str, Any]
NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"
SHOWN_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Column:
    """cell: the value of an object; type: string, integer or boolean; priority 1: shown by -o wide only."""

    name: str
    cell: Callable[[Object], Any]
    type: str = "string"
    priority: int = 0

    def definition(self) -> Object:
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": "",
            "priority": self.priority,
        }


def wide(name: str, cell: Callable[[Object], Any]) -> Column:
    return Column(name, cell, priority=1)


def at(value: Mapping[str, Any], path: str, default: Any = "") -> Any:
    """What is at a dotted path of an object."""
    current: Any = value
    for part in path.split("."):
        if not isinstance(current, Mapping) or part not in current:
            return default
        current = current[part]
    return current


def field(path: str, default: Any = "") -> Callable[[Object], Any]:
    return lambda value: at(value, path, default)


def _units(amount: int, divisor: int, big: str, small: str) -> str:
    whole, rest = divmod(amount, divisor)
    return f"{whole}{big}" + (f"{rest}{small}" if rest else "")


def human_duration(seconds: float) -> str:
    """As kubectl shows an age (apimachinery/pkg/util/duration): two units at most, fewer as it grows."""
    whole = int(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    if minutes < 10:
        return _units(whole, 60, "m", "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _units(minutes, 60, "h", "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _units(hours, 24, "d", "h")
    if days < 730:
        return f"{days}d"
    return _units(days, 365, "y", "d") if days < 2920 else f"{days // 365}y"


def since(text: str | None) -> str:
    """How long ago a time was."""
    return human_duration((now() - parse(text)).total_seconds()) if text else UNKNOWN


def age_of(value: Object) -> str:
    return since(value["metadata"].get("creationTimestamp"))


def joined(items: Iterable[str], empty: str = NONE) -> str:
    return ",".join(items) or empty


def shortened(items: Sequence[str], empty: str) -> str:
    """The first few items, and how many more there are."""
    if not items:
        return empty
    more = len(items) - SHOWN_ITEMS
    return ",".join(items[:SHOWN_ITEMS]) + (f" + {more} more..." if more > 0 else "")


def labels_text(labels: Mapping[str, str] | None) -> str:
    return joined(f"{key}={value}" for key, value in sorted((labels or {}).items()))


NAME = Column("Name", field("metadata.name"))
AGE = Column("Age", age_of)
CREATED_AT = Column("Created At", field("metadata.creationTimestamp"))
