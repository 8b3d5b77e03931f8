"""Parts of an object with a path of their own: status, scale, binding.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris and "Spec and Status" of the API conventions.
"""

from __future__ import annotations

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .conftest import Cluster
from .objects import Object, condition_of, config_map, idle_pod, stateful_set, workload

SCALABLE = [
    ("deployments", workload("w", 0)),
    ("replicasets", workload("w", 0)),
    ("statefulsets", stateful_set("w", 0)),
]


def node_name(namespace: str) -> str:
    """Of a node that there is not."""
    return f"{namespace}-none"


# Status


def test_the_main_resource_ignores_the_status(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("p"))
    body = {
        **made,
        "metadata": {**made["metadata"], "labels": {"a": "b"}},
        "status": {**made["status"], "phase": "Running"},
    }
    changed = cluster.put(f"{core}/pods/p", body).body
    assert (changed["metadata"]["labels"], changed["status"]["phase"]) == ({"a": "b"}, "Pending")


def test_a_patch_of_the_main_resource_ignores_the_status(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    changed = cluster.core.patch_namespaced_pod("p", namespace, {"status": {"phase": "Running"}})
    assert changed.status.phase == "Pending"


def test_the_status_subresource_ignores_the_spec(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("p"))
    body = {
        **made,
        "spec": {**made["spec"], "activeDeadlineSeconds": 7},
        "status": {**made["status"], "phase": "Running"},
    }
    changed = cluster.put(f"{core}/pods/p/status", body)
    assert (changed.status, changed.body["status"]["phase"]) == (200, "Running")
    assert "activeDeadlineSeconds" not in changed.body["spec"]


def test_a_patch_of_the_status_subresource_ignores_the_spec(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("s", 0))
    patch = {"spec": {"replicas": 3}, "status": {"conditions": [{"type": "Example", "status": "True"}]}}
    changed = cluster.apps.patch_namespaced_stateful_set_status("s", namespace, patch)
    assert (changed.spec.replicas, changed.status.conditions[0].type) == (0, "Example")


def test_the_status_is_read_with_the_whole_object(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    found = cluster.core.read_namespaced_pod_status("p", namespace)
    assert found.status.phase == "Pending"
    assert found == cluster.core.read_namespaced_pod("p", namespace)


def test_conditions_are_merged_by_their_type(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    for kind, status in (("A", "True"), ("B", "True"), ("A", "False")):
        patch = {"status": {"conditions": [{"type": f"example.org/{kind}", "status": status}]}}
        cluster.core.patch_namespaced_pod_status("p", namespace, patch)
    found = cluster.core.read_namespaced_pod_status("p", namespace).status.conditions
    assert {one.type: one.status for one in found} == {"example.org/A": "False", "example.org/B": "True"}


def test_a_status_from_an_old_version_is_a_conflict(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("p"))
    cluster.patch(f"{core}/pods/p", {"metadata": {"labels": {"a": "b"}}})
    answer = cluster.put(f"{core}/pods/p/status", made)
    assert (answer.status, answer.reason) == (409, "Conflict")


def test_the_status_subresource_leaves_owners_alone(cluster: Cluster, core: str) -> None:
    owner = cluster.make(f"{core}/configmaps", config_map("owner"))["metadata"]
    cluster.make(f"{core}/pods", idle_pod("p"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
    patch = {"metadata": {"ownerReferences": [reference]}, "status": {"phase": "Running"}}
    changed = cluster.patch(f"{core}/pods/p/status", patch)
    assert changed.body["status"]["phase"] == "Running"
    assert "ownerReferences" not in changed.body["metadata"]


def test_a_kind_without_a_status_has_no_such_subresource(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/configmaps", config_map("c"))
    answer = cluster.get(f"{core}/configmaps/c/status")
    assert (answer.status, answer.reason) == (404, "NotFound")


@pytest.mark.parametrize(("method", "part"), [("POST", "scale"), ("DELETE", "scale"), ("DELETE", "status")])
def test_a_subresource_has_verbs_of_its_own(cluster: Cluster, apps: str, method: str, part: str) -> None:
    cluster.make(f"{apps}/deployments", workload("w", 0))
    answer = cluster.call(method, f"{apps}/deployments/w/{part}", {})
    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")


# Scale


@pytest.mark.parametrize(("plural", "body"), SCALABLE)
def test_a_scale_shows_how_many_are_wanted_and_by_which_selector(
    cluster: Cluster, apps: str, plural: str, body: Object
) -> None:
    made = cluster.make(f"{apps}/{plural}", body)
    scale = cluster.patch(f"{apps}/{plural}/w/scale", {"spec": {"replicas": 2}}).body
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["metadata"]["name"], scale["metadata"]["uid"]) == ("w", made["metadata"]["uid"])
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 2}, "app=w")
    assert cluster.read(f"{apps}/{plural}/w/scale")["spec"] == {"replicas": 2}


@pytest.mark.parametrize(("plural", "body"), SCALABLE)
def test_a_patch_of_the_scale_changes_the_spec(cluster: Cluster, apps: str, plural: str, body: Object) -> None:
    made = cluster.make(f"{apps}/{plural}", body)
    assert cluster.patch(f"{apps}/{plural}/w/scale", {"spec": {"replicas": 2}}).status == 200
    found = cluster.read(f"{apps}/{plural}/w")
    assert (found["spec"]["replicas"], found["spec"]["template"]) == (2, made["spec"]["template"])


def test_an_update_of_the_scale_changes_the_spec(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 0))
    scale = client.V1Scale(
        metadata=client.V1ObjectMeta(name="d", namespace=namespace), spec=client.V1ScaleSpec(replicas=2)
    )
    assert cluster.apps.replace_namespaced_deployment_scale("d", namespace, scale).spec.replicas == 2
    assert cluster.apps.read_namespaced_deployment("d", namespace).spec.replicas == 2


def test_a_change_of_the_spec_is_seen_in_the_scale(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("s", 0))
    cluster.apps.patch_namespaced_stateful_set("s", namespace, {"spec": {"replicas": 3}})
    assert cluster.apps.read_namespaced_stateful_set_scale("s", namespace).spec.replicas == 3


def test_a_scale_to_nothing_leaves_the_number_out(cluster: Cluster, apps: str) -> None:
    cluster.make(f"{apps}/statefulsets", stateful_set("w", 1))
    answer = cluster.patch(f"{apps}/statefulsets/w/scale", {"spec": {"replicas": 0}})
    assert (answer.status, answer.body["spec"]) == (200, {})
    assert cluster.read(f"{apps}/statefulsets/w")["spec"]["replicas"] == 0


def test_a_json_patch_of_the_scale_counts_as_well(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 1))
    operations = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 2},
    ]
    assert cluster.apps.patch_namespaced_deployment_scale("d", namespace, operations).spec.replicas == 2


def test_a_scale_below_zero_is_invalid(cluster: Cluster, apps: str) -> None:
    cluster.make(f"{apps}/deployments", workload("w", 1))
    answer = cluster.patch(f"{apps}/deployments/w/scale", {"spec": {"replicas": -1}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("spec.replicas", "FieldValueInvalid")]
    assert (answer.body["details"]["kind"], answer.body["details"]["group"]) == ("Scale", "autoscaling")
    assert cluster.read(f"{apps}/deployments/w")["spec"]["replicas"] == 1


def test_a_scale_for_another_object_is_a_bad_request(cluster: Cluster, apps: str) -> None:
    cluster.make(f"{apps}/deployments", workload("w", 1))
    body = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "other"}, "spec": {"replicas": 2}}
    answer = cluster.put(f"{apps}/deployments/w/scale", body)
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_what_is_not_there_has_no_scale(cluster: Cluster, apps: str) -> None:
    answer = cluster.get(f"{apps}/deployments/none/scale")
    assert (answer.status, answer.reason) == (404, "NotFound")


# Binding


def binding(node: str) -> Object:
    return {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": node}}


def test_a_binding_places_a_pod(cluster: Cluster, namespace: str, core: str, held: list[str]) -> None:
    held.append(f"{core}/pods/p")
    cluster.make(f"{core}/pods", idle_pod("p"))
    answer = cluster.post(f"{core}/pods/p/binding", binding(node_name(namespace)))
    assert (answer.status, answer.body["status"]) == (201, "Success")
    found = cluster.read(f"{core}/pods/p")
    assert found["spec"]["nodeName"] == node_name(namespace)
    assert condition_of(found, "PodScheduled")["status"] == "True"


def test_a_pod_is_placed_once(cluster: Cluster, namespace: str, core: str, held: list[str]) -> None:
    held.append(f"{core}/pods/p")
    cluster.make(f"{core}/pods", idle_pod("p"))
    cluster.post(f"{core}/pods/p/binding", binding(node_name(namespace)))
    answer = cluster.post(f"{core}/pods/p/binding", binding(f"{node_name(namespace)}-2"))
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert cluster.read(f"{core}/pods/p")["spec"]["nodeName"] == node_name(namespace)


def test_the_main_resource_places_no_pod(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p"))
    with pytest.raises(ApiException) as raised:
        cluster.core.patch_namespaced_pod("p", namespace, {"spec": {"nodeName": node_name(namespace)}})
    assert raised.value.status == 422
    assert cluster.core.read_namespaced_pod("p", namespace).spec.node_name is None
