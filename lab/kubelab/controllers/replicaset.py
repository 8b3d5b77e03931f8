"""ReplicaSet: a number of like pods. After kubernetes/pkg/controller/replicaset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.controllers import ownership
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Changes, Create, Delete, Event, Replace, with_status
from kubelab.controllers.loop import Controller
from kubelab.controllers.names import random_suffix
from kubelab.kinds import PODS, REPLICA_SETS, Key, Kind, Object, is_terminating, key_of

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
BURST = 500
"""The most pods that one step creates or deletes (burstReplicas)."""


@dataclass(frozen=True)
class Observed:
    """A ReplicaSet and the pods it controls."""

    set: Object
    now: datetime
    pods: list[Object] = field(default_factory=list)


class ReplicaSets(Controller):
    name = "replicaset-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == REPLICA_SETS:
            return [key_of(obj)]
        return ownership.keys_of_owners(obj, REPLICA_SETS, self.cluster[REPLICA_SETS])

    def decide(self, key: Key) -> Changes:
        found = self.cluster[REPLICA_SETS].get(*key)
        if found is None:
            return []
        pods = self.cluster[PODS]
        claims = ownership.claims(found, REPLICA_SETS, pods)
        return claims or reconcile(Observed(found, self.cluster.now(), ownership.owned(found, pods)))


def reconcile(observed: Observed) -> Changes:
    """Creates or deletes the difference, then writes the status as it was before."""
    replica_set = observed.set
    active = [p for p in observed.pods if pod_facts.is_active(p)]
    changes: Changes = []
    if not is_terminating(replica_set):
        missing = replica_set["spec"].get("replicas", 1) - len(active)
        changes += _create(replica_set, min(missing, BURST)) if missing > 0 else _delete(replica_set, active, -missing)
    status = _status(observed, active)
    if status != replica_set.get("status"):
        changes.append(Replace(REPLICA_SETS, with_status(replica_set, status), "status"))
    min_ready_s = replica_set["spec"].get("minReadySeconds") or 0
    waits = [w for p in active if (w := pod_facts.available_in_s(p, min_ready_s, observed.now))]
    return changes + ([Again(min(waits))] if waits else [])


def _create(replica_set: Object, count: int) -> Changes:
    changes: Changes = []
    for _ in range(count):
        pod = pod_facts.from_template(replica_set["spec"]["template"], REPLICA_SETS, replica_set)
        prefix = f"{replica_set['metadata']['name']}-"
        pod["metadata"] |= {"name": prefix + random_suffix(), "generateName": prefix}
        told = f"Created pod: {pod['metadata']['name']}"
        changes += [Create(PODS, pod), Event(replica_set, "Normal", "SuccessfulCreate", told)]
    return changes


def _delete(replica_set: Object, active: list[Object], count: int) -> Changes:
    changes: Changes = []
    for pod in sorted(active, key=worth)[: min(count, BURST)]:
        told = f"Deleted pod: {pod['metadata']['name']}"
        changes += [Delete(PODS, pod), Event(replica_set, "Normal", "SuccessfulDelete", told)]
    return changes


def worth(pod: Object) -> tuple[bool, int, bool, int, str]:
    """Deleted first: unassigned, then pending, not ready, cheapest to delete, youngest (ActivePodsWithRanks)."""
    age = "".join(chr(0x10FFFF - ord(c)) for c in pod["metadata"].get("creationTimestamp", ""))
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    use = bool(pod["spec"].get("nodeName")), phases.get(pod_facts.phase(pod), 0), pod_facts.is_ready(pod)
    return *use, _cost(pod), age


def _cost(pod: Object) -> int:
    written = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "")
    return int(written) if re.fullmatch(r"-?(0|[1-9]\d*)", written) else 0


def _status(observed: Observed, active: list[Object]) -> dict[str, Any]:
    replica_set = observed.set
    min_ready_s = replica_set["spec"].get("minReadySeconds") or 0
    wanted = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    counts = {
        "fullyLabeledReplicas": sum(wanted.items() <= (p["metadata"].get("labels") or {}).items() for p in active),
        "readyReplicas": sum(pod_facts.is_ready(p) for p in active),
        "availableReplicas": sum(pod_facts.is_available(p, min_ready_s, observed.now) for p in active),
        "observedGeneration": replica_set["metadata"].get("generation", 1),
    }
    terminating = sum(is_terminating(p) and not pod_facts.is_finished(p) for p in observed.pods)
    kept = {k: v for k, v in (replica_set.get("status") or {}).items() if k == "conditions"}
    counted = {k: v for k, v in counts.items() if v}
    return {"replicas": len(active), "terminatingReplicas": terminating} | counted | kept
