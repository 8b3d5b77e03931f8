"""Emptying a namespace that is being deleted, then letting it go."""

from __future__ import annotations

import asyncio
from typing import Any

from .kinds import Cluster
from .resources import NAMESPACES, RESOURCES, Resource, is_stored
from .store import Change
from .verbs.delete import DeleteOptions, delete
from .verbs.update import update

Object = dict[str, Any]

RETRY_S = 0.1  # while something in a terminating namespace waits for its own end


class NamespaceFinalizer:
    """Watches for namespaces that are Terminating; each gets a task that lives until it is gone."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop_listening = cluster.store.listen(NAMESPACES.storage, self._look)

    def resume(self) -> None:
        """Go on with what an earlier server left unfinished."""
        for entry in self._cluster.store.entries(NAMESPACES.storage):
            self._begin(entry.value)

    def _look(self, change: Change) -> None:
        if change.type != "DELETED":
            self._begin(change.entry.value)

    def _begin(self, namespace: Object) -> None:
        name = namespace["metadata"]["name"]
        if namespace["metadata"].get("deletionTimestamp") and name not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._finish(name), name=f"finalize namespace {name}")
            self._tasks[name] = task
            task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _finish(self, name: str) -> None:
        while self._delete_contents(name):
            await asyncio.sleep(RETRY_S)
        if self._cluster.store.get(NAMESPACES.storage, ("", name)):
            release(self._cluster, name)

    def _delete_contents(self, namespace: str) -> int:
        """Ask for the deletion of what is not yet being deleted; how much is still there."""
        left = 0
        for resource in contents():
            for entry in self._cluster.store.entries(resource.storage, namespace):
                gone = False
                if not entry.value["metadata"].get("deletionTimestamp"):
                    _, gone = delete(self._cluster, resource, *entry.key, DeleteOptions(propagation="Background"))
                left += not gone
        return left

    async def close(self) -> None:
        """Stop; the tasks' work is resumed by the next server."""
        self._stop_listening()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def contents() -> list[Resource]:
    """What can be in a namespace, each store once."""
    return [
        resource for resource in RESOURCES if resource.namespaced and is_stored(resource) and not resource.stored_as
    ]


def release(cluster: Cluster, name: str) -> None:
    """Take Kubernetes' own finalizer off a namespace; it is removed if that was the last."""

    def without_finalizer(value: Object) -> Object:
        finalizers = [item for item in value["spec"].get("finalizers", ()) if item != "kubernetes"]
        return {**value, "spec": {"finalizers": finalizers} if finalizers else {}}

    update(cluster, NAMESPACES, "", name, without_finalizer, part="finalize")
