"""Requests that are only tried. https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run"""

from __future__ import annotations

import pytest
from kubernetes.client.exceptions import ApiException

from .conftest import Cluster
from .objects import Object, config_map, idle_pod, stateful_set, workload


@pytest.fixture
def item(cluster: Cluster, core: str) -> Object:
    """A ConfigMap, as it is stored."""
    return cluster.make(f"{core}/configmaps", config_map("c", {"a": "1"}, labels={"x": "y"}))


def test_a_creation_that_is_tried_answers_as_if_and_leaves_nothing(cluster: Cluster, core: str) -> None:
    answer = cluster.post(f"{core}/configmaps", config_map("new", {"a": "1"}), dryRun="All")
    assert (answer.status, answer.body["data"]) == (201, {"a": "1"})
    assert {"uid", "creationTimestamp"} <= answer.body["metadata"].keys()
    assert "resourceVersion" not in answer.body["metadata"]
    assert cluster.is_gone(f"{core}/configmaps/new")


def test_a_creation_that_is_tried_gets_defaults(cluster: Cluster, namespace: str) -> None:
    tried = cluster.apps.create_namespaced_deployment(namespace, workload("d", 1), dry_run="All")
    assert (tried.spec.revision_history_limit, tried.metadata.generation) == (10, 1)
    with pytest.raises(ApiException) as raised:
        cluster.apps.read_namespaced_deployment("d", namespace)
    assert raised.value.status == 404


def test_a_generated_name_that_is_tried_is_not_taken(cluster: Cluster, namespace: str) -> None:
    tried = cluster.core.create_namespaced_config_map(
        namespace, {"metadata": {"generateName": "gen-", "labels": {"tried": "yes"}}}, dry_run="All"
    )
    assert tried.metadata.name.startswith("gen-") and len(tried.metadata.name) == 9
    assert cluster.core.list_namespaced_config_map(namespace, label_selector="tried").items == []


def test_a_name_that_is_taken_is_a_conflict_when_tried(cluster: Cluster, core: str, item: Object) -> None:
    answer = cluster.post(f"{core}/configmaps", config_map(item["metadata"]["name"]), dryRun="All")
    assert (answer.status, answer.reason) == (409, "AlreadyExists")


def test_what_is_invalid_is_refused_when_tried(cluster: Cluster, core: str) -> None:
    answer = cluster.post(f"{core}/pods", {"metadata": {"name": "p"}, "spec": {"containers": []}}, dryRun="All")
    assert (answer.status, answer.reason) == (422, "Invalid")


@pytest.mark.usefixtures("item")
def test_an_update_that_is_tried_answers_as_if_and_changes_nothing(cluster: Cluster, namespace: str) -> None:
    before = cluster.core.read_namespaced_config_map("c", namespace)
    body = config_map("c", {"a": "2"})
    assert cluster.core.replace_namespaced_config_map("c", namespace, body, dry_run="All").data == {"a": "2"}
    assert cluster.core.read_namespaced_config_map("c", namespace) == before


def test_an_update_of_an_old_version_is_a_conflict_when_tried(cluster: Cluster, core: str, item: Object) -> None:
    cluster.patch(f"{core}/configmaps/c", {"data": {"a": "2"}})
    answer = cluster.put(f"{core}/configmaps/c", item, dryRun="All")
    assert (answer.status, answer.reason) == (409, "Conflict")


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch"])
def test_a_patch_that_is_tried_answers_as_if_and_changes_nothing(
    cluster: Cluster, core: str, item: Object, kind: str
) -> None:
    answer = cluster.patch(f"{core}/configmaps/c", {"data": {"a": None, "b": "2"}}, kind, dryRun="All")
    assert (answer.status, answer.body["data"]) == (200, {"b": "2"})
    assert cluster.read(f"{core}/configmaps/c") == item


def test_a_patch_that_is_tried_counts_a_generation_in_its_answer_alone(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("s", 0))
    patch = {"spec": {"replicas": 3}}
    tried = cluster.apps.patch_namespaced_stateful_set("s", namespace, patch, dry_run="All")
    assert (tried.spec.replicas, tried.metadata.generation) == (3, 2)
    found = cluster.apps.read_namespaced_stateful_set("s", namespace)
    assert (found.spec.replicas, found.metadata.generation) == (0, 1)


def test_a_scale_that_is_tried_changes_nothing(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 1))
    patch = {"spec": {"replicas": 3}}
    assert cluster.apps.patch_namespaced_deployment_scale("d", namespace, patch, dry_run="All").spec.replicas == 3
    assert cluster.apps.read_namespaced_deployment("d", namespace).spec.replicas == 1


def test_a_status_that_is_tried_changes_nothing(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    patch = {"status": {"phase": "Running"}}
    assert cluster.core.patch_namespaced_pod_status("p", namespace, patch, dry_run="All").status.phase == "Running"
    assert cluster.core.read_namespaced_pod("p", namespace).status.phase == "Pending"


@pytest.mark.parametrize("by_query", [True, False])
def test_a_deletion_that_is_tried_deletes_nothing(cluster: Cluster, core: str, item: Object, by_query: bool) -> None:
    path = f"{core}/configmaps/c"
    answer = cluster.delete(path, dryRun="All") if by_query else cluster.delete(path, {"dryRun": ["All"]})
    assert answer.status == 200
    assert cluster.read(path) == item


def test_a_deletion_of_what_is_not_there_is_not_found_when_tried(cluster: Cluster, core: str) -> None:
    assert cluster.delete(f"{core}/configmaps/none", dryRun="All").status == 404


def test_a_deletion_of_a_pod_that_is_tried_shows_its_grace_period(
    cluster: Cluster, core: str, namespace: str, held: list[str]
) -> None:
    held.append(f"{core}/pods/p")
    cluster.make(f"{core}/pods", idle_pod("p", nodeName=f"{namespace}-none", terminationGracePeriodSeconds=50))
    answer = cluster.delete(f"{core}/pods/p", dryRun="All")
    assert answer.body["metadata"]["deletionGracePeriodSeconds"] == 50
    assert "deletionTimestamp" not in cluster.read(f"{core}/pods/p")["metadata"]


def test_a_deletion_of_a_collection_that_is_tried_deletes_nothing(cluster: Cluster, namespace: str) -> None:
    for name in ("a", "b"):
        cluster.core.create_namespaced_config_map(namespace, config_map(name, labels={"of": "these"}))
    cluster.core.delete_collection_namespaced_config_map(namespace, label_selector="of=these", dry_run="All")
    found = cluster.core.list_namespaced_config_map(namespace, label_selector="of=these").items
    assert [one.metadata.name for one in found] == ["a", "b"]


def test_a_binding_that_is_tried_places_nothing(cluster: Cluster, core: str, namespace: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("p"))
    body = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": f"{namespace}-none"}}
    assert cluster.post(f"{core}/pods/p/binding", body, dryRun="All").status == 201
    assert "nodeName" not in cluster.read(f"{core}/pods/p")["spec"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_but_all_can_be_tried(cluster: Cluster, core: str, item: Object, method: str) -> None:
    path = f"{core}/configmaps" + ("" if method == "POST" else "/c")
    body = {"POST": config_map("new"), "PUT": item, "PATCH": {"data": {"a": "2"}}, "DELETE": None}[method]
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answer = cluster.call(method, path, body, content_type=kind, dryRun="Some")
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("dryRun", "FieldValueNotSupported")]
    assert cluster.read(f"{core}/configmaps/c") == item
