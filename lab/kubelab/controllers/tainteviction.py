"""Taint eviction: deletes pods from nodes with a NoExecute taint, when they have tolerated it for as long as they do.

After kubernetes/pkg/controller/tainteviction (taint_eviction.go).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubelab.clock import timestamp
from kubelab.controllers import taints
from kubelab.controllers.changes import Again, Change, Changes, Delete, Event, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.kinds import NODES, PODS, Key, Kind, Object, condition, key_of, uid_of

REASON = "TaintManagerEviction"


@dataclass(frozen=True)
class Observed:
    """A pod, the NoExecute taints of its node, since when it endures them, and whether it was condemned for them."""

    pod: Object
    taints: list[taints.Taint]
    since: datetime
    now: datetime


class TaintEviction(Controller):
    name = "taint-eviction-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._since: dict[str, datetime] = {}
        self._causes: dict[str, frozenset[str]] = {}
        self._condemned: dict[str, frozenset[str]] = {}
        cluster[PODS].on_change(self._forget)

    def _forget(self, old: Object | None, new: Object | None) -> None:
        if old is not None and (new is None or uid_of(new) != uid_of(old)):
            for known in (self._since, self._causes, self._condemned):
                known.pop(uid_of(old), None)

    async def make(self, change: Change) -> None:
        await super().make(change)
        if isinstance(change, Delete):
            self._condemned[uid_of(change.obj)] = self._causes[uid_of(change.obj)]

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == PODS:
            return [key_of(obj)] if obj["spec"].get("nodeName") else []
        name = obj["metadata"]["name"]
        return [key_of(p) for p in self.cluster[PODS].all() if p["spec"].get("nodeName") == name]

    def decide(self, key: Key) -> Changes:
        pod = self.cluster[PODS].get(*key)
        node = self.cluster[NODES].get("", pod["spec"].get("nodeName", "")) if pod else None
        if pod is None:
            return []
        uid, found = uid_of(pod), taints.of(node, "NoExecute") if node else []
        left_s = tolerated_s(pod, found)
        if left_s is None:
            waited = self._since.pop(uid, None) and uid not in self._condemned
            self._condemned.pop(uid, None)
            return [cancelled(pod)] if waited else []
        now = self.cluster.now()
        due = self._since.setdefault(uid, now) + timedelta(seconds=left_s)
        if due > now:
            return [] if uid in self._condemned else [Again((due - now).total_seconds())]
        cause = frozenset(f"{t['key']}={t.get('value', '')}" for t in found) if left_s == 0 else frozenset({"time"})
        if self._condemned.get(uid) == cause:
            return []
        self._causes[uid] = cause
        return condemned(pod, now)


def tolerated_s(pod: Object, found: list[taints.Taint]) -> float | None:
    """How long the pod tolerates all of these taints together; None for ever."""
    shortest: float | None = None
    for taint in found:
        tolerations = taints.tolerations(pod, taint)
        if not tolerations:
            return 0.0
        limits = [t["tolerationSeconds"] for t in tolerations if t.get("tolerationSeconds") is not None]
        if limits:
            shortest = min([max(0.0, float(s)) for s in limits] + ([] if shortest is None else [shortest]))
    return shortest


def cancelled(pod: Object) -> Event:
    return Event(pod, "Normal", REASON, f"Cancelling deletion of Pod {'/'.join(key_of(pod))}")


def condemned(pod: Object, now: datetime) -> Changes:
    """Says why the pod goes, and deletes it."""
    changes: Changes = []
    if condition(pod, "DisruptionTarget") is None:
        status = pod.get("status", {})
        target = disruption_target(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now)
        conditions = [*(status.get("conditions") or ()), target]
        changes.append(Replace(PODS, with_status(pod, status | {"conditions": conditions}), "status"))
    told = Event(pod, "Normal", REASON, f"Marking for deletion Pod {'/'.join(key_of(pod))}")
    return [*changes, Delete(PODS, pod), told]


def disruption_target(pod: Object, reason: str, message: str, now: datetime) -> Object:
    return {
        "type": "DisruptionTarget",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": message,
    }
