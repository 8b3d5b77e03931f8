"""Watches: what exists, then each change of it that the client asked for, as lines of JSON."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import msgspec

from .options import WatchOptions
from .resources import Resource
from .store import Change, Entry, Store

BOOKMARK_PERIOD_S = 60.0
PENDING_LIMIT = 16_384  # changes that a client may lag behind before its watch ends
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Renderer:
    """How a client wants to see objects: each as bytes, of this kind."""

    kind: str
    api_version: str
    render: Callable[[Entry], bytes]


def event_line(kind: str, document: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), document)


def bookmark(kind: str, api_version: str, revision: int, ends_initial: bool = False) -> bytes:
    """Says up to which resource version the client has seen everything; kind as that of the other events."""
    annotations = b',"annotations":{"%b":"true"}' % INITIAL_EVENTS_END.encode() if ends_initial else b""
    document = b'{"kind":"%b","apiVersion":"%b","metadata":{"resourceVersion":"%d"%b}}' % (
        kind.encode(),
        api_version.encode(),
        revision,
        annotations,
    )
    return event_line("BOOKMARK", document)


class Watch:
    """One client's view of one collection. Use as an iterator of lines; it ends after the timeout."""

    def __init__(
        self, store: Store, resource: Resource, namespace: str, options: WatchOptions, renderer: Renderer
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._options = options
        self._renderer = renderer
        self._render = renderer.render
        self._pending: deque[Change] = deque()
        self._wakeup = asyncio.Event()
        self._seen = 0

    async def lines(self) -> AsyncIterator[bytes]:
        """Batches of lines, as soon as there is something to say. Raises HistoryLost before the first."""
        with closing(_Subscription(self._store, self._resource, self._receive)):
            first = b"".join(self._beginning())
            if first:
                yield first
            deadline = asyncio.get_running_loop().time() + self._options.timeout_s
            while await self._changed(deadline):
                batch = b"".join(self._drain())
                if batch:
                    yield batch

    def _receive(self, change: Change) -> None:
        self._pending.append(change)
        self._wakeup.set()

    def _beginning(self) -> Iterator[bytes]:
        options = self._options
        self._seen = self._store.revision
        if not options.initial:
            yield from self._lines_of(self._store.changes_since(self._resource.storage, options.revision))
            return
        for entry in self._store.entries(self._resource.storage, self._namespace):
            if options.selected.matches(entry.value):
                yield event_line("ADDED", self._render(entry))
        if options.marked and options.bookmarks:
            yield self._bookmark(ends_initial=True)

    async def _changed(self, deadline: float) -> bool:
        """Wait for a change or for the time of a bookmark; False when the watch is over or the client too slow."""
        left_s = deadline - asyncio.get_running_loop().time()
        if left_s <= 0 or len(self._pending) > PENDING_LIMIT:
            return False
        try:
            await asyncio.wait_for(self._wakeup.wait(), min(left_s, BOOKMARK_PERIOD_S))
        except TimeoutError:
            return left_s > BOOKMARK_PERIOD_S
        return True

    def _drain(self) -> Iterator[bytes]:
        self._wakeup.clear()
        changes = [self._pending.popleft() for _ in range(len(self._pending))]
        if changes:
            yield from self._lines_of(changes)
        elif self._options.bookmarks and self._store.revision > self._seen:
            self._seen = self._store.revision
            yield self._bookmark()

    def _bookmark(self, ends_initial: bool = False) -> bytes:
        return bookmark(self._renderer.kind, self._renderer.api_version, self._store.revision, ends_initial)

    def _lines_of(self, changes: Iterable[Change]) -> Iterator[bytes]:
        for change in changes:
            line = self._line(change)
            if line and change.entry.revision > self._options.revision:
                yield line

    def _line(self, change: Change) -> bytes:
        """A change as this client sees it: entering or leaving its selection is being added or deleted."""
        if self._namespace and change.entry.key[0] != self._namespace:
            return b""
        selected = self._options.selected
        before = change.previous is not None and selected.matches(change.previous.value)
        after = change.type != "DELETED" and selected.matches(change.entry.value)
        if not before and not after:
            return b""
        if after:
            return event_line("MODIFIED" if before else "ADDED", self._render(change.entry))
        left = change.entry if change.type == "DELETED" else self._as_it_was(change)
        return event_line("DELETED", self._render(left))

    @staticmethod
    def _as_it_was(change: Change) -> Entry:
        """The last state that was selected, under the resource version of the change that ended that."""
        value = change.previous.copy() if change.previous else {}
        value["metadata"]["resourceVersion"] = str(change.entry.revision)
        return Entry(change.entry.key, change.entry.revision, value, msgspec.json.encode(value))


class _Subscription:
    """Listening to a resource until closed."""

    def __init__(self, store: Store, resource: Resource, listener: Callable[[Change], None]) -> None:
        self.close = store.listen(resource.storage, listener)
