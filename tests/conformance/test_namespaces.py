"""Rooms for objects, and their end. https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client

from .conftest import Cluster, never, until
from .objects import condition_of, config_map, idle_pod, let_go, stateful_set, workload

HOLD = "example.org/hold"
NAME = "kubernetes.io/metadata.name"


@pytest.fixture
def holder(cluster: Cluster, core: str) -> Iterator[str]:
    """A ConfigMap whose finalizer keeps the namespace from going."""
    cluster.make(f"{core}/configmaps", config_map("holder", finalizers=[HOLD]))
    yield f"{core}/configmaps/holder"
    cluster.patch(f"{core}/configmaps/holder", {"metadata": {"finalizers": None}})


def phase(cluster: Cluster, name: str) -> str:
    return str(cluster.core.read_namespace(name).status.phase)


def test_a_namespace_is_active_and_waits_for_its_content_when_it_ends(cluster: Cluster, namespace: str) -> None:
    found = cluster.core.read_namespace(namespace)
    assert (found.status.phase, found.spec.finalizers) == ("Active", ["kubernetes"])


def test_a_namespace_is_labelled_with_its_name(cluster: Cluster, namespace: str) -> None:
    assert cluster.core.read_namespace(namespace).metadata.labels[NAME] == namespace


@pytest.mark.parametrize("value", ["other", None])
def test_the_label_with_its_name_cannot_be_changed(cluster: Cluster, namespace: str, value: str | None) -> None:
    cluster.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {NAME: value, "a": "b"}}})
    labels = cluster.core.read_namespace(namespace).metadata.labels
    assert (labels[NAME], labels["a"]) == (namespace, "b")


@pytest.mark.parametrize("name", ["with.dot", "Upper", "x" * 64, "-first"])
def test_its_name_is_a_label_of_dns(cluster: Cluster, name: str) -> None:
    answer = cluster.post("/api/v1/namespaces", {"metadata": {"name": name}}, dryRun="All")
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("metadata.name", "FieldValueInvalid") in answer.causes


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_stay_for_ever(cluster: Cluster, name: str) -> None:
    answer = cluster.delete(f"/api/v1/namespaces/{name}", dryRun="All")
    assert (answer.status, answer.reason) == (403, "Forbidden")


def test_everything_in_it_goes_with_it(cluster: Cluster, namespace: str, core: str, apps: str) -> None:
    selector = {"selector": {"matchLabels": {"app": "web"}}}
    made = {
        f"{core}/configmaps": config_map("one"),
        f"{core}/secrets": {"metadata": {"name": "one"}},
        f"{core}/services": {"metadata": {"name": "one"}, "spec": {"ports": [{"port": 80}]}},
        f"{core}/pods": idle_pod("one"),
        f"{core}/serviceaccounts": {"metadata": {"name": "one"}},
        f"{apps}/deployments": workload("web", 1),
        f"{apps}/replicasets": workload("more", 1),
        f"{apps}/statefulsets": stateful_set("many", 1),
        f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets": {"metadata": {"name": "one"}, "spec": selector},
        f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases": {"metadata": {"name": "one"}},
    }
    for path, wanted in made.items():
        cluster.make(path, wanted)
    cluster.core.delete_namespace(namespace)
    until(lambda: cluster.is_gone(f"/api/v1/namespaces/{namespace}"), 60)
    cluster.make("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for path, wanted in made.items():
        assert cluster.is_gone(f"{path}/{wanted['metadata']['name']}")


def test_a_namespace_that_ends_says_so(cluster: Cluster, namespace: str, holder: str) -> None:  # noqa: ARG001
    answer = cluster.delete(f"/api/v1/namespaces/{namespace}")
    assert (answer.status, answer.body["status"]["phase"]) == (200, "Terminating")
    assert "deletionTimestamp" in answer.body["metadata"]
    never(lambda: phase(cluster, namespace) != "Terminating")


def test_a_finalizer_of_an_object_keeps_its_namespace(cluster: Cluster, namespace: str, core: str, holder: str) -> None:
    cluster.make(f"{core}/configmaps", config_map("other"))
    cluster.core.delete_namespace(namespace)
    until(lambda: cluster.is_gone(f"{core}/configmaps/other"))
    assert "deletionTimestamp" in cluster.read(holder)["metadata"]
    assert phase(cluster, namespace) == "Terminating"
    cluster.patch(holder, {"metadata": {"finalizers": None}})
    until(lambda: cluster.is_gone(f"/api/v1/namespaces/{namespace}"))


def test_conditions_say_what_keeps_a_namespace(cluster: Cluster, namespace: str, holder: str) -> None:  # noqa: ARG001
    cluster.core.delete_namespace(namespace)

    def told(kind: str) -> tuple[str, str]:
        found = condition_of(cluster.read(f"/api/v1/namespaces/{namespace}"), kind)
        return found.get("status", ""), found.get("reason", "")

    until(lambda: told("NamespaceContentRemaining") == ("True", "SomeResourcesRemain"))
    until(lambda: told("NamespaceFinalizersRemaining") == ("True", "SomeFinalizersRemain"))
    assert told("NamespaceDeletionContentFailure") == ("False", "ContentDeleted")
    found = condition_of(cluster.read(f"/api/v1/namespaces/{namespace}"), "NamespaceFinalizersRemaining")
    assert f"{HOLD} in 1 resource instances" in found["message"]


def test_nothing_is_made_in_a_namespace_that_ends(
    cluster: Cluster,
    namespace: str,
    core: str,
    holder: str,  # noqa: ARG001
) -> None:
    cluster.core.delete_namespace(namespace)
    answer = cluster.post(f"{core}/configmaps", config_map("late"))
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert answer.causes == [("metadata.namespace", "NamespaceTerminating")]


def test_the_official_client_sees_why_nothing_is_made(
    cluster: Cluster,
    namespace: str,
    holder: str,  # noqa: ARG001
) -> None:
    cluster.core.delete_namespace(namespace)
    with pytest.raises(client.ApiException) as refused:
        cluster.core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata={"name": "late"}))
    assert refused.value.status == 403
    assert "because it is being terminated" in refused.value.body


def test_what_is_still_in_a_namespace_that_ends_can_be_changed(cluster: Cluster, namespace: str, holder: str) -> None:
    cluster.core.delete_namespace(namespace)
    assert cluster.patch(holder, {"data": {"k": "v"}}).status == 200
    assert cluster.read(holder)["data"] == {"k": "v"}


def test_a_namespace_waits_for_the_end_of_its_pods(
    cluster: Cluster, namespace: str, core: str, silent_node: str
) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("placed", nodeName=silent_node))
    cluster.core.delete_namespace(namespace)
    until(lambda: "deletionTimestamp" in cluster.read(f"{core}/pods/placed")["metadata"])
    assert phase(cluster, namespace) == "Terminating"
    let_go(cluster, made)
    until(lambda: cluster.is_gone(f"/api/v1/namespaces/{namespace}"))


def test_others_may_hold_a_namespace_that_is_empty(cluster: Cluster, namespace: str) -> None:
    wanted = {"metadata": {"name": f"{namespace}-more"}, "spec": {"finalizers": [HOLD]}}
    made = cluster.make("/api/v1/namespaces", wanted)
    where = f"/api/v1/namespaces/{namespace}-more"
    try:
        assert made["spec"]["finalizers"] == [HOLD, "kubernetes"]
        cluster.delete(where)
        until(lambda: cluster.read(where)["spec"]["finalizers"] == [HOLD])
    finally:
        until(lambda: cluster.is_gone(where) or is_released(cluster, where))
    until(lambda: cluster.is_gone(where))


def is_released(cluster: Cluster, where: str) -> bool:
    """Takes the case's own finalizer from a namespace; whether that went well."""
    found = cluster.read(where)
    others = [name for name in found["spec"]["finalizers"] if name != HOLD]
    return cluster.put(f"{where}/finalize", found | {"spec": {"finalizers": others}}).status == 200
