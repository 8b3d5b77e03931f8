"""A local copy of one kind's objects, kept current by list and watch.

What the caller wrote itself is put in at once (`put`, `drop`), so that a controller never acts on a copy that is
older than its own last write; the watch event that comes later is recognised by its resource version.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable

from kubelab.client import Client, Query
from kubelab.errors import ApiError
from kubelab.kinds import Key, Kind, Object, key_of, uid_of

log = logging.getLogger(__name__)

Handler = Callable[[Object | None, Object | None], None]
"""Called with the object before and after a change; None for not there."""
Index = Callable[[Object], Iterable[str]]

RETRY_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Pauses before trying again to reach an API server that does not answer; the last one repeats."""
TOMBSTONES = 10_000
"""How many UIDs of deleted objects are remembered, so that a late event does not bring them back."""


class Informer:
    """Objects of one kind by key. `indexes` name functions from an object to the values it is found by."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        *,
        query: Query | None = None,
        indexes: dict[str, Index] | None = None,
    ) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self.items: dict[Key, Object] = {}
        self._client = client
        self._query = dict(query or {})
        self._handlers: list[Handler] = []
        self._index_functions = indexes or {}
        self._indexes: dict[str, dict[str, dict[Key, None]]] = {name: {} for name in self._index_functions}
        self._deleted: OrderedDict[str, None] = OrderedDict()

    def on_change(self, handler: Handler) -> None:
        self._handlers.append(handler)

    def get(self, namespace: str, name: str) -> Object | None:
        return self.items.get((namespace, name))

    def all(self, namespace: str | None = None) -> list[Object]:
        if namespace is None:
            return list(self.items.values())
        return [obj for (ns, _), obj in self.items.items() if ns == namespace]

    def indexed(self, index: str, value: str) -> list[Object]:
        return [self.items[key] for key in self._indexes[index].get(value, ())]

    def put(self, obj: Object) -> None:
        """Takes in an object as the server answered or sent it, unless a newer one is known already."""
        uid = uid_of(obj)
        old = self.items.get(key_of(obj))
        if uid in self._deleted or (old is not None and _version(old) >= _version(obj)):
            return
        obj.setdefault("apiVersion", self.kind.api_version)
        obj.setdefault("kind", self.kind.kind)
        if old is not None and uid_of(old) != uid:
            self.drop(old)
            old = None
        self._store(old, obj)

    def drop(self, obj: Object) -> None:
        """Forgets an object that is deleted; a namesake with another UID stays."""
        self._deleted[uid_of(obj)] = None
        if len(self._deleted) > TOMBSTONES:
            self._deleted.popitem(last=False)
        old = self.items.get(key_of(obj))
        if old is not None and uid_of(old) == uid_of(obj):
            self._store(old, None)

    async def run(self) -> None:
        """Lists and watches for ever. An unreachable server is tried again, an expired version listed again."""
        failures = 0
        while True:
            try:
                version = await self._relist()
                failures = 0
                await self._watch_from(version)
            except ApiError as e:
                if not (e.expired or e.transient):
                    log.error("%s: %s", self.kind.plural, e)
                if not e.expired:
                    await asyncio.sleep(RETRY_PAUSES_S[min(failures, len(RETRY_PAUSES_S) - 1)])
                    failures += 1

    async def _relist(self) -> str:
        found = await self._client.list(self.kind, query=self._query)
        present = {uid_of(obj) for obj in found["items"]}
        version = int(found["metadata"]["resourceVersion"])
        for old in self.all():
            if uid_of(old) not in present and _version(old) <= version:
                self.drop(old)
        for obj in found["items"]:
            self.put(obj)
        self.synced.set()
        return str(version)

    async def _watch_from(self, version: str) -> None:
        """Watches until the version expires or the server cannot be reached; a watch that just ends goes on."""
        while True:
            async for event in self._client.watch(self.kind, version, query=self._query):
                version = event.object["metadata"]["resourceVersion"]
                if event.type == "DELETED":
                    self.drop(event.object)
                elif event.type != "BOOKMARK":
                    self.put(event.object)

    def _store(self, old: Object | None, new: Object | None) -> None:
        key = key_of(new or old or {})
        for name, function in self._index_functions.items():
            index = self._indexes[name]
            for value in function(old) if old else ():
                index.get(value, {}).pop(key, None)
                if not index.get(value, True):
                    del index[value]
            for value in function(new) if new else ():
                index.setdefault(value, {})[key] = None
        if new is not None:
            self.items[key] = new
        else:
            del self.items[key]
        for handler in self._handlers:
            handler(old, new)


def _version(obj: Object) -> int:
    # Comparable as whole numbers since Kubernetes 1.35 (KEP-5504), and with every etcd-backed server before it.
    return int(obj["metadata"]["resourceVersion"])
