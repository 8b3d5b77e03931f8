"""Pod garbage collection: lets go of pods that no kubelet will ever let go of.

After kubernetes/pkg/controller/podgc (gc_controller.go): every 20 s, with force.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kubelab.controllers import pods as pod_facts
from kubelab.controllers import taints
from kubelab.controllers.changes import Changes, Delete, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.tainteviction import disruption_target
from kubelab.errors import ApiError
from kubelab.kinds import NODES, PODS, Key, Kind, Object, condition, is_terminating, is_true

log = logging.getLogger(__name__)

PERIOD_S = 20.0
QUARANTINE_S = 40.0
"""How long a node must be missing before its pods go."""


@dataclass(frozen=True)
class Observed:
    """All pods, the nodes by name, and the names of nodes that are missing for long enough."""

    now: datetime
    pods: list[Object]
    nodes: dict[str, Object] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()


class PodCollector(Controller):
    name = "pod-garbage-collector"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._missing_since: dict[str, datetime] = {}

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002 - it does not wait for news
        return []

    async def run(self) -> None:
        await self.cluster.synced()
        while True:
            await asyncio.sleep(PERIOD_S)
            for change in self.decide(("", "")):
                try:
                    await self.make(change)
                except ApiError as e:  # The next round sees what is left.
                    log.info("%s: %s", self.name, e)

    def decide(self, key: Key) -> Changes:  # noqa: ARG002 - all pods at once
        now, pods = self.cluster.now(), self.cluster[PODS].all()
        nodes = {n["metadata"]["name"]: n for n in self.cluster[NODES].all()}
        missing = {p["spec"]["nodeName"] for p in pods if p["spec"].get("nodeName")} - nodes.keys()
        self._missing_since = {name: self._missing_since.get(name, now) for name in missing}
        long_ago = now - timedelta(seconds=QUARANTINE_S)
        lost = frozenset(name for name, since in self._missing_since.items() if since <= long_ago)
        return reconcile(Observed(now, pods, nodes, lost))


def reconcile(observed: Observed) -> Changes:
    """Terminating pods on nodes out of service or without a node, and all pods of nodes that are gone."""
    changes: Changes = []
    for pod in observed.pods:
        name = pod["spec"].get("nodeName")
        node = observed.nodes.get(name or "")
        if node is not None and is_terminating(pod) and _is_out_of_service(node):
            changes += _let_go(pod, None)
        elif name in observed.lost:
            target = disruption_target(pod, "DeletionByPodGC", "PodGC: node no longer exists", observed.now)
            changes += _let_go(pod, target)
        elif not name and is_terminating(pod):
            changes += _let_go(pod, None)
    return changes


def _is_out_of_service(node: Object) -> bool:
    tainted = any(t["key"] == taints.OUT_OF_SERVICE for t in node["spec"].get("taints") or ())
    return tainted and not is_true(node, "Ready")


def _let_go(pod: Object, target: Object | None) -> Changes:
    """Marks the pod as failed, if it has not ended, and deletes it without waiting for anybody."""
    changes: Changes = []
    if not pod_facts.is_finished(pod):
        status = pod.get("status", {}) | {"phase": "Failed"}
        status["observedGeneration"] = pod["metadata"].get("generation", 1)
        if target is not None and condition(pod, "DisruptionTarget") is None:
            status["conditions"] = [*(status.get("conditions") or ()), target]
        changes.append(Replace(PODS, with_status(pod, status), "status"))
    return [*changes, Delete(PODS, pod, grace_s=0)]
