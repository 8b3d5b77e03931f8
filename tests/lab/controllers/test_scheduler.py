"""Scheduler: which node, or why none."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from kubelab.controllers import podaffinity
from kubelab.controllers.changes import Bind, Patch, Replace
from kubelab.controllers.scheduler import Observed, reconcile
from kubelab.controllers.storage import NODE_LOCAL, SELECTED_NODE
from kubelab.controllers.volumebinding import PodVolumes

from .objects import NOW, events, meta, pod, written_status

ONE_POD = {"pods": Fraction(1)}


def node(name: str, *, ready: bool = True, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name} | (labels or {})}
    room = {"cpu": "2", "memory": "4Gi", "pods": "110"}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": conditions, "allocatable": room}}


def waiting(**spec: Any) -> dict[str, Any]:
    found = pod("mongo-0", phase="Pending", **spec)
    del found["spec"]["nodeName"]
    return found | {"status": {"phase": "Pending"}}


def chosen(found: dict[str, Any], *nodes: dict[str, Any], **observed: Any) -> str | None:
    changes = reconcile(Observed(found, NOW, list(nodes), **observed))
    return next((c.node for c in changes if isinstance(c, Bind)), None)


def test_the_node_with_the_fewest_pods_is_chosen() -> None:
    nodes = node("node-1"), node("node-2")
    assert chosen(waiting(), *nodes, taken={"node-1": ONE_POD}) == "node-2"
    assert chosen(waiting(), *nodes, taken={"node-1": ONE_POD, "node-2": ONE_POD}) == "node-1"


class TestThePodsThatAreThere:
    """For which a pod would rather be on a node, or off it."""

    NODES = (node("node-1"), node("node-2"), node("node-3", labels={"zone": "b"}))

    def prefers(self, there: dict[str, Any], *, key: str = "kubernetes.io/hostname", **kinds: int) -> dict[str, Any]:
        term = {"labelSelector": {"matchLabels": {"name": "mongo"}}, "topologyKey": key, **there}
        found = waiting()
        found["spec"]["affinity"] = {
            kind: {podaffinity.PREFERRED: [{"weight": weight, "podAffinityTerm": term}]}
            for kind, weight in kinds.items()
        }
        return found

    def on(self, found: dict[str, Any], other: dict[str, Any], place: str = "node-1") -> dict[str, int]:
        return podaffinity.scores(found, [(other, place)], self.NODES)

    def mongo(self, **labels: str) -> dict[str, Any]:
        found = pod("mongo-0")
        found["metadata"]["labels"] = {"name": "mongo"} | labels
        return found

    def test_keep_it_off_their_node_or_draw_it_there_by_the_weight(self) -> None:
        space = self.mongo()["metadata"]["namespace"]
        away, beside = self.prefers({"namespaces": [space]}, podAntiAffinity=50), self.prefers({}, podAffinity=100)
        assert self.on(away, self.mongo()) == {"node-1": -50, "node-2": 0, "node-3": 0}
        assert self.on(beside, self.mongo()) == {"node-1": 100, "node-2": 0, "node-3": 0}

    def test_of_other_namespaces_and_labels_do_not_count(self) -> None:
        assert not any(self.on(self.prefers({"namespaces": ["shop"]}, podAntiAffinity=50), self.mongo()).values())
        assert not any(self.on(self.prefers({}, podAntiAffinity=50), self.mongo(name="other")).values())
        everywhere = self.prefers({"namespaces": ["shop"], "namespaceSelector": {}}, podAntiAffinity=50)
        assert self.on(everywhere, self.mongo())["node-1"] == -50

    def test_count_for_all_nodes_of_their_zone_and_for_none_without_one(self) -> None:
        found = self.prefers({}, key="zone", podAffinity=10)
        assert self.on(found, self.mongo(), "node-3") == {"node-1": 0, "node-2": 0, "node-3": 10}
        assert not any(self.on(found, self.mongo(), "node-1").values())

    def test_have_a_say_of_their_own(self) -> None:
        keeps_off = self.prefers({}, podAntiAffinity=50)
        incoming = waiting()
        incoming["metadata"]["labels"] = {"name": "mongo"}
        assert self.on(incoming, keeps_off)["node-1"] == -50

    def test_go_before_how_many_there_are(self) -> None:
        taken = {"node-2": ONE_POD}
        assert chosen(waiting(), *self.NODES[:2], taken=taken, preferred={"node-1": -50}) == "node-2"
        assert chosen(waiting(), *self.NODES[:2], taken=taken, preferred={}) == "node-1"


def test_a_node_without_room_is_refused() -> None:
    found = waiting()
    asked = {"cpu": "1500m", "memory": "5Gi"}
    found["spec"]["containers"] = [{"name": "mongo", "resources": {"requests": asked}}]
    taken = {"node-1": {"cpu": Fraction(1)}}
    changes = reconcile(Observed(found, NOW, [node("node-1")], taken))
    assert events(changes) == [f"FailedScheduling: {unavailable('1 Insufficient cpu, 1 Insufficient memory', 1)}"]
    asked["memory"] = "4Gi"
    (told,) = events(reconcile(Observed(found, NOW, [node("node-1")], taken)))
    assert told.endswith("1 No preemption victims found for incoming pod.")
    assert chosen(found, node("node-1"), taken={"node-1": {"cpu": Fraction(1, 2)}}) == "node-1"


def unavailable(reasons: str, nodes: int) -> str:
    """As kube-scheduler 1.36 says it."""
    preemption = f"preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling."
    return f"0/{nodes} nodes are available: {reasons}. no new claims to deallocate, {preemption}"


TAINT = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("spec", "options", "reason"),
    [
        ({}, {"unschedulable": True}, "1 node(s) were unschedulable"),
        ({}, {"taints": TAINT}, "1 node(s) had untolerated taint(s)"),
        ({"nodeSelector": {"disk": "ssd"}}, {}, "1 node(s) didn't match Pod's node affinity/selector"),
    ],
)
def test_a_node_that_will_not_do_is_refused_with_its_reason(
    spec: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    changes = reconcile(Observed(waiting(**spec), NOW, [node("node-1", **options)]))
    assert events(changes) == [f"FailedScheduling: {unavailable(reason, 1)}"]
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


def claim(phase: str, **annotations: str) -> dict[str, Any]:
    bound = {"volumeName": "pv"} if phase == "Bound" else {}
    wanted = {"storageClassName": "node-local", "accessModes": ["ReadWriteOnce"]} | bound
    wanted["resources"] = {"requests": {"storage": "1Gi"}}
    metadata = meta("data", uid="uid-claim", annotations=annotations)
    return {"metadata": metadata, "spec": wanted, "status": {"phase": phase}}


def volume(host: str, **spec: Any) -> dict[str, Any]:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    facts = {"storageClassName": "node-local", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    return {"metadata": meta("pv"), "spec": {"nodeAffinity": affinity, **facts, **spec}}


def uses(found: dict[str, Any] | None, *volumes: dict[str, Any], provisioner: str = NODE_LOCAL) -> PodVolumes:
    storage_class = {"metadata": {"name": "node-local"}, "volumeBindingMode": "WaitForFirstConsumer"}
    claims = {"data": found} if found else {}
    classes = (storage_class | {"provisioner": provisioner},)
    return PodVolumes(("data",), claims, {v["metadata"]["name"]: v for v in volumes}, classes)


NODES = node("node-1"), node("node-2")


class TestAPodWithAVolume:
    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (None, 'persistentvolumeclaim "data" not found'),
            (claim("Pending") | {"spec": {}}, "pod has unbound immediate PersistentVolumeClaims"),
        ],
    )
    def test_waits_for_its_claim(self, found: dict[str, Any] | None, reason: str) -> None:
        changes = reconcile(Observed(waiting(), NOW, list(NODES), volumes=uses(found)))
        assert events(changes) == [f"FailedScheduling: 0/2 nodes are available: {reason}. not found"]

    def test_goes_where_its_volume_is(self) -> None:
        assert chosen(waiting(), *NODES, volumes=uses(claim("Bound"), volume("node-2"))) == "node-2"

    def test_waits_for_its_volumes_node_when_that_is_cordoned(self) -> None:
        nodes = [NODES[0], node("node-2", unschedulable=True)]
        changes = reconcile(Observed(waiting(), NOW, nodes, volumes=uses(claim("Bound"), volume("node-2"))))
        reasons = "1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable"
        assert events(changes) == [f"FailedScheduling: {unavailable(reasons, 2)}"]

    def test_first_has_a_volume_made_on_the_node_that_is_chosen_for_it(self) -> None:
        found = claim("Pending")
        (change,) = reconcile(Observed(waiting(), NOW, list(NODES), {"node-1": ONE_POD}, uses(found)))
        assert isinstance(change, Patch)
        assert change.body == {"metadata": {"annotations": {SELECTED_NODE: "node-2"}}}
        asked = claim("Pending", **{SELECTED_NODE: "node-2"})
        assert reconcile(Observed(waiting(), NOW, list(NODES), volumes=uses(asked))) == []

    def test_takes_a_volume_that_is_there_already(self) -> None:
        (change,) = reconcile(Observed(waiting(), NOW, list(NODES), volumes=uses(claim("Pending"), volume("node-2"))))
        assert isinstance(change, Patch)  # node-1 comes first, and can have one made
        free = uses(claim("Pending"), volume("node-2"), provisioner="kubernetes.io/no-provisioner")
        (change,) = reconcile(Observed(waiting(), NOW, list(NODES), volumes=free))
        assert isinstance(change, Replace)
        assert change.obj["spec"]["claimRef"]["uid"] == "uid-claim"

    def test_waits_where_nobody_can_make_one(self) -> None:
        none = uses(claim("Pending"), provisioner="kubernetes.io/no-provisioner")
        (event,) = events(reconcile(Observed(waiting(), NOW, list(NODES), volumes=none)))
        assert "2 node(s) didn't find available persistent volumes to bind" in event
