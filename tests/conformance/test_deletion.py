"""How objects go: at once, after a grace period, after the last finalizer, after or without what belongs to them.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/,
https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/ and
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .conftest import Cluster, until
from .objects import Object, config_map, idle_pod, is_leaving, names, pods_of, workload

FINALIZER = "example.org/f"
A_WHILE_S = 0.5


@pytest.fixture
def maps(core: str) -> str:
    """The path of the ConfigMaps of the case."""
    return f"{core}/configmaps"


# At once


def test_a_deletion_says_what_is_gone(cluster: Cluster, maps: str) -> None:
    made = cluster.make(maps, config_map("c"))
    answer = cluster.delete(f"{maps}/c")
    assert (answer.status, answer.body["status"]) == (200, "Success")
    assert answer.body["details"] == {"name": "c", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert cluster.is_gone(f"{maps}/c")


def test_what_is_gone_cannot_be_deleted(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c"))
    cluster.core.delete_namespaced_config_map("c", namespace)
    with pytest.raises(ApiException) as raised:
        cluster.core.delete_namespaced_config_map("c", namespace)
    assert raised.value.status == 404


def test_a_grace_period_is_nothing_to_a_kind_that_has_none(cluster: Cluster, maps: str) -> None:
    cluster.make(maps, config_map("c"))
    assert cluster.delete(f"{maps}/c", gracePeriodSeconds=100).status == 200
    assert cluster.is_gone(f"{maps}/c")


def test_a_collection_is_deleted_by_label(cluster: Cluster, namespace: str) -> None:
    for name, label in (("a", "these"), ("b", "these"), ("c", "others")):
        cluster.core.create_namespaced_config_map(namespace, config_map(name, labels={"of": label}))
    cluster.core.delete_collection_namespaced_config_map(namespace, label_selector="of=these")
    found = cluster.core.list_namespaced_config_map(namespace, label_selector="of").items
    assert [one.metadata.name for one in found] == ["c"]


def test_a_collection_is_deleted_by_field(cluster: Cluster, namespace: str) -> None:
    for name in ("a", "b"):
        cluster.core.create_namespaced_config_map(namespace, config_map(name, labels={"of": "these"}))
    cluster.core.delete_collection_namespaced_config_map(namespace, field_selector="metadata.name=a")
    found = cluster.core.list_namespaced_config_map(namespace, label_selector="of").items
    assert [one.metadata.name for one in found] == ["b"]


def test_a_deletion_of_a_collection_says_what_it_deleted(cluster: Cluster, maps: str) -> None:
    for name in ("a", "b"):
        cluster.make(maps, config_map(name, labels={"of": "these"}))
    answer = cluster.delete(maps, labelSelector="of=these")
    assert (answer.status, answer.body["kind"], names(answer.body["items"])) == (200, "ConfigMapList", ["a", "b"])


def test_an_empty_collection_can_be_deleted(cluster: Cluster, maps: str) -> None:
    answer = cluster.delete(maps, labelSelector="of=nobody")
    assert (answer.status, answer.body["items"]) == (200, [])


# After a grace period: pods


@pytest.fixture
def placed(cluster: Cluster, core: str, namespace: str, held: list[str]) -> str:
    """The path of a pod on a node that there is not, with 60 seconds to end: nobody ends it."""
    held.append(f"{core}/pods/p")
    cluster.make(f"{core}/pods", idle_pod("p", nodeName=f"{namespace}-none", terminationGracePeriodSeconds=60))
    return f"{core}/pods/p"


def grace_s(pod: Object) -> Any:
    return pod["metadata"].get("deletionGracePeriodSeconds")


def end_of(pod: Object) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["deletionTimestamp"])


@pytest.mark.usefixtures("placed")
def test_a_pod_is_given_the_time_that_it_asks_for(cluster: Cluster, namespace: str) -> None:
    leaving = cluster.core.delete_namespaced_pod("p", namespace)
    assert leaving.metadata.deletion_grace_period_seconds == 60
    assert cluster.core.read_namespaced_pod("p", namespace).metadata == leaving.metadata


def test_a_pod_is_to_be_gone_by_its_time_of_deletion(cluster: Cluster, placed: str) -> None:
    begun = datetime.fromisoformat(cluster.read(placed)["metadata"]["creationTimestamp"])
    left_s = (end_of(cluster.delete(placed).body) - begun).total_seconds()
    assert 60 <= left_s < 90


@pytest.mark.parametrize("by_query", [True, False])
def test_a_deletion_may_give_another_time(cluster: Cluster, placed: str, by_query: bool) -> None:
    options = {"gracePeriodSeconds": 7}
    answer = cluster.delete(placed, **options) if by_query else cluster.delete(placed, options)
    assert grace_s(answer.body) == 7


@pytest.mark.usefixtures("placed")
def test_a_second_deletion_may_shorten_the_time(cluster: Cluster, namespace: str) -> None:
    first = cluster.core.delete_namespaced_pod("p", namespace).metadata
    second = cluster.core.delete_namespaced_pod("p", namespace, grace_period_seconds=5).metadata
    assert second.deletion_grace_period_seconds == 5
    assert (first.deletion_timestamp - second.deletion_timestamp).total_seconds() == 55


@pytest.mark.parametrize("again", [{}, {"gracePeriodSeconds": 60}, {"gracePeriodSeconds": 1000}])
def test_a_second_deletion_does_not_lengthen_the_time(cluster: Cluster, placed: str, again: dict[str, int]) -> None:
    first = cluster.delete(placed).body
    second = cluster.delete(placed, **again)
    assert (second.status, grace_s(second.body)) == (200, 60)
    assert second.body["metadata"] == first["metadata"]


def test_a_pod_without_time_is_gone_at_once(cluster: Cluster, placed: str) -> None:
    answer = cluster.delete(placed, gracePeriodSeconds=0)
    assert (answer.status, answer.body["kind"]) == (200, "Pod")
    assert cluster.is_gone(placed)


def test_a_pod_that_is_given_up_on_is_gone_at_once(cluster: Cluster, namespace: str, placed: str) -> None:
    cluster.core.delete_namespaced_pod("p", namespace)
    cluster.core.delete_namespaced_pod("p", namespace, grace_period_seconds=0)
    assert cluster.is_gone(placed)


def test_a_pod_that_was_never_placed_is_gone_at_once(cluster: Cluster, namespace: str, core: str) -> None:
    cluster.core.create_namespaced_pod(namespace, idle_pod("p", terminationGracePeriodSeconds=60))
    gone = cluster.core.delete_namespaced_pod("p", namespace)
    assert gone.metadata.name == "p"
    assert cluster.is_gone(f"{core}/pods/p")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_gone_at_once(cluster: Cluster, namespace: str, placed: str, phase: str) -> None:
    cluster.core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": phase}})
    cluster.core.delete_namespaced_pod("p", namespace)
    assert cluster.is_gone(placed)


def test_a_pod_that_is_leaving_can_still_be_changed(cluster: Cluster, placed: str) -> None:
    cluster.delete(placed)
    answer = cluster.patch(placed, {"metadata": {"labels": {"a": "b"}}})
    assert (answer.status, answer.body["metadata"]["labels"]) == (200, {"a": "b"})
    assert cluster.patch(f"{placed}/status", {"status": {"phase": "Running"}}).status == 200


def test_a_deletion_cannot_be_taken_back(cluster: Cluster, placed: str) -> None:
    left = cluster.delete(placed).body
    back = {**left, "metadata": {k: v for k, v in left["metadata"].items() if not k.startswith("deletion")}}
    answer = cluster.put(placed, back)
    assert (answer.status, grace_s(answer.body)) == (200, 60)
    assert end_of(answer.body) == end_of(left)


def test_a_pod_is_kept_by_a_finalizer_beyond_its_time(cluster: Cluster, placed: str) -> None:
    cluster.patch(placed, {"metadata": {"finalizers": [FINALIZER]}})
    cluster.delete(placed, gracePeriodSeconds=0)
    assert grace_s(cluster.read(placed)) == 0
    cluster.patch(placed, {"metadata": {"finalizers": None}})
    assert cluster.is_gone(placed)


def test_a_pod_without_finalizers_is_kept_by_its_time(cluster: Cluster, placed: str) -> None:
    cluster.patch(placed, {"metadata": {"finalizers": [FINALIZER]}})
    cluster.delete(placed)
    cluster.patch(placed, {"metadata": {"finalizers": None}})
    assert grace_s(cluster.read(placed)) == 60


# After the last finalizer


@pytest.fixture
def kept(cluster: Cluster, maps: str, held: list[str]) -> str:
    """The path of a ConfigMap that is being deleted, and has two finalizers."""
    held.append(f"{maps}/kept")
    cluster.make(maps, config_map("kept", {"a": "1"}, finalizers=[FINALIZER, "example.org/g"]))
    answer = cluster.delete(f"{maps}/kept")
    assert (answer.status, answer.body["kind"]) == (200, "ConfigMap")
    return f"{maps}/kept"


@pytest.mark.usefixtures("kept")
def test_a_finalizer_keeps_an_object_that_is_being_deleted(cluster: Cluster, namespace: str) -> None:
    metadata = cluster.core.read_namespaced_config_map("kept", namespace).metadata
    assert metadata.deletion_timestamp is not None
    assert metadata.deletion_grace_period_seconds == 0


def test_an_object_goes_with_its_last_finalizer(cluster: Cluster, kept: str) -> None:
    first = cluster.patch(kept, {"metadata": {"finalizers": ["example.org/g"]}})
    assert first.body["metadata"]["finalizers"] == ["example.org/g"]
    assert cluster.get(kept).status == 200
    last = cluster.patch(kept, {"metadata": {"finalizers": None}})
    assert (last.status, last.body["metadata"]["name"]) == (200, "kept")
    assert cluster.is_gone(kept)


def test_an_update_can_take_finalizers_off_too(cluster: Cluster, namespace: str, kept: str) -> None:
    found = cluster.core.read_namespaced_config_map("kept", namespace)
    found.metadata.finalizers = None
    cluster.core.replace_namespaced_config_map("kept", namespace, found)
    assert cluster.is_gone(kept)


def test_an_object_that_is_being_deleted_gets_no_new_finalizers(cluster: Cluster, kept: str) -> None:
    answer = cluster.patch(kept, {"metadata": {"finalizers": [FINALIZER, "example.org/g", "example.org/late"]}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("metadata.finalizers", "FieldValueForbidden") in answer.causes
    assert cluster.read(kept)["metadata"]["finalizers"] == [FINALIZER, "example.org/g"]


@pytest.mark.usefixtures("kept")
def test_an_object_that_is_being_deleted_can_still_be_changed(cluster: Cluster, namespace: str) -> None:
    changed = cluster.core.patch_namespaced_config_map("kept", namespace, {"data": {"a": "2"}})
    assert changed.data == {"a": "2"}


def test_a_second_deletion_changes_nothing(cluster: Cluster, kept: str) -> None:
    before = cluster.read(kept)
    answer = cluster.delete(kept)
    assert (answer.status, answer.body["metadata"]) == (200, before["metadata"])


def test_the_name_of_an_object_that_is_being_deleted_is_not_free(cluster: Cluster, maps: str, kept: str) -> None:
    answer = cluster.post(maps, config_map(kept.rpartition("/")[2]))
    assert (answer.status, answer.reason) == (409, "AlreadyExists")
    assert answer.body["message"].startswith("object is being deleted: ")


def test_finalizers_of_an_object_that_stays_come_and_go(cluster: Cluster, maps: str, held: list[str]) -> None:
    held.append(f"{maps}/c")
    cluster.make(maps, config_map("c"))
    cluster.patch(f"{maps}/c", {"metadata": {"finalizers": [FINALIZER]}})
    cluster.patch(f"{maps}/c", {"metadata": {"finalizers": None}})
    assert not is_leaving(cluster.read(f"{maps}/c"))


def test_no_force_deletes_what_has_a_finalizer(cluster: Cluster, kept: str) -> None:
    assert cluster.delete(kept, gracePeriodSeconds=0).status == 200
    assert cluster.read(kept)["metadata"]["finalizers"] == [FINALIZER, "example.org/g"]


# What belongs to an object: the garbage collector


Owned = Callable[..., Object]


@pytest.fixture
def owned(cluster: Cluster, maps: str) -> Owned:
    """Makes ConfigMaps that belong to others, given as they were made."""

    def make(name: str, *owners: Object, blocks: bool = False, **metadata: Any) -> Object:
        references = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                **({"blockOwnerDeletion": True} if blocks else {}),
            }
            for owner in owners
        ]
        return cluster.make(maps, config_map(name, ownerReferences=references, **metadata))

    return make


def owners_of(made: Object) -> list[str]:
    return [reference["name"] for reference in made["metadata"].get("ownerReferences", ())]


def test_dependents_go_after_their_owner(cluster: Cluster, maps: str, owned: Owned) -> None:
    grandchild = owned("grandchild", owned("child", owned("owner")))
    assert owners_of(grandchild) == ["child"]
    cluster.delete(f"{maps}/owner")
    assert cluster.is_gone(f"{maps}/owner")
    until(lambda: cluster.is_gone(f"{maps}/child"))
    until(lambda: cluster.is_gone(f"{maps}/grandchild"))


def test_dependents_go_by_the_background_policy_as_well(
    cluster: Cluster, namespace: str, maps: str, owned: Owned
) -> None:
    owned("child", owned("owner"))
    cluster.core.delete_namespaced_config_map("owner", namespace, propagation_policy="Background")
    assert cluster.is_gone(f"{maps}/owner")
    until(lambda: cluster.is_gone(f"{maps}/child"))


def test_what_belongs_to_nobody_that_exists_goes(cluster: Cluster, namespace: str, maps: str) -> None:
    owner = client.V1OwnerReference(api_version="v1", kind="ConfigMap", name="never", uid=str(uuid.uuid4()))
    metadata = client.V1ObjectMeta(name="child", owner_references=[owner])
    cluster.core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    until(lambda: cluster.is_gone(f"{maps}/child"))


def test_an_owner_is_known_by_its_uid_not_by_its_name(cluster: Cluster, maps: str, owned: Owned) -> None:
    first = owned("owner")
    cluster.delete(f"{maps}/owner")
    second = owned("owner")
    owned("of-the-first", first)
    owned("of-the-second", second)
    until(lambda: cluster.is_gone(f"{maps}/of-the-first"))
    assert cluster.get(f"{maps}/of-the-second").status == 200


def test_an_object_stays_as_long_as_one_of_its_owners_does(cluster: Cluster, maps: str, owned: Owned) -> None:
    owned("child", owned("first"), owned("second"))
    cluster.delete(f"{maps}/first")
    until(lambda: owners_of(cluster.read(f"{maps}/child")) == ["second"])
    cluster.delete(f"{maps}/second")
    until(lambda: cluster.is_gone(f"{maps}/child"))


def test_orphans_stay_and_forget_their_owner(cluster: Cluster, namespace: str, maps: str, owned: Owned) -> None:
    owned("child", owned("owner"))
    options = client.V1DeleteOptions(propagation_policy="Orphan")
    cluster.core.delete_namespaced_config_map("owner", namespace, body=options)
    until(lambda: cluster.is_gone(f"{maps}/owner"))
    assert owners_of(cluster.read(f"{maps}/child")) == []


def test_an_orphan_keeps_its_other_owners(cluster: Cluster, maps: str, owned: Owned) -> None:
    owned("child", owned("first"), owned("second"))
    cluster.delete(f"{maps}/first", {"propagationPolicy": "Orphan"})
    until(lambda: cluster.is_gone(f"{maps}/first"))
    assert owners_of(cluster.read(f"{maps}/child")) == ["second"]


def test_an_owner_waits_for_dependents_that_block_it(
    cluster: Cluster, maps: str, owned: Owned, held: list[str]
) -> None:
    held.append(f"{maps}/child")
    owned("child", owned("owner"), blocks=True, finalizers=[FINALIZER])
    answer = cluster.delete(f"{maps}/owner", {"propagationPolicy": "Foreground"})
    assert is_leaving(answer.body) and answer.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    until(lambda: is_leaving(cluster.read(f"{maps}/child")))
    time.sleep(A_WHILE_S)
    assert cluster.read(f"{maps}/owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    cluster.patch(f"{maps}/child", {"metadata": {"finalizers": None}})
    until(lambda: cluster.is_gone(f"{maps}/owner"))
    assert cluster.is_gone(f"{maps}/child")


def test_an_owner_does_not_wait_for_dependents_that_do_not_block_it(
    cluster: Cluster, maps: str, owned: Owned, held: list[str]
) -> None:
    held.append(f"{maps}/child")
    owned("child", owned("owner"), finalizers=[FINALIZER])
    cluster.delete(f"{maps}/owner", {"propagationPolicy": "Foreground"})
    until(lambda: cluster.is_gone(f"{maps}/owner"))
    until(lambda: is_leaving(cluster.read(f"{maps}/child")))


def test_an_owner_waits_for_the_dependents_of_its_dependents(
    cluster: Cluster, maps: str, owned: Owned, held: list[str]
) -> None:
    held.append(f"{maps}/grandchild")
    owned("grandchild", owned("child", owned("owner"), blocks=True), blocks=True, finalizers=[FINALIZER])
    cluster.delete(f"{maps}/owner", {"propagationPolicy": "Foreground"})
    until(lambda: is_leaving(cluster.read(f"{maps}/grandchild")))
    for name in ("owner", "child"):
        assert is_leaving(cluster.read(f"{maps}/{name}"))
    cluster.patch(f"{maps}/grandchild", {"metadata": {"finalizers": None}})
    for name in ("child", "owner"):
        until(lambda name=name: cluster.is_gone(f"{maps}/{name}"))


def test_a_dependent_of_another_owner_too_outlives_the_one_that_waits_for_it(
    cluster: Cluster, maps: str, owned: Owned
) -> None:
    owned("child", owned("first"), owned("second"), blocks=True)
    cluster.delete(f"{maps}/first", {"propagationPolicy": "Foreground"})
    until(lambda: cluster.is_gone(f"{maps}/first"))
    child = cluster.read(f"{maps}/child")
    assert (owners_of(child), is_leaving(child)) == (["second"], False)


def test_an_owner_without_dependents_waits_for_nobody(cluster: Cluster, namespace: str, maps: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("owner"))
    cluster.core.delete_namespaced_config_map("owner", namespace, propagation_policy="Foreground")
    until(lambda: cluster.is_gone(f"{maps}/owner"))


def test_the_policy_may_be_given_in_the_query(cluster: Cluster, maps: str, owned: Owned) -> None:
    owned("child", owned("owner"))
    answer = cluster.delete(f"{maps}/owner", propagationPolicy="Orphan")
    assert answer.body["metadata"]["finalizers"] == ["orphan"]
    until(lambda: cluster.is_gone(f"{maps}/owner"))
    assert owners_of(cluster.read(f"{maps}/child")) == []


def test_a_policy_that_there_is_not_is_invalid(cluster: Cluster, maps: str, owned: Owned) -> None:
    owned("owner")
    answer = cluster.delete(f"{maps}/owner", {"propagationPolicy": "Sideways"})
    assert (answer.status, answer.causes) == (422, [("propagationPolicy", "FieldValueNotSupported")])
    assert cluster.get(f"{maps}/owner").status == 200


def test_a_deployment_takes_its_replica_sets_and_pods_along(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 2))
    until(lambda: len(pods_of(cluster, namespace, "d")) == 2)
    cluster.apps.delete_namespaced_deployment("d", namespace)
    until(lambda: not cluster.apps.list_namespaced_replica_set(namespace, label_selector="app=d").items)
    until(lambda: not pods_of(cluster, namespace, "d"))


def test_the_replica_set_of_an_orphaning_deployment_stays_with_its_pods(cluster: Cluster, namespace: str) -> None:
    cluster.apps.create_namespaced_deployment(namespace, workload("d", 2))
    before = names(until(lambda: len(found := pods_of(cluster, namespace, "d")) == 2 and found))
    cluster.apps.delete_namespaced_deployment("d", namespace, propagation_policy="Orphan")

    def orphan() -> Any:
        (found,) = cluster.apps.list_namespaced_replica_set(namespace, label_selector="app=d").items
        return not found.metadata.owner_references

    until(orphan)
    assert names(pods_of(cluster, namespace, "d")) == before
