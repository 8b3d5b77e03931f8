"""Scheduler: which node, or why none."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.controllers.changes import Bind
from kubelab.controllers.scheduler import Observed, reconcile

from .objects import NOW, events, pod, written_status


def node(name: str, *, ready: bool = True, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name} | (labels or {})}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def waiting(**spec: Any) -> dict[str, Any]:
    found = pod("mongo-0", phase="Pending", **spec)
    del found["spec"]["nodeName"]
    return found | {"status": {"phase": "Pending"}}


def chosen(found: dict[str, Any], *nodes: dict[str, Any], **observed: Any) -> str | None:
    changes = reconcile(Observed(found, NOW, list(nodes), **observed))
    return next((c.node for c in changes if isinstance(c, Bind)), None)


def test_the_node_with_the_fewest_pods_is_chosen() -> None:
    nodes = node("node-1"), node("node-2")
    assert chosen(waiting(), *nodes, load={"node-1": 1}) == "node-2"
    assert chosen(waiting(), *nodes, load={"node-1": 1, "node-2": 1}) == "node-1"


TAINT = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("spec", "options", "reason"),
    [
        ({}, {"unschedulable": True}, "1 node(s) were unschedulable"),
        ({}, {"taints": TAINT}, "1 node(s) had untolerated taint {dedicated: db}"),
        ({"nodeSelector": {"disk": "ssd"}}, {}, "1 node(s) didn't match Pod's node affinity/selector"),
    ],
)
def test_a_node_that_will_not_do_is_refused_with_its_reason(
    spec: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    changes = reconcile(Observed(waiting(**spec), NOW, [node("node-1", **options)]))
    assert events(changes) == [f"FailedScheduling: 0/1 nodes are available: {reason}."]
    status = written_status(changes)
    assert status is not None
    condition = status["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")


def test_what_was_said_once_is_not_said_again() -> None:
    found = waiting()
    found["status"] = written_status(reconcile(Observed(found, NOW, [])))
    assert reconcile(Observed(found, NOW, [])) == []


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"},
        {"key": "dedicated", "operator": "Exists"},
        {"operator": "Exists"},
    ],
)
def test_a_taint_can_be_tolerated(toleration: dict[str, Any]) -> None:
    assert chosen(waiting(tolerations=[toleration]), node("node-1", taints=TAINT)) == "node-1"
    other = toleration | {"key": "other", "operator": "Exists"}
    assert chosen(waiting(tolerations=[other]), node("node-1", taints=TAINT)) is None


USES_CLAIM = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


class TestVolumes:
    def claim(self, phase: str) -> dict[str, Any]:
        return {"data": {"metadata": {"name": "data"}, "spec": {"volumeName": "pv"}, "status": {"phase": phase}}}

    def volume(self, host: str) -> dict[str, Any]:
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}
        return {
            "pv": {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}}
        }

    def test_a_pod_waits_for_its_claim(self) -> None:
        reasons = {
            None: 'persistentvolumeclaim "data" not found',
            "Pending": "pod has unbound immediate PersistentVolumeClaims",
        }
        for phase, reason in reasons.items():
            claims = self.claim(phase) if phase else {}
            changes = reconcile(Observed(waiting(**USES_CLAIM), NOW, [node("node-1")], claims=claims))
            assert events(changes) == [f"FailedScheduling: 0/1 nodes are available: {reason}."]

    def test_a_local_volume_pins_its_pod(self) -> None:
        nodes = node("node-1"), node("node-2")
        found: dict[str, Any] = {"claims": self.claim("Bound"), "volumes": self.volume("node-2")}
        assert chosen(waiting(**USES_CLAIM), *nodes, **found) == "node-2"
        assert chosen(waiting(**USES_CLAIM), nodes[0], **found) is None
