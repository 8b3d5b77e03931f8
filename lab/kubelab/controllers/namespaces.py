"""Namespace: empties a namespace that is being deleted, then lets it go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kubelab.controllers.changes import Again, Changes, Delete, Replace
from kubelab.controllers.loop import Cluster, Controller
from kubelab.kinds import NAMESPACES, Key, Kind, Object, is_terminating, key_of

FINALIZER = "kubernetes"
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Observed:
    """A namespace and what is in it."""

    namespace: Object
    content: list[tuple[Kind, Object]] = field(default_factory=list)


class Namespaces(Controller):
    name = "namespace-controller"

    def __init__(self, cluster: Cluster, kinds: Iterable[Kind]) -> None:
        super().__init__(cluster)
        self._kinds = list(kinds)

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == NAMESPACES:
            return [key_of(obj)] if is_terminating(obj) else []
        namespace = self.cluster[NAMESPACES].get("", obj["metadata"].get("namespace", ""))
        return [key_of(namespace)] if namespace and is_terminating(namespace) else []

    def decide(self, key: Key) -> Changes:
        namespace = self.cluster[NAMESPACES].get(*key)
        if namespace is None or not is_terminating(namespace):
            return []
        content = [(kind, obj) for kind in self._kinds for obj in self.cluster[kind].all(key[1])]
        return reconcile(Observed(namespace, content))


def reconcile(observed: Observed) -> Changes:
    finalizers = observed.namespace["spec"].get("finalizers") or []
    if FINALIZER not in finalizers:
        return []
    if observed.content:
        going: Changes = [Delete(k, o, "Background") for k, o in observed.content if not is_terminating(o)]
        return [*going, Again(LOOK_AGAIN_S)]
    spec = observed.namespace["spec"] | {"finalizers": [f for f in finalizers if f != FINALIZER]}
    return [Replace(NAMESPACES, {**observed.namespace, "spec": spec}, "finalize")]
