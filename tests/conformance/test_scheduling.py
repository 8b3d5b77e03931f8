"""Which pod goes to which node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/

Taints: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SILENT_TAINT, Cluster, Object, never, until
from .objects import condition_of, idle_pod, let_go, pod

TOLERATED = {"key": SILENT_TAINT["key"], "operator": "Exists"}
SILENT_LABEL = "example.org/level"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def for_node(node: str, name: str = "placed", **spec: Any) -> Object:
    """A pod for the scheduler, which may go to that silent node and to no other."""
    spec.setdefault("tolerations", [TOLERATED])
    return pod(name, nodeSelector={"kubernetes.io/hostname": node}, **spec)


def asking(node: str, name: str, **requests: str) -> Object:
    """A pod for that node with requests."""
    wanted = for_node(node, name)
    wanted["spec"]["containers"][0]["resources"] = {"requests": requests}
    return wanted


def refusal(cluster: Cluster, core: str, name: str = "placed") -> str:
    """Why the pod could not be placed, as soon as its condition says so."""

    def found() -> Object | None:
        told = condition_of(cluster.read(f"{core}/pods/{name}"), "PodScheduled")
        return told if told.get("reason") == "Unschedulable" else None

    told = until(found)
    assert told["status"] == "False"
    return str(told["message"])


def until_on(cluster: Cluster, core: str, node: str, name: str = "placed") -> None:
    """Waits until the pod is on the node."""
    until(lambda: cluster.read(f"{core}/pods/{name}")["spec"].get("nodeName") == node)


def test_a_pod_that_fits_nowhere_says_so_and_stays_pending(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/pods", pod("lost", nodeSelector={"example.org/place": "nowhere"}))
    assert refusal(cluster, core, "lost")
    found = cluster.read(f"{core}/pods/lost")
    assert (found["status"]["phase"], "nodeName" in found["spec"]) == ("Pending", False)


def test_that_a_pod_fits_nowhere_is_an_event(cluster: Cluster, namespace: str, core: str) -> None:
    cluster.make(f"{core}/pods", pod("lost", nodeSelector={"example.org/place": "nowhere"}))
    selector = "involvedObject.kind=Pod,involvedObject.name=lost,reason=FailedScheduling"

    def told() -> set[tuple[str, str]]:
        found = cluster.core.list_namespaced_event(namespace, field_selector=selector).items
        return {(one.type, one.message) for one in found}

    until(lambda: ("Warning", refusal(cluster, core, "lost")) in told())


def test_a_pod_of_another_scheduler_is_left_alone(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("idle"))
    never(lambda: condition_of(cluster.read(f"{core}/pods/idle"), "PodScheduled"))


def test_a_pod_that_names_its_node_is_not_scheduled(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", pod("direct", nodeName=silent_node))  # The node's taint is no obstacle.
    never(lambda: condition_of(cluster.read(f"{core}/pods/direct"), "PodScheduled").get("status") == "False")
    assert cluster.read(f"{core}/pods/direct")["spec"]["nodeName"] == silent_node


def test_a_pod_is_placed_on_the_node_that_it_selects(
    cluster: Cluster, namespace: str, core: str, silent_node: str
) -> None:
    cluster.make(f"{core}/pods", for_node(silent_node))
    until_on(cluster, core, silent_node)
    until(lambda: condition_of(cluster.read(f"{core}/pods/placed"), "PodScheduled").get("status") == "True")
    selector = "involvedObject.kind=Pod,involvedObject.name=placed,reason=Scheduled"
    (told,) = until(lambda: cluster.core.list_namespaced_event(namespace, field_selector=selector).items)
    assert told.message == f"Successfully assigned {namespace}/placed to {silent_node}"


def test_each_node_gets_the_pod_that_selects_it(cluster: Cluster, core: str, nodes: list[str]) -> None:
    for node in nodes:
        cluster.make(f"{core}/pods", pod(f"on-{node}", nodeSelector={"kubernetes.io/hostname": node}))
    for node in nodes:
        until_on(cluster, core, node, f"on-{node}")


def test_a_pod_is_placed_when_a_node_comes_to_fit(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", pod("late", nodeSelector={"example.org/late": silent_node}, tolerations=[TOLERATED]))
    refusal(cluster, core, "late")
    cluster.core.patch_node(silent_node, {"metadata": {"labels": {"example.org/late": silent_node}}})
    until_on(cluster, core, silent_node, "late")


def test_a_taint_keeps_a_pod_away_until_it_is_tolerated(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", for_node(silent_node, tolerations=[]))
    assert "taint" in refusal(cluster, core)
    known = cluster.read(f"{core}/pods/placed")["spec"]["tolerations"]
    assert cluster.patch(f"{core}/pods/placed", {"spec": {"tolerations": [*known, TOLERATED]}}).status == 200
    until_on(cluster, core, silent_node)


@pytest.mark.parametrize(
    ("tolerated", "tolerations"),
    [
        (
            True,
            [
                {"operator": "Exists"},
                {"key": "example.org/more", "operator": "Exists"},
                {"key": "example.org/more", "value": "yes"},
                {"key": "example.org/more", "value": "yes", "effect": "NoSchedule"},
            ],
        ),
        (
            False,
            [
                {"key": "example.org/more", "value": "no"},
                {"key": "example.org/more", "value": "yes", "effect": "NoExecute"},
                {"key": "example.org/other", "operator": "Exists"},
            ],
        ),
    ],
    ids=["tolerated", "not tolerated"],
)
def test_a_taint_is_tolerated_by_key_value_and_effect(
    cluster: Cluster, core: str, silent_node: str, tolerated: bool, tolerations: list[Object]
) -> None:
    more = {"key": "example.org/more", "value": "yes", "effect": "NoSchedule"}
    cluster.core.patch_node(silent_node, {"spec": {"taints": [SILENT_TAINT, more]}})
    wanted = [[TOLERATED, toleration] for toleration in tolerations]
    place_each(cluster, core, silent_node, [{"tolerations": each} for each in wanted], fit=tolerated)


def place_each(cluster: Cluster, core: str, node: str, specs: list[Object], *, fit: bool) -> None:
    """Asserts that each of these pods is placed on the node, or that none is."""
    for number, spec in enumerate(specs):
        cluster.make(f"{core}/pods", for_node(node, f"pod-{number}", **spec))
    for number, spec in enumerate(specs):
        if fit:
            until_on(cluster, core, node, f"pod-{number}")
        else:
            assert refusal(cluster, core, f"pod-{number}"), spec


def test_a_taint_that_only_prefers_is_no_obstacle(cluster: Cluster, core: str, silent_node: str) -> None:
    soft = {"key": "example.org/soft", "effect": "PreferNoSchedule"}
    cluster.core.patch_node(silent_node, {"spec": {"taints": [SILENT_TAINT, soft]}})
    cluster.make(f"{core}/pods", for_node(silent_node))
    until_on(cluster, core, silent_node)


def test_a_cordoned_node_takes_no_pod(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.core.patch_node(silent_node, {"spec": {"unschedulable": True}})
    until(lambda: UNSCHEDULABLE in taints_of(cluster, silent_node))
    cluster.make(f"{core}/pods", for_node(silent_node))
    refusal(cluster, core)
    cluster.core.patch_node(silent_node, {"spec": {"unschedulable": False}})
    until_on(cluster, core, silent_node)


def taints_of(cluster: Cluster, node: str) -> dict[str, str]:
    return {taint.key: taint.effect for taint in cluster.core.read_node(node).spec.taints or []}


def test_a_cordon_is_a_taint_as_long_as_it_lasts(cluster: Cluster, silent_node: str) -> None:
    cluster.core.patch_node(silent_node, {"spec": {"unschedulable": True}})
    until(lambda: taints_of(cluster, silent_node).get(UNSCHEDULABLE) == "NoSchedule")
    cluster.core.patch_node(silent_node, {"spec": {"unschedulable": False}})
    until(lambda: list(taints_of(cluster, silent_node)) == [SILENT_TAINT["key"]])


@pytest.mark.parametrize(("condition", "key"), [("False", "not-ready"), ("Unknown", "unreachable")])
def test_a_node_that_is_not_ready_is_tainted(cluster: Cluster, silent_node: str, condition: str, key: str) -> None:
    status = {"conditions": [{"type": "Ready", "status": condition}]}
    cluster.patch(f"/api/v1/nodes/{silent_node}/status", {"status": status}, "strategic-merge-patch")
    until(lambda: f"node.kubernetes.io/{key}" in taints_of(cluster, silent_node))


def test_a_pod_that_asks_for_more_than_a_node_has_fits_not(cluster: Cluster, core: str, silent_node: str) -> None:
    for resource, amount in (("cpu", "4100m"), ("memory", "9Gi")):
        cluster.make(f"{core}/pods", asking(silent_node, resource, **{resource: amount}))
        assert f"Insufficient {resource}" in refusal(cluster, core, resource)


@pytest.mark.parametrize(("resource", "amount"), [("cpu", "2100m"), ("memory", "5Gi")])
def test_a_pod_waits_for_the_room_that_another_takes(
    cluster: Cluster, core: str, silent_node: str, resource: str, amount: str
) -> None:
    first = cluster.make(f"{core}/pods", asking(silent_node, "first", **{resource: amount}))
    until_on(cluster, core, silent_node, "first")
    cluster.make(f"{core}/pods", asking(silent_node, "second", **{resource: amount}))
    assert f"Insufficient {resource}" in refusal(cluster, core, "second")
    let_go(cluster, first)
    until_on(cluster, core, silent_node, "second")


def test_a_pod_that_ended_takes_no_room(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", asking(silent_node, "first", cpu="3"))
    until_on(cluster, core, silent_node, "first")
    cluster.make(f"{core}/pods", asking(silent_node, "second", cpu="2"))
    refusal(cluster, core, "second")
    cluster.patch(f"{core}/pods/first/status", {"status": {"phase": "Succeeded"}})
    until_on(cluster, core, silent_node, "second")


def test_what_pods_ask_for_is_added_in_any_notation(cluster: Cluster, core: str, silent_node: str) -> None:
    for number, amount in enumerate(("1300m", "1.7", "5e-1")):
        cluster.make(f"{core}/pods", asking(silent_node, f"part-{number}", cpu=amount))
    for number in range(3):
        until_on(cluster, core, silent_node, f"part-{number}")
    cluster.make(f"{core}/pods", asking(silent_node, "last", cpu="600m"))
    assert "Insufficient cpu" in refusal(cluster, core, "last")


def test_containers_that_come_before_need_room_as_well(cluster: Cluster, core: str, silent_node: str) -> None:
    wanted = asking(silent_node, "placed", cpu="1")
    first = wanted["spec"]["containers"][0] | {"name": "first", "resources": {"requests": {"cpu": "5"}}}
    wanted["spec"]["initContainers"] = [first]
    cluster.make(f"{core}/pods", wanted)
    assert "Insufficient cpu" in refusal(cluster, core)


def test_a_node_takes_no_more_pods_than_it_says(cluster: Cluster, core: str, silent_node: str) -> None:
    room = {"allocatable": {"pods": "0"}}
    cluster.patch(f"/api/v1/nodes/{silent_node}/status", {"status": room}, "strategic-merge-patch")
    cluster.make(f"{core}/pods", for_node(silent_node))
    assert "Too many pods" in refusal(cluster, core)


def test_a_pod_waits_for_a_claim_that_is_missing(cluster: Cluster, core: str, silent_node: str) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "missing"}}
    cluster.make(f"{core}/pods", for_node(silent_node, volumes=[volume]))
    assert 'persistentvolumeclaim "missing" not found' in refusal(cluster, core)


def requiring(*terms: Object) -> Object:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": required}}


@pytest.mark.parametrize(
    ("fits", "expressions"),
    [
        (
            True,
            [
                {"key": SILENT_LABEL, "operator": "In", "values": ["6", "7"]},
                {"key": "example.org/missing", "operator": "NotIn", "values": ["7"]},
                {"key": SILENT_LABEL, "operator": "Exists"},
                {"key": SILENT_LABEL, "operator": "Gt", "values": ["5"]},
                {"key": SILENT_LABEL, "operator": "Lt", "values": ["10"]},
            ],
        ),
        (
            False,
            [
                {"key": SILENT_LABEL, "operator": "In", "values": ["6"]},
                {"key": SILENT_LABEL, "operator": "NotIn", "values": ["7"]},
                {"key": "example.org/missing", "operator": "Exists"},
                {"key": SILENT_LABEL, "operator": "DoesNotExist"},
                {"key": SILENT_LABEL, "operator": "Gt", "values": ["7"]},
            ],
        ),
    ],
    ids=["fits", "does not fit"],
)
def test_a_pod_may_require_labels_of_its_node(
    cluster: Cluster, core: str, silent_node: str, fits: bool, expressions: list[Object]
) -> None:
    specs = [requiring({"matchExpressions": [expression]}) for expression in expressions]
    place_each(cluster, core, silent_node, specs, fit=fits)


def test_a_pod_may_require_a_node_by_its_name(cluster: Cluster, core: str, silent_node: str) -> None:
    field = {"key": "metadata.name", "operator": "In", "values": [silent_node]}
    place_each(cluster, core, silent_node, [requiring({"matchFields": [field]})], fit=True)


def test_one_of_several_terms_is_enough(cluster: Cluster, core: str, silent_node: str) -> None:
    terms = [{"matchExpressions": [{"key": key, "operator": "Exists"}]} for key in ("example.org/no", SILENT_LABEL)]
    place_each(cluster, core, silent_node, [requiring(*terms)], fit=True)


def test_a_term_that_says_nothing_matches_no_node(cluster: Cluster, core: str, silent_node: str) -> None:
    place_each(cluster, core, silent_node, [requiring({})], fit=False)


def test_a_gate_holds_a_pod_back(cluster: Cluster, core: str, silent_node: str) -> None:
    made = cluster.make(f"{core}/pods", for_node(silent_node, schedulingGates=[{"name": "example.org/wait"}]))
    told = condition_of(made, "PodScheduled")
    assert (told["status"], told["reason"]) == ("False", "SchedulingGated")
    never(lambda: "nodeName" in cluster.read(f"{core}/pods/placed")["spec"])
    assert cluster.patch(f"{core}/pods/placed", {"spec": {"schedulingGates": None}}).status == 200
    until_on(cluster, core, silent_node)


def binding(name: str, node: str) -> Object:
    return {"metadata": {"name": name}, "target": {"apiVersion": "v1", "kind": "Node", "name": node}}


def test_a_binding_places_a_pod(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("idle"))
    answer = cluster.post(f"{core}/pods/idle/binding", binding("idle", silent_node))
    assert (answer.status, answer.body["status"]) == (201, "Success")
    found = cluster.read(f"{core}/pods/idle")
    assert found["spec"]["nodeName"] == silent_node
    assert condition_of(found, "PodScheduled")["status"] == "True"


def test_a_pod_is_bound_once(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("idle"))
    cluster.post(f"{core}/pods/idle/binding", binding("idle", silent_node))
    answer = cluster.post(f"{core}/pods/idle/binding", binding("idle", "elsewhere"))
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert cluster.read(f"{core}/pods/idle")["spec"]["nodeName"] == silent_node


def test_a_pod_that_is_being_deleted_is_not_bound(cluster: Cluster, core: str) -> None:
    held = idle_pod("held")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.make(f"{core}/pods", held)
    cluster.delete(f"{core}/pods/held")
    answer = cluster.post(f"{core}/pods/held/binding", binding("held", "elsewhere"))
    cluster.patch(f"{core}/pods/held", {"metadata": {"finalizers": None}})
    assert (answer.status, answer.reason) == (409, "Conflict")
