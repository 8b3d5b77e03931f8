"""Writers that do not know of each other. https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

Also "Concurrency Control and Consistency" of the API conventions (sig-architecture/api-conventions.md).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .conftest import Cluster
from .objects import Object, config_map, workload

OTHER_UID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def item(cluster: Cluster, core: str) -> str:
    """The path of a ConfigMap."""
    cluster.make(f"{core}/configmaps", config_map("c", {"k": "first"}))
    return f"{core}/configmaps/c"


def with_data(seen: Object, text: str) -> Object:
    return {**seen, "data": {"k": text}}


def version(seen: Object) -> str:
    return str(seen["metadata"]["resourceVersion"])


def refusal_of(call: Callable[[], Any]) -> ApiException:
    with pytest.raises(ApiException) as raised:
        call()
    return raised.value


# Updates


def test_a_change_gives_another_version(cluster: Cluster, item: str) -> None:
    seen = cluster.read(item)
    changed = cluster.put(item, with_data(seen, "second"))
    assert changed.status == 200
    assert version(changed.body) != version(seen)
    assert version(cluster.read(item)) == version(changed.body)


def test_an_update_that_changes_nothing_keeps_the_version(cluster: Cluster, item: str) -> None:
    seen = cluster.read(item)
    again = cluster.put(item, seen)
    assert (again.status, version(again.body)) == (200, version(seen))


def test_of_two_writers_who_saw_the_same_version_the_second_gets_a_conflict(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c"))
    first, second = (cluster.core.read_namespaced_config_map("c", namespace) for _ in range(2))
    first.data, second.data = {"by": "first"}, {"by": "second"}
    cluster.core.replace_namespaced_config_map("c", namespace, first)
    refused = refusal_of(lambda: cluster.core.replace_namespaced_config_map("c", namespace, second))
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert cluster.core.read_namespaced_config_map("c", namespace).data == {"by": "first"}


def test_a_conflict_says_of_which_object_and_what_to_do(cluster: Cluster, apps: str) -> None:
    seen = cluster.make(f"{apps}/deployments", workload("d", 0))
    cluster.patch(f"{apps}/deployments/d", {"metadata": {"labels": {"a": "b"}}})
    refused = cluster.put(f"{apps}/deployments/d", seen)
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert refused.body["details"] == {"name": "d", "group": "apps", "kind": "deployments"}
    assert "please apply your changes to the latest version and try again" in refused.body["message"]


@pytest.mark.parametrize("said", [None, "", "0"])
def test_an_update_without_a_version_overwrites_whatever_is_there(cluster: Cluster, item: str, said: str) -> None:
    cluster.patch(item, {"data": {"k": "by another"}})
    body = config_map("c", {"k": "mine"}, resourceVersion=said)
    assert cluster.put(item, body).status == 200
    assert cluster.read(item)["data"] == {"k": "mine"}


def test_an_update_without_a_version_is_refused_for_a_kind_that_is_for_agreements(
    cluster: Cluster, namespace: str
) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    cluster.make(leases, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})
    refused = cluster.put(f"{leases}/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "b"}})
    assert (refused.status, refused.reason) == (422, "Invalid")
    assert refused.causes == [("metadata.resourceVersion", "FieldValueInvalid")]
    assert cluster.read(f"{leases}/l")["spec"]["holderIdentity"] == "a"


def test_a_lease_with_its_version_is_updated(cluster: Cluster, namespace: str) -> None:
    leases = client.CoordinationV1Api(cluster.connection)
    seen = leases.create_namespaced_lease(namespace, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})
    seen.spec.holder_identity = "b"
    assert leases.replace_namespaced_lease("l", namespace, seen).spec.holder_identity == "b"


def test_of_many_writers_at_once_each_counts_if_it_tries_again_after_a_conflict(
    cluster: Cluster, item: str, namespace: str
) -> None:
    def count(_: int) -> None:
        while True:
            seen = cluster.core.read_namespaced_config_map("c", namespace)
            seen.data = {"count": str(int(seen.data.get("count", 0)) + 1)}
            try:
                cluster.core.replace_namespaced_config_map("c", namespace, seen)
            except ApiException as error:
                assert error.status == 409
            else:
                return

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(count, range(12)))
    assert cluster.read(item)["data"] == {"count": "12"}


def test_an_update_makes_no_object(cluster: Cluster, core: str, namespace: str) -> None:
    refused = refusal_of(lambda: cluster.core.replace_namespaced_config_map("none", namespace, config_map("none")))
    assert refused.status == 404
    assert cluster.is_gone(f"{core}/configmaps/none")


# Patches


def test_a_patch_without_a_version_is_for_the_latest_one(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"k": "first"}))
    for number in range(3):
        cluster.core.patch_namespaced_config_map("c", namespace, {"data": {f"n{number}": "x"}})
    found = cluster.core.read_namespaced_config_map("c", namespace).data
    assert found == {"k": "first", "n0": "x", "n1": "x", "n2": "x"}


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch"])
def test_a_patch_with_the_latest_version_is_applied(cluster: Cluster, item: str, kind: str) -> None:
    patch = {"metadata": {"resourceVersion": version(cluster.read(item))}, "data": {"k": "mine"}}
    assert cluster.patch(item, patch, kind).status == 200
    assert cluster.read(item)["data"] == {"k": "mine"}


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch", "json-patch"])
def test_a_patch_with_an_old_version_is_a_conflict(cluster: Cluster, item: str, kind: str) -> None:
    old = version(cluster.read(item))
    cluster.patch(item, {"data": {"k": "by another"}})
    patch: Any = {"metadata": {"resourceVersion": old}, "data": {"k": "mine"}}
    if kind == "json-patch":
        patch = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": old},
            {"op": "replace", "path": "/data/k", "value": "mine"},
        ]
    answer = cluster.patch(item, patch, kind)
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert cluster.read(item)["data"] == {"k": "by another"}


def test_an_old_version_of_a_scale_is_a_conflict(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 0))
    seen = cluster.apps.read_namespaced_deployment_scale("d", namespace)
    cluster.apps.patch_namespaced_deployment("d", namespace, {"metadata": {"labels": {"a": "b"}}})
    seen.spec.replicas = 1
    refused = refusal_of(lambda: cluster.apps.replace_namespaced_deployment_scale("d", namespace, seen))
    assert refused.status == 409


# What an update cannot change


def test_an_update_for_another_object_of_the_same_name_is_a_conflict(cluster: Cluster, item: str) -> None:
    answer = cluster.put(item, config_map("c", uid=OTHER_UID))
    assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_patch_cannot_change_the_uid(cluster: Cluster, item: str) -> None:
    answer = cluster.patch(item, {"metadata": {"uid": OTHER_UID}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("metadata.uid", "FieldValueInvalid") in answer.causes


def test_the_time_of_creation_stays_whatever_an_update_says(cluster: Cluster, item: str) -> None:
    seen = cluster.read(item)
    lie = {**seen, "metadata": {**seen["metadata"], "creationTimestamp": "2000-01-01T00:00:00Z"}}
    answer = cluster.put(item, lie)
    assert answer.status == 200
    assert answer.body["metadata"]["creationTimestamp"] == seen["metadata"]["creationTimestamp"]


@pytest.mark.parametrize(
    ("field", "value"), [("deletionTimestamp", "2000-01-01T00:00:00Z"), ("deletionGracePeriodSeconds", 1)]
)
def test_an_update_is_no_deletion(cluster: Cluster, item: str, field: str, value: Any) -> None:
    answer = cluster.patch(item, {"metadata": {field: value}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert (f"metadata.{field}", "FieldValueInvalid") in answer.causes
    assert field not in cluster.read(item)["metadata"]


def test_an_update_that_leaves_uid_and_time_out_keeps_them(cluster: Cluster, namespace: str) -> None:
    seen = cluster.core.create_namespaced_config_map(namespace, config_map("c")).metadata
    changed = cluster.core.replace_namespaced_config_map("c", namespace, config_map("c", {"k": "mine"})).metadata
    assert (changed.uid, changed.creation_timestamp) == (seen.uid, seen.creation_timestamp)


def test_an_update_that_leaves_labels_out_takes_them_off(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", labels={"a": "b"}, annotations={"c": "d"}))
    changed = cluster.core.replace_namespaced_config_map("c", namespace, config_map("c"))
    assert (changed.metadata.labels, changed.metadata.annotations) == (None, None)


# Preconditions of a deletion


@pytest.mark.parametrize(
    "precondition", [{"uid": OTHER_UID}, {"resourceVersion": "1"}, {"uid": OTHER_UID, "resourceVersion": "1"}]
)
def test_a_deletion_of_what_is_not_there_any_more_is_a_conflict(
    cluster: Cluster, item: str, precondition: dict[str, str]
) -> None:
    answer = cluster.delete(item, {"preconditions": precondition})
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert cluster.get(item).status == 200


def test_a_deletion_of_what_is_there_is_done(cluster: Cluster, namespace: str) -> None:
    seen = cluster.core.create_namespaced_config_map(namespace, config_map("c"))
    met = client.V1Preconditions(uid=seen.metadata.uid, resource_version=seen.metadata.resource_version)
    cluster.core.delete_namespaced_config_map("c", namespace, body=client.V1DeleteOptions(preconditions=met))
    refused = refusal_of(lambda: cluster.core.read_namespaced_config_map("c", namespace))
    assert refused.status == 404


def test_a_precondition_protects_the_successor_of_the_same_name(cluster: Cluster, namespace: str) -> None:
    first = cluster.core.create_namespaced_config_map(namespace, config_map("c"))
    cluster.core.delete_namespaced_config_map("c", namespace)
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"k": "successor"}))
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=first.metadata.uid))
    refused = refusal_of(lambda: cluster.core.delete_namespaced_config_map("c", namespace, body=options))
    assert refused.status == 409
    assert cluster.core.read_namespaced_config_map("c", namespace).data == {"k": "successor"}
