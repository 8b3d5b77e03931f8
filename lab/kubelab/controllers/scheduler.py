"""Scheduler: a node for each pod, the one with the fewest pods among those that may run it.

After kubernetes/pkg/scheduler (predicates and their messages). Requests for CPU and memory are not weighed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.clock import timestamp
from kubelab.controllers import pods as pod_facts
from kubelab.controllers import taints
from kubelab.controllers.changes import Bind, Change, Changes, Event, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.storage import claims_of
from kubelab.kinds import (
    CLAIMS,
    NODES,
    PODS,
    VOLUMES,
    Key,
    Kind,
    Object,
    condition,
    is_terminating,
    key_of,
    matches_expression,
    uid_of,
)

SCHEDULER = "default-scheduler"


@dataclass(frozen=True)
class Observed:
    """A pod without a node, all nodes, how many pods each has, and the claims and volumes it may need by name."""

    pod: Object
    now: datetime
    nodes: list[Object] = field(default_factory=list)
    load: Mapping[str, int] = field(default_factory=dict)
    claims: Mapping[str, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)


class Scheduler(Controller):
    name = SCHEDULER

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._bound: dict[str, str] = {}  # Pod UID -> node, until the local copy of the pod says so, too.
        cluster[PODS].on_change(self._forget)

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == PODS:
            return [key_of(obj)] if _waits(obj) else self._waiting() if pod_facts.is_finished(obj) else []
        return self._waiting()  # What changed may be what pods wait for.

    def _waiting(self) -> list[Key]:
        return [key_of(p) for p in self.cluster[PODS].all() if _waits(p)]

    def decide(self, key: Key) -> Changes:
        pod = self.cluster[PODS].get(*key)
        if pod is None or not _waits(pod):
            return []
        if uid_of(pod) in self._bound:
            return []
        pods = [p for p in self.cluster[PODS].all() if not pod_facts.is_finished(p)]
        placed = [node for p in pods if (node := p["spec"].get("nodeName") or self._bound.get(uid_of(p)))]
        claims = {c["metadata"]["name"]: c for c in self.cluster[CLAIMS].all(key[0])}
        volumes = {v["metadata"]["name"]: v for v in self.cluster[VOLUMES].all()}
        nodes = self.cluster[NODES].all()
        return reconcile(Observed(pod, self.cluster.now(), nodes, Counter(placed), claims, volumes))

    async def make(self, change: Change) -> None:
        await super().make(change)
        if isinstance(change, Bind):
            self._bound[uid_of(change.pod)] = change.node

    def _forget(self, old: Object | None, new: Object | None) -> None:
        """A pod whose assignment was seen, or that is gone, needs no memory of it."""
        if old and (new is None or new["spec"].get("nodeName")):
            self._bound.pop(uid_of(old), None)


def _waits(pod: Object) -> bool:
    unplaced = not pod["spec"].get("nodeName") and not is_terminating(pod) and not pod_facts.is_finished(pod)
    return unplaced and pod["spec"].get("schedulerName", SCHEDULER) == SCHEDULER


def reconcile(observed: Observed) -> Changes:
    """Binds the pod, or says on the pod and in an event why no node will do."""
    obstacle = _missing_claim(observed)
    refusals = {n["metadata"]["name"]: obstacle or _refusal(observed, n) for n in observed.nodes}
    fitting = [name for name, refusal in refusals.items() if refusal is None]
    if not fitting:
        return _unschedulable(observed, obstacle, [r for r in refusals.values() if r])
    node = min(fitting, key=lambda name: (observed.load.get(name, 0), name))
    namespace, name = key_of(observed.pod)
    told = f"Successfully assigned {namespace}/{name} to {node}"
    return [Bind(observed.pod, node), Event(observed.pod, "Normal", "Scheduled", told, action="Binding")]


def _missing_claim(observed: Observed) -> str | None:
    for name in claims_of(observed.pod):
        claim = observed.claims.get(name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if is_terminating(claim):
            return f'persistentvolumeclaim "{name}" is being deleted'
        if claim.get("status", {}).get("phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None


def _refusal(observed: Observed, node: Object) -> str | None:
    """Why the node will not do, in the words of Kubernetes; None when it will."""
    pod = observed.pod
    taint = _untolerated(pod, node)
    if node["spec"].get("unschedulable") and not _tolerates_unschedulable(pod):
        return "node(s) were unschedulable"
    if taint is not None:
        shown = f"{taint['key']}: {taint.get('value', '')}"
        return f"node(s) had untolerated taint {{{shown}}}"
    if not _selected(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    if not _reaches_volumes(observed, node):
        return "node(s) didn't match PersistentVolume's node affinity"
    return None


def _tolerates_unschedulable(pod: Object) -> bool:
    return bool(taints.tolerations(pod, {"key": taints.UNSCHEDULABLE, "effect": "NoSchedule"}))


def _untolerated(pod: Object, node: Object) -> taints.Taint | None:
    return next((t for t in taints.of(node, "NoSchedule", "NoExecute") if not taints.tolerations(pod, t)), None)


def _selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if not (pod["spec"].get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    return _matches(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), node)


def _matches(selector: Mapping[str, Any] | None, node: Object) -> bool:
    """A NodeSelector: any of its terms, each with all of its expressions."""
    if not selector:
        return True
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(matches_expression(e, labels) for e in term.get("matchExpressions") or ())
        and all(matches_expression(e, name) for e in term.get("matchFields") or ())
        for term in selector["nodeSelectorTerms"]
    )


def _reaches_volumes(observed: Observed, node: Object) -> bool:
    for claim in claims_of(observed.pod):
        volume = observed.volumes.get(observed.claims[claim]["spec"].get("volumeName", ""))
        if volume and not _matches((volume["spec"].get("nodeAffinity") or {}).get("required"), node):
            return False
    return True


def _unschedulable(observed: Observed, obstacle: str | None, refusals: list[str]) -> Changes:
    pod = observed.pod
    if obstacle is not None:
        reasons = obstacle
    else:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(refusals).items()))
    total = len(observed.nodes)
    message = f"0/{total} nodes are available: {reasons}." if total else "no nodes available to schedule pods"
    known = condition(pod, "PodScheduled")
    if known and known["status"] == "False" and known.get("message") == message:
        return []
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": known["lastTransitionTime"] if known else timestamp(observed.now),
        "reason": "Unschedulable",
        "message": message,
        "observedGeneration": pod["metadata"].get("generation", 1),
    }
    others = [c for c in pod.get("status", {}).get("conditions") or () if c["type"] != "PodScheduled"]
    status = pod.get("status", {}) | {"conditions": [*others, scheduled]}
    return [
        Replace(PODS, with_status(pod, status), "status"),
        Event(pod, "Warning", "FailedScheduling", message, action="Scheduling"),
    ]
