"""Node lifecycle: a node that is silent is called Unknown, and what is wrong with a node becomes taints.

After kubernetes/pkg/controller/nodelifecycle (node_lifecycle_controller.go), for one zone of at most 50 nodes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kubelab.clock import timestamp
from kubelab.controllers import pods as pod_facts
from kubelab.controllers import taints
from kubelab.controllers.changes import Changes, Event, Patch, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import LEASES, NODES, PODS, Key, Kind, Object, condition, key_of

log = logging.getLogger(__name__)

PERIOD_S = 5.0
"""How often nodes are looked at (node-monitor-period)."""
TAINTING_PERIOD_S = 10.0
"""Pods of at most one more node are condemned in this time (node-eviction-rate 0.1)."""
UNHEALTHY_SHARE = 0.55
"""With more than two nodes down and at least this share of all, nothing is evicted (unhealthy-zone-threshold)."""
LEASE_NAMESPACE = "kube-node-lease"
WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
BY_CONDITION = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
}
BY_READINESS = {"False": taints.NOT_READY, "Unknown": taints.UNREACHABLE}
NO_SCHEDULE = (*BY_CONDITION.values(), *BY_READINESS.values(), taints.UNSCHEDULABLE)


class NodeTaints(Controller):
    """Keeps new pods from nodes that are cordoned or unwell: taints with effect NoSchedule, at once."""

    name = "node-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002 - it watches nodes alone
        return [key_of(obj)]

    def decide(self, key: Key) -> Changes:
        node = self.cluster[NODES].get(*key)
        return no_schedule(node, self.cluster.now()) if node else []


def no_schedule(node: Object, now: datetime) -> Changes:
    """The taints with effect NoSchedule that the node's conditions and its cordon ask for."""
    wanted = [key for name, key in BY_CONDITION.items() if _status(node, name) == "True"]
    readiness = _status(node, "Ready")
    if readiness != "True":
        wanted.append(BY_READINESS.get(readiness, taints.NOT_READY))
    if node["spec"].get("unschedulable"):
        wanted.append(taints.UNSCHEDULABLE)
    return _retainted(node, taints.exchanged(node, "NoSchedule", NO_SCHEDULE, wanted, now))


def _status(node: Object, name: str) -> str:
    found = condition(node, name)
    return str(found["status"]) if found else ""


def _sorted(found: list[taints.Taint]) -> list[taints.Taint]:
    """In which order taints stand says nothing."""
    return sorted(found, key=lambda taint: (taint["key"], taint["effect"]))


def _retainted(node: Object, wanted: list[taints.Taint]) -> Changes:
    before = node["spec"].get("taints") or []
    return [] if _sorted(wanted) == _sorted(before) else [Patch(NODES, node, {"spec": {"taints": wanted or None}})]


@dataclass(frozen=True)
class Observed:
    """All nodes and pods; for each node when it was last seen to be alive; when a node was last condemned."""

    now: datetime
    nodes: list[Object]
    pods: list[Object] = field(default_factory=list)
    alive_at: Mapping[str, datetime] = field(default_factory=dict)
    condemned_at: datetime | None = None


class NodeHealth(Controller):
    """Looks at all nodes every few seconds."""

    name = "node-controller"

    def __init__(self, cluster: Cluster, grace_s: float) -> None:
        super().__init__(cluster)
        self._grace = timedelta(seconds=grace_s)
        self._marks: dict[str, tuple[str, ...]] = {}
        self._alive_at: dict[str, datetime] = {}
        self._condemned_at: datetime | None = None

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002 - it does not wait for news
        return []

    async def run(self) -> None:
        await self.cluster.synced()
        while True:
            await self._look()
            await asyncio.sleep(PERIOD_S)

    async def _look(self) -> None:
        now, nodes = self.cluster.now(), self.cluster[NODES].all()
        for node in nodes:
            self._note(node, now)
        for change in unknown(Observed(now, nodes, alive_at=self._alive_at), self._grace):
            await self._try(change)
        pods, nodes = self.cluster[PODS].all(), self.cluster[NODES].all()
        observed = Observed(now, nodes, pods, self._alive_at, self._condemned_at)
        for change in consequences(observed):
            await self._try(change)
            if isinstance(change, Patch) and _is_condemning(change):
                self._condemned_at = now

    async def _try(self, change: object) -> None:
        try:
            await self.make(change)  # type: ignore[arg-type]
        except ApiError as e:  # The next look sees what is left to do.
            log.info("%s: %s", self.name, e)

    def _note(self, node: Object, now: datetime) -> None:
        """A node is alive when its lease was renewed or its status written since the last look."""
        name = node["metadata"]["name"]
        lease = self.cluster[LEASES].get(LEASE_NAMESPACE, name)
        ready = condition(node, "Ready")
        mark = (str(lease["spec"].get("renewTime")) if lease else "", str(ready and ready.get("lastHeartbeatTime")))
        if self._marks.get(name) != mark:
            self._marks[name] = mark
            self._alive_at[name] = now


def unknown(observed: Observed, grace: timedelta) -> Changes:
    """Nobody knows how a node is that was silent for longer than the grace period."""
    changes: Changes = []
    for node in observed.nodes:
        name = node["metadata"]["name"]
        silent = observed.now - observed.alive_at.get(name, observed.now) > grace
        if not silent or all(_status(node, kind) in ("", "Unknown") for kind in WATCHED):
            continue
        status = node["status"] | {"conditions": _unknown_conditions(node, observed.now)}
        told = f"Node {name} status is now: NodeNotReady"
        changes += [
            Replace(NODES, with_status(node, status), "status"),
            Event(node, "Normal", "NodeNotReady", told),
        ]
    return changes


def _unknown_conditions(node: Object, now: datetime) -> list[Object]:
    told = {"status": "Unknown", "lastTransitionTime": timestamp(now)}
    told |= {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
    known = node["status"].get("conditions") or []
    return [c | told if c["type"] in WATCHED and c["status"] != "Unknown" else c for c in known]


def consequences(observed: Observed) -> Changes:
    """Pods on nodes that are not ready are not ready, and are condemned by a taint with effect NoExecute."""
    changes: Changes = []
    ready = [n for n in observed.nodes if _status(n, "Ready") == "True"]
    down = len(observed.nodes) - len(ready)
    evicting = bool(ready) and not (down > 2 and down / len(observed.nodes) >= UNHEALTHY_SHARE)
    last = observed.condemned_at
    may_condemn = evicting and (last is None or observed.now - last >= timedelta(seconds=TAINTING_PERIOD_S))
    for node in observed.nodes:
        readiness = _status(node, "Ready")
        if readiness == "True" or not ready:
            changes += _no_execute(node, [], observed.now)
        elif readiness in BY_READINESS and may_condemn:
            tainting = _no_execute(node, [BY_READINESS[readiness]], observed.now)
            changes += tainting
            may_condemn = not tainting
        if readiness in BY_READINESS:
            on_node = (p for p in observed.pods if p["spec"].get("nodeName") == node["metadata"]["name"])
            changes += [c for pod in on_node if pod_facts.is_ready(pod) for c in _unready(pod, observed.now)]
    return changes


def _no_execute(node: Object, wanted: list[str], now: datetime) -> Changes:
    return _retainted(node, taints.exchanged(node, "NoExecute", BY_READINESS.values(), wanted, now))


def _is_condemning(change: Patch) -> bool:
    owned = BY_READINESS.values()
    return any(t["effect"] == "NoExecute" and t["key"] in owned for t in change.body["spec"]["taints"] or ())


def _unready(pod: Object, now: datetime) -> Changes:
    told = {"status": "False", "lastTransitionTime": timestamp(now)}
    conditions = [c | told if c["type"] == "Ready" else c for c in pod["status"]["conditions"]]
    return [
        Replace(PODS, with_status(pod, pod["status"] | {"conditions": conditions}), "status"),
        Event(pod, "Warning", "NodeNotReady", "Node is not ready"),
    ]
