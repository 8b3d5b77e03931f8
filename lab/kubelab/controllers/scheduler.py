"""Scheduler: a node for each pod among those that may run it: the one it prefers for the pods there, then the emptiest.

After kubernetes/pkg/scheduler (predicates and their messages). Nodes that fit are not weighed by their free resources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.clock import timestamp
from kubelab.controllers import nodeaffinity, podaffinity, room, taints
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Bind, Change, Changes, Event, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.storage import claims_of
from kubelab.controllers.volumebinding import PodVolumes
from kubelab.kinds import (
    CLAIMS,
    NODES,
    PODS,
    STORAGE_CLASSES,
    VOLUMES,
    Key,
    Kind,
    Object,
    condition,
    is_terminating,
    key_of,
    uid_of,
)

SCHEDULER = "default-scheduler"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


@dataclass(frozen=True)
class Observed:
    """A pod without a node, all nodes, what is taken of each, the volumes that it uses, and which nodes it prefers."""

    pod: Object
    now: datetime
    nodes: list[Object] = field(default_factory=list)
    taken: Mapping[str, room.Amounts] = field(default_factory=dict)
    volumes: PodVolumes = field(default_factory=PodVolumes)
    preferred: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a node will not do, in the words of Kubernetes. curable: it would do if there were fewer pods on it."""

    reasons: tuple[str, ...]
    curable: bool = False


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
        placed = [(p, n) for p in pods if (n := p["spec"].get("nodeName") or self._bound.get(uid_of(p)))]
        taken: dict[str, room.Amounts] = {}
        for other, node in placed:
            taken[node] = room.together(taken.get(node, {}), room.requested(other))
        nodes = self.cluster[NODES].all()
        preferred = podaffinity.scores(pod, placed, nodes)
        return reconcile(Observed(pod, self.cluster.now(), nodes, taken, self._volumes_of(pod), preferred))

    def _volumes_of(self, pod: Object) -> PodVolumes:
        names = tuple(claims_of(pod))
        if not names:
            return PodVolumes()
        claims = {c["metadata"]["name"]: c for c in self.cluster[CLAIMS].all(pod["metadata"]["namespace"])}
        volumes = {v["metadata"]["name"]: v for v in self.cluster[VOLUMES].all()}
        return PodVolumes(names, claims, volumes, tuple(self.cluster[STORAGE_CLASSES].all()))

    async def make(self, change: Change) -> None:
        await super().make(change)
        if isinstance(change, Bind):
            self._bound[uid_of(change.pod)] = change.node

    def _forget(self, old: Object | None, new: Object | None) -> None:
        """A pod whose assignment was seen, or that is gone, needs no memory of it; its room may be what others want."""
        if old and (new is None or new["spec"].get("nodeName")):
            self._bound.pop(uid_of(old), None)
        if old and new is None and old["spec"].get("nodeName"):
            for key in self._waiting():
                self.add(key)


def _waits(pod: Object) -> bool:
    spec = pod["spec"]
    unplaced = not spec.get("nodeName") and not is_terminating(pod) and not pod_facts.is_finished(pod)
    return unplaced and not spec.get("schedulingGates") and spec.get("schedulerName", SCHEDULER) == SCHEDULER


def reconcile(observed: Observed) -> Changes:
    """Binds the pod, or says on the pod and in an event why no node will do."""
    total = len(observed.nodes)
    if not total:
        return _unschedulable(observed, "no nodes available to schedule pods")
    if obstacle := observed.volumes.obstacle():
        # Without a verdict on any single node, preemption fails with these two words.
        return _unschedulable(observed, f"0/{total} nodes are available: {obstacle}. not found")
    refusals = [(node, _refusal(observed, node)) for node in observed.nodes]
    fitting = [node for node, refusal in refusals if refusal is None]
    if not fitting:
        return _unschedulable(observed, _no_node_fits([r for _, r in refusals if r]))
    chosen = min(fitting, key=lambda node: _order(observed, node))
    binding = observed.volumes.binding(chosen)
    return _assign(observed.pod, chosen["metadata"]["name"]) if binding is None else binding


def _order(observed: Observed, node: Object) -> tuple[Any, ...]:
    name = node["metadata"]["name"]
    return (-observed.preferred.get(name, 0), _taken(observed, node).get(room.PODS, 0), name)


def _assign(pod: Object, node: str) -> Changes:
    told = f"Successfully assigned {'/'.join(key_of(pod))} to {node}"
    return [Bind(pod, node), Event(pod, "Normal", "Scheduled", told, action="Binding")]


def _refusal(observed: Observed, node: Object) -> Refusal | None:
    """None when the node will do."""
    pod = observed.pod
    if node["spec"].get("unschedulable") and not _tolerates_unschedulable(pod):
        return Refusal(("node(s) were unschedulable",))
    if not all(taints.tolerations(pod, t) for t in taints.of(node, "NoSchedule", "NoExecute")):
        return Refusal(("node(s) had untolerated taint(s)",))
    if not _selected(pod, node):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",))
    asked = room.requested(pod)
    if shortages := room.shortages(asked, node, _taken(observed, node)):
        return Refusal(tuple(shortages), curable=not room.is_too_small(asked, node))
    refusal = observed.volumes.refusal(node)
    return Refusal((refusal,)) if refusal else None


def _taken(observed: Observed, node: Object) -> room.Amounts:
    return observed.taken.get(node["metadata"]["name"], {})


def _tolerates_unschedulable(pod: Object) -> bool:
    return bool(taints.tolerations(pod, {"key": taints.UNSCHEDULABLE, "effect": "NoSchedule"}))


def _selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if not (pod["spec"].get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    return nodeaffinity.matches(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), node)


def _no_node_fits(refusals: list[Refusal]) -> str:
    """In the words of Kubernetes 1.36. Where to evict other pods would help, there are none of lower priority."""
    available = f"0/{len(refusals)} nodes are available"
    reasons = _counted(reason for refusal in refusals for reason in refusal.reasons)
    preemption = _counted(NO_VICTIMS if refusal.curable else NOT_HELPFUL for refusal in refusals)
    return f"{available}: {reasons}. no new claims to deallocate, preemption: {available}: {preemption}."


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))


def _unschedulable(observed: Observed, message: str) -> Changes:
    pod = observed.pod
    known = condition(pod, "PodScheduled")
    if known and known["status"] == "False" and known.get("message") == message:
        return []
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": known.get("lastTransitionTime") if known else timestamp(observed.now),
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
