"""A number of like pods. https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster, Object, never, until
from .objects import idle_pod, make_ready, names, pods_of, workload


def make(cluster: Cluster, namespace: str, replicas: int, **spec: Any) -> tuple[Object, list[Object]]:
    """The ReplicaSet "web" and its pods, when all are there."""
    made = cluster.make(f"/apis/apps/v1/namespaces/{namespace}/replicasets", workload("web", replicas, **spec))
    until(lambda: len(pods_of(cluster, namespace, "web")) == replicas)
    return made, pods_of(cluster, namespace, "web")


def scale(cluster: Cluster, namespace: str, replicas: int) -> None:
    cluster.apps.patch_namespaced_replica_set_scale("web", namespace, {"spec": {"replicas": replicas}})


def status_of(cluster: Cluster, namespace: str) -> client.V1ReplicaSetStatus:
    return cluster.apps.read_namespaced_replica_set("web", namespace).status


def owners(pod: Object) -> list[str]:
    return [one["uid"] for one in pod["metadata"].get("ownerReferences", [])]


def uids(pods: list[Object]) -> set[str]:
    return {one["metadata"]["uid"] for one in pods}


def test_a_set_makes_as_many_pods_as_it_is_to_have(cluster: Cluster, namespace: str) -> None:
    _, pods = make(cluster, namespace, 3)
    assert all(name.startswith("web-") for name in names(pods))
    assert {one["metadata"]["generateName"] for one in pods} == {"web-"}
    never(lambda: len(pods_of(cluster, namespace, "web")) != 3)


def test_a_pod_belongs_to_its_set(cluster: Cluster, namespace: str) -> None:
    made, (pod,) = make(cluster, namespace, 1)
    assert pod["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "web",
            "uid": made["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_a_lost_pod_is_replaced_by_one_of_another_name(cluster: Cluster, namespace: str) -> None:
    _, before = make(cluster, namespace, 2)
    cluster.core.delete_namespaced_pod(before[0]["metadata"]["name"], namespace)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    assert names(before)[0] not in names(pods_of(cluster, namespace, "web"))


def test_a_replacement_does_not_wait_for_the_end_of_a_pod(cluster: Cluster, namespace: str, silent_node: str) -> None:
    wanted = workload("web", 1)
    wanted["spec"]["template"]["spec"]["nodeName"] = silent_node
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/replicasets", wanted)
    (before,) = until(lambda: pods_of(cluster, namespace, "web"))
    cluster.core.delete_namespaced_pod(before["metadata"]["name"], namespace)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 1)
    assert len(cluster.core.list_namespaced_pod(namespace).items) == 2


def test_a_pod_that_failed_is_replaced_and_stays(cluster: Cluster, namespace: str, core: str) -> None:
    _, (before,) = make(cluster, namespace, 1)
    name = before["metadata"]["name"]
    cluster.patch(f"{core}/pods/{name}/status", {"status": {"phase": "Failed"}})
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    assert cluster.read(f"{core}/pods/{name}")["status"]["phase"] == "Failed"
    until(lambda: status_of(cluster, namespace).replicas == 1)


def test_a_set_grows_and_shrinks_to_nothing(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1)
    scale(cluster, namespace, 3)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 3)
    scale(cluster, namespace, 0)
    until(lambda: not pods_of(cluster, namespace, "web"))


@pytest.mark.parametrize("reason", ["pending", "not ready", "deletion cost"])
def test_the_least_useful_pod_goes_first(cluster: Cluster, namespace: str, core: str, reason: str) -> None:
    _, pods = make(cluster, namespace, 4)
    victim = pods[2]
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if reason == "deletion cost":
        cost = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-1"}}}
        cluster.patch(f"{core}/pods/{victim['metadata']['name']}", cost)
    for pod in pods:
        if pod is not victim or reason != "pending":
            make_ready(cluster, pod, ready=reason == "deletion cost" or pod is not victim, since=since)
    ready = 4 if reason == "deletion cost" else 3
    until(lambda: status_of(cluster, namespace).ready_replicas == ready)
    scale(cluster, namespace, 3)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 3)
    assert victim["metadata"]["name"] not in names(pods_of(cluster, namespace, "web"))


def test_a_pod_without_a_node_goes_before_those_with_one(
    cluster: Cluster, namespace: str, core: str, silent_node: str
) -> None:
    _, pods = make(cluster, namespace, 3)
    victim = pods[1]
    for pod in (pods[0], pods[2]):
        name = pod["metadata"]["name"]
        target = {"apiVersion": "v1", "kind": "Node", "name": silent_node}
        cluster.make(f"{core}/pods/{name}/binding", {"metadata": {"name": name}, "target": target})
    make_ready(cluster, victim)  # A controller that knows this knows the nodes as well.
    until(lambda: status_of(cluster, namespace).ready_replicas == 1)
    scale(cluster, namespace, 2)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    assert names(pods_of(cluster, namespace, "web")) == [names(pods)[0], names(pods)[2]]


def test_orphans_that_a_set_selects_are_adopted(cluster: Cluster, namespace: str, core: str) -> None:
    orphan = cluster.make(f"{core}/pods", idle_pod("orphan", labels={"app": "web"}))
    made, pods = make(cluster, namespace, 2)
    assert orphan["metadata"]["uid"] in uids(pods)
    until(lambda: owners(cluster.read(f"{core}/pods/orphan")) == [made["metadata"]["uid"]])
    (owner,) = cluster.core.read_namespaced_pod("orphan", namespace).metadata.owner_references
    assert (owner.controller, owner.block_owner_deletion) == (True, True)


def test_an_orphan_that_comes_later_is_adopted_and_one_too_many(cluster: Cluster, namespace: str, core: str) -> None:
    make(cluster, namespace, 1)
    cluster.make(f"{core}/pods", idle_pod("orphan", labels={"app": "web"}))
    until(lambda: len(pods_of(cluster, namespace, "web")) == 1)


def test_an_adopted_pod_keeps_its_other_owners(cluster: Cluster, namespace: str, core: str) -> None:
    other = cluster.make(f"{core}/configmaps", {"metadata": {"name": "other"}})["metadata"]["uid"]
    orphan = idle_pod("orphan", labels={"app": "web"})
    orphan["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": other}]
    cluster.make(f"{core}/pods", orphan)
    made, _ = make(cluster, namespace, 1)
    until(lambda: set(owners(cluster.read(f"{core}/pods/orphan"))) == {other, made["metadata"]["uid"]})


def test_a_pod_that_another_controls_is_not_adopted(cluster: Cluster, namespace: str, apps: str) -> None:
    first, (pod,) = make(cluster, namespace, 1)
    second = workload("second", 1)
    second["spec"]["selector"]["matchLabels"] = {"app": "web"}
    second["spec"]["template"]["metadata"]["labels"] = {"app": "web"}
    made = cluster.make(f"{apps}/replicasets", second)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    found = {one["metadata"]["name"]: owners(one) for one in pods_of(cluster, namespace, "web")}
    assert found.pop(pod["metadata"]["name"]) == [first["metadata"]["uid"]]
    assert list(found.values()) == [[made["metadata"]["uid"]]]


def test_a_pod_whose_labels_no_longer_match_is_let_go_and_replaced(cluster: Cluster, namespace: str, core: str) -> None:
    _, (pod,) = make(cluster, namespace, 1)
    where = f"{core}/pods/{pod['metadata']['name']}"
    cluster.patch(where, {"metadata": {"labels": {"app": "quarantine"}}})
    until(lambda: owners(cluster.read(where)) == [])
    until(lambda: len(pods_of(cluster, namespace, "web")) == 1)


def test_the_status_counts_the_pods(cluster: Cluster, namespace: str) -> None:
    _, pods = make(cluster, namespace, 2)
    make_ready(cluster, pods[0])

    def counts() -> tuple[int | None, ...]:
        found = status_of(cluster, namespace)
        counted = (found.replicas, found.fully_labeled_replicas, found.ready_replicas, found.available_replicas)
        return (*counted, found.observed_generation)

    until(lambda: counts() == (2, 2, 1, 1, 1))


def test_a_pod_is_available_when_it_was_ready_for_long_enough(cluster: Cluster, namespace: str) -> None:
    _, (pod,) = make(cluster, namespace, 1, minReadySeconds=3600)
    make_ready(cluster, pod, since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    until(lambda: status_of(cluster, namespace).ready_replicas == 1)
    assert not status_of(cluster, namespace).available_replicas
    make_ready(cluster, pod, since="2020-01-01T00:00:00Z")
    until(lambda: status_of(cluster, namespace).available_replicas == 1)


def test_the_selector_can_never_be_changed(cluster: Cluster, namespace: str, apps: str) -> None:
    make(cluster, namespace, 0)
    labels = {"app": "web", "tier": "b"}
    changed = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}
    answer = cluster.patch(f"{apps}/replicasets/web", {"spec": changed})
    assert (answer.status, answer.causes) == (422, [("spec.selector", "FieldValueInvalid")])


@pytest.mark.parametrize(("policy", "stays"), [("Background", False), ("Orphan", True)])
def test_pods_go_with_their_set_unless_they_are_orphaned(
    cluster: Cluster, namespace: str, apps: str, policy: str, stays: bool
) -> None:
    make(cluster, namespace, 1)
    cluster.delete(f"{apps}/replicasets/web", {"propagationPolicy": policy})
    until(lambda: cluster.is_gone(f"{apps}/replicasets/web"))
    if stays:
        assert [owners(one) for one in pods_of(cluster, namespace, "web")] == [[]]
    else:
        until(lambda: not pods_of(cluster, namespace, "web"))


def test_the_making_and_the_end_of_pods_are_told_as_events(cluster: Cluster, namespace: str) -> None:
    _, (pod,) = make(cluster, namespace, 1)
    scale(cluster, namespace, 0)

    def told(reason: str) -> list[str]:
        selector = f"involvedObject.kind=ReplicaSet,involvedObject.name=web,reason={reason}"
        return [one.message for one in cluster.core.list_namespaced_event(namespace, field_selector=selector).items]

    name = pod["metadata"]["name"]
    until(lambda: told("SuccessfulCreate") == [f"Created pod: {name}"])
    until(lambda: told("SuccessfulDelete") == [f"Deleted pod: {name}"])
