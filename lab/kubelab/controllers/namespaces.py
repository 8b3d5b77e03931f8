"""Namespace: empties a namespace that is being deleted, of every kind that the API server serves, then lets it go.

After kubernetes/pkg/controller/namespace/deletion (namespaced_resources_deleter.go, status_condition_utils.go).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from kubelab.clock import timestamp
from kubelab.controllers.changes import Again, Changes, Delete, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import NAMESPACES, PODS, Key, Kind, Object, condition, is_terminating, key_of, uid_of

FINALIZER = "kubernetes"
LOOK_AGAIN_S = 0.5
KINDS_KNOWN_S = 10.0
"""How long it is believed what kinds the API server serves."""
UNTROUBLED = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentRemoved", "All content successfully removed"),
}
"""Conditions, with the reason and the message that each has when it is False."""


@dataclass(frozen=True)
class Observed:
    """A namespace and what is in it."""

    namespace: Object
    now: datetime
    content: list[tuple[Kind, Object]] = field(default_factory=list)


class Namespaces(Controller):
    """Asks the server what is in a namespace: copies of every kind, kept for this alone, would be many."""

    name = "namespace-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._content: list[tuple[Kind, Object]] = []
        self._kinds: list[Kind] = []
        self._kinds_asked_at = -math.inf

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [key_of(obj)] if is_terminating(obj) else []

    async def sync(self, key: Key) -> None:
        namespace = self.cluster[NAMESPACES].get(*key)
        if namespace is None or FINALIZER not in (namespace["spec"].get("finalizers") or ()):
            return  # It is gone, or others hold it.
        try:
            self._content = await self._read_content(key[1])
        except ApiError as e:
            self._retry(key, e)
        else:
            await super().sync(key)

    async def _read_content(self, namespace: str) -> list[tuple[Kind, Object]]:
        client, kinds = self.cluster.client, await self._served()
        lists = await asyncio.gather(*(client.list(kind, namespace) for kind in kinds))
        found = {
            uid_of(obj): (kind, obj) for kind, content in zip(kinds, lists, strict=True) for obj in content["items"]
        }
        return list(found.values())  # An Event is served in two groups, and is one object.

    async def _served(self) -> list[Kind]:
        """Every kind, what makes pods before pods."""
        now = asyncio.get_running_loop().time()
        if now >= self._kinds_asked_at + KINDS_KNOWN_S:
            self._kinds = sorted(await self.cluster.client.namespaced_kinds(), key=_is_core)
            self._kinds_asked_at = now
        return self._kinds

    def decide(self, key: Key) -> Changes:
        namespace = self.cluster[NAMESPACES].get(*key)
        if namespace is None or not is_terminating(namespace):
            return []
        return reconcile(Observed(namespace, self.cluster.now(), self._content))


def _is_core(kind: Kind) -> bool:
    return "/" not in kind.api_version


def reconcile(observed: Observed) -> Changes:
    finalizers = observed.namespace["spec"].get("finalizers") or []
    if FINALIZER not in finalizers:
        return []
    if observed.content:
        going: Changes = [Delete(k, o, "Background") for k, o in observed.content if not is_terminating(o)]
        at_once = bool(going) and not any(_lingers(kind, obj) for kind, obj in observed.content)
        return [*(going or _told(observed)), Again(0.0 if at_once else LOOK_AGAIN_S)]
    spec = observed.namespace["spec"] | {"finalizers": [f for f in finalizers if f != FINALIZER]}
    return [Replace(NAMESPACES, {**observed.namespace, "spec": spec}, "finalize")]


def _lingers(kind: Kind, obj: Object) -> bool:
    """Whether it may still be there when it has been deleted."""
    return kind == PODS or bool(obj["metadata"].get("finalizers"))


def _told(observed: Observed) -> Changes:
    """The conditions that say what is left, and what keeps it."""
    left = Counter(f"{kind.plural}.{kind.api_version.rpartition('/')[0]}" for kind, _ in observed.content)
    holds = Counter(name for _, obj in observed.content for name in obj["metadata"].get("finalizers") or ())
    remaining = ", ".join(sorted(f"{name} has {count} resource instances" for name, count in left.items()))
    held = ", ".join(sorted(f"{name} in {count} resource instances" for name, count in holds.items()))
    troubles = {"NamespaceContentRemaining": ("SomeResourcesRemain", f"Some resources are remaining: {remaining}")}
    if held:
        text = f"Some content in the namespace has finalizers remaining: {held}"
        troubles["NamespaceFinalizersRemaining"] = "SomeFinalizersRemain", text
    conditions = [_condition(observed, name, troubles.get(name)) for name in UNTROUBLED]
    status = observed.namespace["status"] | {"conditions": conditions}
    if status == observed.namespace["status"]:
        return []
    return [Replace(NAMESPACES, with_status(observed.namespace, status), "status")]


def _condition(observed: Observed, name: str, trouble: tuple[str, str] | None) -> Object:
    status, (reason, message) = str(trouble is not None), trouble or UNTROUBLED[name]
    before = condition(observed.namespace, name)
    since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(observed.now)
    return {"type": name, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
