"""All objects, one counter of resource versions, and the recent changes of each resource.

Objects are kept without kind and apiVersion (the resource knows them) and are never changed in place: a change is a new
Entry. Everything happens in the event loop's thread without awaiting, so a read followed by a write is atomic.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from .database import Database

Object = dict[str, Any]
Key = tuple[str, str]  # namespace (empty for cluster scope), name
EventType = Literal["ADDED", "MODIFIED", "DELETED"]

HISTORY = 4096  # changes of one resource that a late watcher can still ask for


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one object. body is its JSON; value must not be changed, copy() may."""

    key: Key
    revision: int
    held: Object | None
    body: bytes

    @property
    def value(self) -> Object:
        return self.copy() if self.held is None else self.held

    def copy(self) -> Object:
        return decode(self.body)

    def packed(self) -> Entry:
        """The same as bytes alone, for what is seldom read: a quarter of a million small objects that nobody asks for
        would hold everybody up for 50 ms whenever the garbage collector looks at them.
        """
        return Entry(self.key, self.revision, None, self.body)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an object. A deletion's entry is the last state under the deletion's resource version."""

    type: EventType
    entry: Entry
    previous: Entry | None

    def packed(self) -> Change:
        return Change(self.type, self.entry.packed(), self.previous and self.previous.packed())


class HistoryLost(Exception):
    """A watcher asked for changes that are no longer kept; oldest: where one may still begin."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"changes before {oldest} are no longer kept")
        self.oldest = oldest


def decode(body: bytes) -> Object:
    value: Object = msgspec.json.decode(body)
    return value


def _entry(key: Key, body: bytes) -> Entry:
    value = decode(body)
    return Entry(key, int(value["metadata"]["resourceVersion"]), value, body)


class Store:
    """Objects by resource and key; writes go to disk before anyone hears of them."""

    def __init__(self, database: Database, history: int = HISTORY) -> None:
        self._database = database
        self._objects: dict[str, dict[Key, Entry]] = defaultdict(dict)
        self._changes: dict[str, deque[Change]] = defaultdict(lambda: deque(maxlen=history))
        self._listeners: dict[str, set[Callable[[Change], None]]] = defaultdict(set)
        self.revision = max(database.revision(), 1)
        changes = list(database.changes())
        first = self.revision - len(changes)  # what happened before is not known
        self._oldest: dict[str, int] = defaultdict(lambda: first)
        for resource, namespace, name, body in database.objects():
            self._objects[resource][namespace, name] = _entry((namespace, name), body)
        for resource, namespace, name, kind, body, before in changes:
            previous = _entry((namespace, name), before) if before else None
            self._remember(resource, Change(kind, _entry((namespace, name), body), previous))

    def get(self, resource: str, key: Key) -> Entry | None:
        return self._objects[resource].get(key)

    def entries(self, resource: str, namespace: str = "") -> list[Entry]:
        """Entries in the order of their keys; of all namespaces if none is given."""
        entries = self._objects[resource].values()
        chosen = [entry for entry in entries if entry.key[0] == namespace] if namespace else list(entries)
        return sorted(chosen, key=lambda entry: entry.key)

    def put(self, resource: str, key: Key, value: Object) -> Entry:
        """Create or replace; value's resourceVersion is set here. Raises DatabaseError: nothing was changed."""
        previous = self._objects[resource].get(key)
        kind: EventType = "MODIFIED" if previous else "ADDED"
        entry = self._write(resource, key, value, kind, previous)
        self._objects[resource][key] = entry
        self._publish(resource, Change(kind, entry, previous))
        return entry

    def delete(self, resource: str, key: Key, last: Object) -> Entry:
        """Remove; last is the state that watchers are told of. Raises DatabaseError: nothing was changed."""
        previous = self._objects[resource][key]
        entry = self._write(resource, key, last, "DELETED", previous)
        del self._objects[resource][key]
        self._publish(resource, Change("DELETED", entry, previous))
        return entry

    def _write(self, resource: str, key: Key, value: Object, kind: EventType, previous: Entry | None) -> Entry:
        revision = self.revision + 1
        value["metadata"]["resourceVersion"] = str(revision)
        body = msgspec.json.encode(value)
        self._database.write(revision, resource, *key, kind, body, previous.body if previous else None)
        self.revision = revision
        return Entry(key, revision, value, body)

    def _publish(self, resource: str, change: Change) -> None:
        self._remember(resource, change)
        for listener in tuple(self._listeners[resource]):
            listener(change)

    def _remember(self, resource: str, change: Change) -> None:
        changes = self._changes[resource]
        if len(changes) == changes.maxlen:
            self._oldest[resource] = changes[0].entry.revision
        changes.append(change.packed())

    def changes_since(self, resource: str, revision: int) -> list[Change]:
        """Changes after a resource version, oldest first. Raises HistoryLost."""
        if revision < self._oldest[resource]:
            raise HistoryLost(self._oldest[resource])
        return [change for change in self._changes[resource] if change.entry.revision > revision]

    def listen(self, resource: str, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call listener for each change from now on; the result ends that."""
        self._listeners[resource].add(listener)
        return lambda: self._listeners[resource].discard(listener)

    def close(self) -> None:
        self._database.close()
