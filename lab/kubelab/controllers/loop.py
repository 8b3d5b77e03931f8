"""The loop around reconcile functions: keys in, changes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from kubelab.client import Client
from kubelab.controllers import refusals
from kubelab.controllers.changes import Again, Bind, Change, Changes, Create, Delete, Event, Patch, Replace
from kubelab.errors import ApiError
from kubelab.events import Recorder
from kubelab.informer import Index, Informer
from kubelab.kinds import PODS, Key, Kind, Object, controller_of, is_terminating

log = logging.getLogger(__name__)

RETRY_FIRST_S = 0.05
RETRY_LONGEST_S = 30.0


def by_controller(obj: Object) -> Iterable[str]:
    """Index "controller": the UID of the controlling owner."""
    owner = controller_of(obj)
    return (owner["uid"],) if owner else ()


def by_owner(obj: Object) -> Iterable[str]:
    """Index "owner": the UIDs of all owners."""
    return [owner["uid"] for owner in obj["metadata"].get("ownerReferences") or ()]


INDEXES: dict[str, Index] = {"controller": by_controller, "owner": by_owner}


class Cluster:
    """The client and the local copies that controllers share. clock gives the time in UTC."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.events = Recorder(client, "kubelab-controllers")
        self.informers: dict[Kind, Informer] = {}

    def __getitem__(self, kind: Kind) -> Informer:
        if kind not in self.informers:
            self.informers[kind] = Informer(self.client, kind, indexes=INDEXES)
        return self.informers[kind]

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    async def synced(self) -> None:
        """Waits until every local copy holds what the server holds."""
        await asyncio.gather(*(informer.synced.wait() for informer in self.informers.values()))

    async def make(self, change: Change, component: str) -> None:
        """Makes one change and takes the server's answer into the local copy. Raises ApiError."""
        match change:
            case Create(kind, obj):
                await self._create(kind, obj)
            case Replace(kind, obj, subresource):
                self[kind].put(await self.client.replace(kind, obj, subresource))
            case Patch(kind, obj, body, subresource):
                await self._patch(kind, obj, body, subresource)
            case Delete():
                await self._delete(change)
            case Bind(pod, node):
                await self._bind(pod, node)
            case Event(obj, event_type, reason, message, action):
                self.events.tell(obj, event_type, reason, message, action=action, component=component)

    async def _create(self, kind: Kind, obj: Object) -> None:
        try:
            self[kind].put(await self.client.create(kind, obj))
        except ApiError as e:
            if not e.already_exists:
                raise

    async def _patch(self, kind: Kind, obj: Object, body: object, subresource: str | None) -> None:
        metadata = obj["metadata"]
        assert isinstance(body, dict)
        version = {"metadata": body.get("metadata", {}) | {"resourceVersion": metadata["resourceVersion"]}}
        answer = await self.client.patch(
            kind, metadata["name"], body | version, metadata.get("namespace", ""), subresource=subresource
        )
        self[kind].put(answer)

    async def _delete(self, change: Delete) -> None:
        kind, metadata = change.kind, change.obj["metadata"]
        try:
            answer = await self.client.delete(
                kind,
                metadata["name"],
                metadata.get("namespace", ""),
                uid=metadata["uid"],
                grace_period_s=change.grace_s,
                propagation=change.propagation,
            )
        except ApiError as e:
            if not (e.not_found or e.conflict):
                raise
            return
        if answer.get("kind") == kind.kind and is_terminating(answer):
            self[kind].put(answer)
        elif answer.get("kind") == "Status":  # It is gone.
            self[kind].drop(change.obj)

    async def _bind(self, pod: Object, node: str) -> None:
        metadata = pod["metadata"]
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self.client.post(PODS, metadata["name"], metadata["namespace"], "binding", body)


class Controller:
    """A named queue of keys and what to do with each: subclasses map changes to keys and keys to changes."""

    name: ClassVar[str]
    """The component name in events, as Kubernetes calls it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._due: dict[Key, None] = {}
        self._wake = asyncio.Event()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def decide(self, key: Key) -> Changes:
        """Gathers the observed state of key from the local copies and reconciles it."""
        raise NotImplementedError

    def watch(self, kind: Kind) -> None:
        """Calls `keys` with every change of an object of that kind."""

        def changed(old: Object | None, new: Object | None) -> None:
            for obj in (old, new):
                for key in self.keys(kind, obj) if obj else ():
                    self.add(key)

        self.cluster[kind].on_change(changed)

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        """The keys that a change of obj concerns."""
        raise NotImplementedError

    def add(self, key: Key) -> None:
        self._due[key] = None
        self._wake.set()

    def add_after(self, key: Key, after_s: float) -> None:
        """Adds the key after a while; an earlier appointment stands."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known and not known.cancelled() and loop.time() < known.when() <= loop.time() + after_s:
            return
        if known:
            known.cancel()
        self._timers[key] = loop.call_later(after_s, self.add, key)

    async def run(self) -> None:
        await self.cluster.synced()
        while True:
            while self._due:
                key = next(iter(self._due))
                del self._due[key]
                await self.sync(key)
            self._wake.clear()
            await self._wake.wait()

    async def sync(self, key: Key) -> None:
        """One key, once. A change that is refused makes the key come again, later each time."""
        try:
            for change in self.decide(key):
                if isinstance(change, Again):
                    self.add_after(key, change.after_s)
                else:
                    await self.make(change)
            self._failures.pop(key, None)
        except ApiError as e:
            self._retry(key, e)
        except Exception:
            log.exception("%s: %s", self.name, "/".join(key))
            self._retry(key, None)

    async def make(self, change: Change) -> None:
        """Makes one change. Raises ApiError."""
        try:
            await self.cluster.make(change, self.name)
        except ApiError as e:
            if event := refusals.told(change, e):
                await self.cluster.make(event, self.name)
            raise

    def _retry(self, key: Key, error: ApiError | None) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        if error and not (error.conflict or error.not_found):
            log.warning("%s: %s: %s", self.name, "/".join(key), error)
        self.add_after(key, min(RETRY_FIRST_S * 2**failures, RETRY_LONGEST_S))
