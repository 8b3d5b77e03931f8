"""metadata.generation: how often what an object asks for has changed.

"Metadata" of the API conventions (sig-architecture/api-conventions.md).
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Cluster, until
from .objects import Object, config_map, idle_pod, stateful_set, workload


def number(cluster: Cluster, path: str) -> int:
    return int(cluster.read(path)["metadata"]["generation"])


@pytest.fixture
def budget(cluster: Cluster, namespace: str) -> str:
    """The path of a PodDisruptionBudget."""
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    selector = {"matchLabels": {"app": "none"}}
    cluster.make(budgets, {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": selector}})
    return f"{budgets}/b"


@pytest.mark.parametrize(
    ("plural", "body"),
    [
        ("deployments", workload("w", 0)),
        ("replicasets", workload("w", 0)),
        ("statefulsets", stateful_set("w", 0)),
    ],
)
def test_a_workload_counts_changes_of_its_spec(cluster: Cluster, apps: str, plural: str, body: Object) -> None:
    path = f"{apps}/{plural}/w"
    assert cluster.make(f"{apps}/{plural}", body)["metadata"]["generation"] == 1
    assert cluster.patch(path, {"spec": {"minReadySeconds": 5}}).body["metadata"]["generation"] == 2
    assert cluster.patch(path, {"spec": {"replicas": 1}}).body["metadata"]["generation"] == 3


def test_a_pod_counts_changes_of_its_spec(cluster: Cluster, namespace: str) -> None:
    assert cluster.core.create_namespaced_pod(namespace, idle_pod("p")).metadata.generation == 1
    patch = {"spec": {"activeDeadlineSeconds": 1000}}
    assert cluster.core.patch_namespaced_pod("p", namespace, patch).metadata.generation == 2


def test_a_budget_counts_changes_of_its_spec(cluster: Cluster, budget: str) -> None:
    assert number(cluster, budget) == 1
    assert cluster.patch(budget, {"spec": {"minAvailable": 2}}).body["metadata"]["generation"] == 2


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_what_has_no_spec_has_no_generation(cluster: Cluster, core: str, plural: str) -> None:
    assert "generation" not in cluster.make(f"{core}/{plural}", {"metadata": {"name": "c"}})["metadata"]


def test_labels_do_not_count(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("w", 0))
    patch = {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}
    changed = cluster.apps.patch_namespaced_stateful_set("w", namespace, patch).metadata
    assert (changed.labels, changed.generation) == ({"a": "b"}, 1)


def test_annotations_of_a_deployment_count_as_its_replica_sets_get_them(cluster: Cluster, apps: str) -> None:
    made = cluster.make(f"{apps}/deployments", workload("w", 0))
    changed = cluster.patch(f"{apps}/deployments/w", {"metadata": {"annotations": {"a": "b"}}})
    assert changed.body["metadata"]["generation"] == made["metadata"]["generation"] + 1
    changed = cluster.patch(f"{apps}/deployments/w", {"metadata": {"labels": {"a": "b"}}})
    assert changed.body["metadata"]["generation"] == made["metadata"]["generation"] + 1


def test_the_status_does_not_count(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    changed = cluster.core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": "Running"}})
    assert (changed.status.phase, changed.metadata.generation) == ("Running", 1)


def test_an_update_that_changes_nothing_does_not_count(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("w", 0))
    seen = cluster.apps.read_namespaced_stateful_set("w", namespace)
    seen.metadata.resource_version = None
    assert cluster.apps.replace_namespaced_stateful_set("w", namespace, seen).metadata.generation == 1


@pytest.mark.parametrize("said", [7, 0])
def test_nobody_can_set_it(cluster: Cluster, apps: str, said: int) -> None:
    cluster.make(f"{apps}/statefulsets", stateful_set("w", 0))
    changed = cluster.patch(f"{apps}/statefulsets/w", {"metadata": {"generation": said}, "spec": {"replicas": 1}})
    assert (changed.status, changed.body["metadata"]["generation"]) == (200, 2)


def test_scaling_counts(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("w", 0))
    cluster.apps.patch_namespaced_stateful_set_scale("w", namespace, {"spec": {"replicas": 1}})
    assert cluster.apps.read_namespaced_stateful_set("w", namespace).metadata.generation == 2


def test_the_beginning_of_a_deletion_counts(cluster: Cluster, namespace: str, apps: str, held: list[str]) -> None:
    held.append(f"{apps}/statefulsets/w")
    body = {**stateful_set("w", 0), "metadata": {"name": "w", "finalizers": ["example.org/f"]}}
    cluster.apps.create_namespaced_stateful_set(namespace, body)
    cluster.apps.delete_namespaced_stateful_set("w", namespace)
    found = cluster.apps.read_namespaced_stateful_set("w", namespace)
    assert (found.metadata.generation, found.metadata.deletion_timestamp is None) == (2, False)


@pytest.mark.parametrize(
    ("plural", "body"), [("deployments", workload("w", 0)), ("statefulsets", stateful_set("w", 0))]
)
def test_a_controller_says_which_generation_it_has_seen(
    cluster: Cluster, apps: str, plural: str, body: dict[str, Any]
) -> None:
    path = f"{apps}/{plural}/w"
    cluster.make(f"{apps}/{plural}", body)
    wanted = cluster.patch(path, {"spec": {"minReadySeconds": 5}}).body["metadata"]["generation"]
    until(lambda: cluster.read(path)["status"].get("observedGeneration") == wanted)


def test_a_disruption_controller_says_which_generation_it_has_seen(cluster: Cluster, budget: str) -> None:
    wanted = cluster.patch(budget, {"spec": {"minAvailable": 2}}).body["metadata"]["generation"]
    until(lambda: cluster.read(budget)["status"].get("observedGeneration") == wanted)


def test_without_a_count_versions_tell_changes_apart(cluster: Cluster, namespace: str) -> None:
    made = cluster.core.create_namespaced_config_map(namespace, config_map("c")).metadata
    changed = cluster.core.patch_namespaced_config_map("c", namespace, {"data": {"a": "b"}}).metadata
    assert (changed.generation, made.generation) == (None, None)
    assert changed.resource_version != made.resource_version
