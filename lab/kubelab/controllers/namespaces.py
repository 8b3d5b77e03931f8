"""Namespace: empties a namespace that is being deleted, of every kind that the API server serves, then lets it go.

After kubernetes/pkg/controller/namespace/deletion (namespaced_resources_deleter.go).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from kubelab.controllers.changes import Again, Changes, Delete, Replace
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import NAMESPACES, Key, Kind, Object, is_terminating, key_of, uid_of

FINALIZER = "kubernetes"
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Observed:
    """A namespace and what is in it."""

    namespace: Object
    content: list[tuple[Kind, Object]] = field(default_factory=list)


class Namespaces(Controller):
    """Asks the server what is in a namespace: copies of every kind, kept for this alone, would be many."""

    name = "namespace-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._content: list[tuple[Kind, Object]] = []

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [key_of(obj)] if is_terminating(obj) else []

    async def sync(self, key: Key) -> None:
        try:
            self._content = await self._read_content(key[1])
        except ApiError as e:
            self._retry(key, e)
        else:
            await super().sync(key)

    async def _read_content(self, namespace: str) -> list[tuple[Kind, Object]]:
        client = self.cluster.client
        kinds = sorted(await client.namespaced_kinds(), key=_is_core)  # What makes pods goes before them.
        lists = await asyncio.gather(*(client.list(kind, namespace) for kind in kinds))
        found = {
            uid_of(obj): (kind, obj) for kind, content in zip(kinds, lists, strict=True) for obj in content["items"]
        }
        return list(found.values())  # An Event is served in two groups, and is one object.

    def decide(self, key: Key) -> Changes:
        namespace = self.cluster[NAMESPACES].get(*key)
        if namespace is None or not is_terminating(namespace):
            return []
        return reconcile(Observed(namespace, self._content))


def _is_core(kind: Kind) -> bool:
    return "/" not in kind.api_version


def reconcile(observed: Observed) -> Changes:
    finalizers = observed.namespace["spec"].get("finalizers") or []
    if FINALIZER not in finalizers:
        return []
    if observed.content:
        going: Changes = [Delete(k, o, "Background") for k, o in observed.content if not is_terminating(o)]
        return [*going, Again(LOOK_AGAIN_S)]
    spec = observed.namespace["spec"] | {"finalizers": [f for f in finalizers if f != FINALIZER]}
    return [Replace(NAMESPACES, {**observed.namespace, "spec": spec}, "finalize")]
