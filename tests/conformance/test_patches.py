"""The three ways to change a part of an object.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
RFC 6902 (JSON Patch), RFC 7386 (merge patch), strategic-merge-patch.md of sig-api-machinery.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster
from .objects import Object, config_map, workload

KINDS = ("json-patch", "merge-patch", "strategic-merge-patch")
Patched = Callable[..., client.V1PodSpec]


@pytest.fixture
def item(cluster: Cluster, core: str) -> str:
    """The path of a ConfigMap."""
    cluster.make(f"{core}/configmaps", config_map("c", {"a": "1", "b": "2"}, labels={"x": "y"}))
    return f"{core}/configmaps/c"


def json_patch(cluster: Cluster, path: str, *operations: Object) -> Any:
    return cluster.patch(path, list(operations), "json-patch")


@pytest.fixture
def deployment(cluster: Cluster, apps: str) -> str:
    """The path of a Deployment whose template has two containers, with variables, ports, a command and a volume."""
    made = workload("d", 0)
    first = made["spec"]["template"]["spec"]["containers"][0]
    first["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    first["ports"] = [{"containerPort": 80, "name": "web"}, {"containerPort": 81}]
    first["args"] = ["one", "two"]
    made["spec"]["template"]["spec"]["containers"].append({"name": "second", "image": "example.org/second:1"})
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    made["spec"]["template"]["spec"]["tolerations"] = [{"key": "old", "operator": "Exists"}]
    cluster.make(f"{apps}/deployments", made)
    return f"{apps}/deployments/d"


def pod_patch(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


def containers(pod: client.V1PodSpec) -> dict[str, client.V1Container]:
    return {one.name: one for one in pod.containers}


@pytest.fixture
def kept(cluster: Cluster, core: str, held: list[str]) -> str:
    """The name of a ConfigMap with two finalizers."""
    held.append(f"{core}/configmaps/kept")
    cluster.make(f"{core}/configmaps", config_map("kept", finalizers=["example.org/a", "example.org/b"]))
    return "kept"


@pytest.fixture
def patched_pod(cluster: Cluster, namespace: str, deployment: str) -> Patched:
    """Patches the pod of the Deployment's template, as the official client patches by default: strategically."""

    def patch(**spec: Any) -> client.V1PodSpec:
        name = deployment.rpartition("/")[2]
        return cluster.apps.patch_namespaced_deployment(name, namespace, pod_patch(**spec)).spec.template.spec

    return patch


# JSON Patch


@pytest.mark.parametrize(
    ("operation", "data"),
    [
        ({"op": "add", "path": "/data/c", "value": "3"}, {"a": "1", "b": "2", "c": "3"}),
        ({"op": "add", "path": "/data/a", "value": "3"}, {"a": "3", "b": "2"}),
        ({"op": "replace", "path": "/data/a", "value": "3"}, {"a": "3", "b": "2"}),
        ({"op": "replace", "path": "/data", "value": {"c": "3"}}, {"c": "3"}),
        ({"op": "remove", "path": "/data/a"}, {"b": "2"}),
        ({"op": "move", "from": "/data/a", "path": "/data/c"}, {"b": "2", "c": "1"}),
        ({"op": "copy", "from": "/data/a", "path": "/data/c"}, {"a": "1", "b": "2", "c": "1"}),
        ({"op": "test", "path": "/data/a", "value": "1"}, {"a": "1", "b": "2"}),
    ],
    ids=lambda value: str(value.get("op", "")) if "op" in value else "",
)
def test_a_json_patch_is_a_list_of_operations(
    cluster: Cluster, item: str, operation: Object, data: dict[str, str]
) -> None:
    answer = json_patch(cluster, item, operation)
    assert (answer.status, answer.body.get("data")) == (200, data)


def test_operations_of_a_json_patch_see_what_those_before_them_did(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"a": "1"}))
    operations = [
        {"op": "add", "path": "/data/b", "value": "2"},
        {"op": "test", "path": "/data/b", "value": "2"},
        {"op": "move", "from": "/data/b", "path": "/data/c"},
        {"op": "remove", "path": "/data/a"},
    ]
    assert cluster.core.patch_namespaced_config_map("c", namespace, operations).data == {"c": "2"}


def test_a_json_patch_puts_items_into_a_list_at_a_place_or_at_its_end(
    cluster: Cluster, core: str, held: list[str]
) -> None:
    held.append(f"{core}/configmaps/c")
    cluster.make(f"{core}/configmaps", config_map("c", finalizers=["example.org/b"]))
    answer = json_patch(
        cluster,
        f"{core}/configmaps/c",
        {"op": "add", "path": "/metadata/finalizers/0", "value": "example.org/a"},
        {"op": "add", "path": "/metadata/finalizers/-", "value": "example.org/c"},
    )
    assert answer.body["metadata"]["finalizers"] == ["example.org/a", "example.org/b", "example.org/c"]


def test_a_slash_in_a_key_is_written_as_tilde_one(cluster: Cluster, item: str) -> None:
    answer = json_patch(cluster, item, {"op": "add", "path": "/metadata/labels/example.org~1role", "value": "x"})
    assert answer.body["metadata"]["labels"] == {"x": "y", "example.org/role": "x"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/a", "value": "9"},
        {"op": "test", "path": "/data/none", "value": "9"},
        {"op": "remove", "path": "/data/none"},
        {"op": "add", "path": "/none/key", "value": "9"},
        {"op": "move", "from": "/data/none", "path": "/data/c"},
        {"op": "invent", "path": "/data/c", "value": "9"},
    ],
    ids=lambda operation: f"{operation['op']}{operation['path']}",
)
def test_a_json_patch_that_does_not_fit_changes_nothing(cluster: Cluster, item: str, operation: Object) -> None:
    answer = json_patch(cluster, item, {"op": "add", "path": "/data/first", "value": "1"}, operation)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cluster.read(item)["data"] == {"a": "1", "b": "2"}


# Merge patch


def test_a_merge_patch_changes_adds_and_removes_by_null(cluster: Cluster, item: str) -> None:
    answer = cluster.patch(item, {"data": {"a": None, "b": "3", "c": "4"}})
    assert (answer.status, answer.body["data"]) == (200, {"b": "3", "c": "4"})
    assert answer.body["metadata"]["labels"] == {"x": "y"}


def test_null_for_a_whole_part_removes_it(cluster: Cluster, item: str) -> None:
    answer = cluster.patch(item, {"data": None, "metadata": {"labels": None}})
    assert "data" not in answer.body
    assert "labels" not in answer.body["metadata"]


def test_null_for_what_is_not_there_is_no_error(cluster: Cluster, item: str) -> None:
    answer = cluster.patch(item, {"data": {"none": None}})
    assert (answer.status, answer.body["data"]) == (200, {"a": "1", "b": "2"})


def test_null_for_a_field_with_a_default_sets_it_back(cluster: Cluster, deployment: str) -> None:
    cluster.patch(deployment, {"spec": {"revisionHistoryLimit": 3}})
    answer = cluster.patch(deployment, {"spec": {"revisionHistoryLimit": None}})
    assert answer.body["spec"]["revisionHistoryLimit"] == 10


def test_a_merge_patch_replaces_lists(cluster: Cluster, deployment: str) -> None:
    only = {"name": "only", "image": "example.org/only:1"}
    answer = cluster.patch(deployment, pod_patch(containers=[only]))
    assert answer.status == 200
    assert [one["name"] for one in answer.body["spec"]["template"]["spec"]["containers"]] == ["only"]


def test_a_merge_patch_replaces_an_empty_list_too(cluster: Cluster, deployment: str) -> None:
    answer = cluster.patch(deployment, pod_patch(tolerations=[]))
    assert answer.status == 200
    assert "tolerations" not in answer.body["spec"]["template"]["spec"]


# Strategic merge patch


def test_a_strategic_patch_merges_containers_by_name(patched_pod: Patched) -> None:
    found = containers(patched_pod(containers=[{"name": "second", "image": "example.org/second:2"}]))
    assert set(found) == {"main", "second"}
    assert (found["second"].image, found["main"].args) == ("example.org/second:2", ["one", "two"])


def test_a_strategic_patch_adds_a_container_of_a_new_name(patched_pod: Patched) -> None:
    found = containers(patched_pod(containers=[{"name": "third", "image": "example.org/third:1"}]))
    assert set(found) == {"main", "second", "third"}


def test_a_strategic_patch_merges_variables_by_name(patched_pod: Patched) -> None:
    variables = [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]
    found = containers(patched_pod(containers=[{"name": "main", "env": variables}]))["main"].env
    assert {one.name: one.value for one in found} == {"A": "1", "B": "3", "C": "4"}


def test_a_strategic_patch_merges_ports_by_number(patched_pod: Patched) -> None:
    ports = [{"containerPort": 81, "name": "more"}, {"containerPort": 82}]
    found = containers(patched_pod(containers=[{"name": "main", "ports": ports}]))["main"].ports
    assert {one.container_port: one.name for one in found} == {80: "web", 81: "more", 82: None}


def test_a_strategic_patch_merges_a_services_ports_by_number(cluster: Cluster, namespace: str) -> None:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    cluster.core.create_namespaced_service(namespace, {"metadata": {"name": "s"}, "spec": {"ports": ports}})
    patch = {"spec": {"ports": [{"port": 81, "targetPort": 8081}]}}
    found = cluster.core.patch_namespaced_service("s", namespace, patch).spec.ports
    assert {one.name: (one.port, one.target_port) for one in found} == {"a": (80, 80), "b": (81, 8081)}


def test_a_strategic_patch_replaces_lists_that_have_no_key(patched_pod: Patched) -> None:
    tolerations = [{"key": "new", "operator": "Exists"}]
    pod = patched_pod(containers=[{"name": "main", "args": ["three"]}], tolerations=tolerations)
    assert containers(pod)["main"].args == ["three"]
    assert [one.key for one in pod.tolerations] == ["new"]


def test_a_strategic_patch_removes_by_null(patched_pod: Patched) -> None:
    pod = patched_pod(tolerations=None, containers=[{"name": "main", "args": None}])
    assert (pod.tolerations, containers(pod)["main"].args) == (None, None)
    assert set(containers(pod)) == {"main", "second"}


def test_a_strategic_patch_takes_an_item_off_by_its_key(patched_pod: Patched) -> None:
    variables = [{"name": "A", "$patch": "delete"}]
    found = containers(
        patched_pod(containers=[{"name": "second", "$patch": "delete"}, {"name": "main", "env": variables}])
    )
    assert set(found) == {"main"}
    assert [one.name for one in found["main"].env] == ["B"]


def test_taking_an_item_off_that_is_not_there_is_no_error(patched_pod: Patched) -> None:
    assert set(containers(patched_pod(containers=[{"name": "none", "$patch": "delete"}]))) == {"main", "second"}


def test_a_strategic_patch_replaces_a_list_if_told(patched_pod: Patched) -> None:
    only = {"name": "only", "image": "example.org/only:1"}
    assert set(containers(patched_pod(containers=[{"$patch": "replace"}, only]))) == {"only"}


def test_a_strategic_patch_replaces_a_map_if_told(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"a": "1"}, labels={"x": "y"}))
    patch = {"metadata": {"labels": {"$patch": "replace", "new": "label"}}, "data": {"$patch": "replace", "b": "2"}}
    changed = cluster.core.patch_namespaced_config_map("c", namespace, patch)
    assert (changed.metadata.labels, changed.data) == ({"new": "label"}, {"b": "2"})


def test_a_strategic_patch_keeps_of_a_union_only_what_it_names(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 0))
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    strategy = cluster.apps.patch_namespaced_deployment("d", namespace, patch).spec.strategy
    assert (strategy.type, strategy.rolling_update) == ("Recreate", None)


def test_a_strategic_patch_exchanges_the_source_of_a_volume(patched_pod: Patched) -> None:
    volume = {"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}
    (found,) = patched_pod(volumes=[volume]).volumes
    assert (found.name, found.config_map.name, found.empty_dir) == ("v", "c", None)


def test_a_strategic_patch_orders_what_it_merges_if_told(patched_pod: Patched) -> None:
    order = [{"name": "third"}, {"name": "second"}, {"name": "main"}]
    added = {"name": "third", "image": "example.org/third:1"}
    pod = patched_pod(**{"$setElementOrder/containers": order, "containers": [added]})
    assert list(containers(pod)) == ["third", "second", "main"]


def test_a_strategic_patch_adds_to_a_list_of_plain_values(cluster: Cluster, namespace: str, kept: str) -> None:
    patch = {"metadata": {"finalizers": ["example.org/a", "example.org/c"]}}
    changed = cluster.core.patch_namespaced_config_map(kept, namespace, patch)
    assert set(changed.metadata.finalizers) == {"example.org/a", "example.org/b", "example.org/c"}


def test_a_strategic_patch_takes_plain_values_off(cluster: Cluster, namespace: str, kept: str) -> None:
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.org/a"]}}
    assert cluster.core.patch_namespaced_config_map(kept, namespace, patch).metadata.finalizers == ["example.org/b"]


# All of them


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_that_is_no_json_is_a_bad_request(cluster: Cluster, item: str, kind: str) -> None:
    answer = cluster.patch(item, b'{"data": ', kind)
    assert (answer.status, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize(("kind", "body"), [("json-patch", {"data": {}}), ("strategic-merge-patch", ["data"])])
def test_a_patch_of_another_form_is_a_bad_request(cluster: Cluster, item: str, kind: str, body: Any) -> None:
    answer = cluster.patch(item, body, kind)
    assert (answer.status, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/yaml"])
def test_a_patch_of_no_known_type_is_not_supported(cluster: Cluster, item: str, content_type: str) -> None:
    answer = cluster.call("PATCH", item, {"data": {}}, content_type=content_type)
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("json-patch", [{"op": "add", "path": "/data/bad key", "value": "1"}]),
        ("merge-patch", {"data": {"bad key": "1"}}),
        ("strategic-merge-patch", {"data": {"bad key": "1"}}),
    ],
)
def test_what_a_patch_makes_must_be_valid(cluster: Cluster, item: str, kind: str, patch: Any) -> None:
    answer = cluster.patch(item, patch, kind)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("data[bad key]", "FieldValueInvalid")]


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("json-patch", [{"op": "replace", "path": "/data/a", "value": 1}]),
        ("merge-patch", {"data": {"a": 1}}),
        ("strategic-merge-patch", {"data": {"a": 1}}),
    ],
)
def test_what_a_patch_makes_must_have_the_right_types(cluster: Cluster, item: str, kind: str, patch: Any) -> None:
    answer = cluster.patch(item, patch, kind)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("patch", "FieldValueInvalid")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_of_what_is_not_there_is_not_found(cluster: Cluster, core: str, kind: str) -> None:
    body: Any = [{"op": "add", "path": "/data", "value": {}}] if kind == "json-patch" else {"data": {}}
    answer = cluster.patch(f"{core}/configmaps/none", body, kind)
    assert (answer.status, answer.reason) == (404, "NotFound")


@pytest.mark.parametrize("metadata", [{"name": "other"}, {"namespace": "default"}])
def test_a_patch_cannot_make_another_object(cluster: Cluster, item: str, metadata: dict[str, str]) -> None:
    answer = cluster.patch(item, {"metadata": metadata})
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_patch_answers_with_the_whole_object(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"a": "1"}))
    changed = cluster.core.patch_namespaced_config_map("c", namespace, {"metadata": {"labels": {"x": "y"}}})
    assert isinstance(changed, client.V1ConfigMap)
    assert (changed.data, changed.metadata.labels) == ({"a": "1"}, {"x": "y"})
    assert changed.metadata.uid == cluster.core.read_namespaced_config_map("c", namespace).metadata.uid
