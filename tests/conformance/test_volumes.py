"""PersistentVolumes, claims and classes. https://kubernetes.io/docs/concepts/storage/persistent-volumes/"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster, until
from .objects import idle_pod

Object = dict[str, Any]

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Storage:
    """Volumes and claims of a class that is the case's own; nobody has to make volumes for it."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.core = cluster.core
        self.namespace = namespace
        self.made: list[str] = []

    def volume(self, size: str = "1Gi", *, labels: dict[str, str] | None = None, **spec: Any) -> str:
        """The name of a new volume, which is free."""
        whole = {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/tmp/conformance"},
            "storageClassName": self.namespace,
            **spec,
        }
        made = {"metadata": {"generateName": "conformance-", "labels": labels or {}}, "spec": whole}
        name = str(self.core.create_persistent_volume(made).metadata.name)
        self.made.append(name)
        until(lambda: self.phase_of(name) == "Available")
        return name

    def claim(self, name: str = "data", size: str = "1Gi", **spec: Any) -> Any:
        whole = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": self.namespace,
            **spec,
        }
        made = {"metadata": {"name": name}, "spec": whole}
        return self.core.create_namespaced_persistent_volume_claim(self.namespace, made)

    def read(self, claim: str = "data") -> Any:
        return self.core.read_namespaced_persistent_volume_claim(claim, self.namespace)

    def change(self, spec: Object) -> Any:
        return self.core.patch_namespaced_persistent_volume_claim("data", self.namespace, {"spec": spec})

    def delete(self, claim: str = "data") -> None:
        self.core.delete_namespaced_persistent_volume_claim(claim, self.namespace)

    def phase_of(self, volume: str) -> str:
        return str(self.core.read_persistent_volume(volume).status.phase)

    def bound(self, claim: str = "data") -> Any:
        """The claim, as soon as it has a volume."""
        until(lambda: self.read(claim).status.phase == "Bound")
        return self.read(claim)

    def is_gone(self, claim: str = "data") -> bool:
        return is_missing(lambda: self.read(claim))


def is_missing(read: Callable[[], Any]) -> bool:
    try:
        read()
    except client.ApiException as e:
        assert e.status == 404, e
        return True
    return False


def refused(change: Callable[[], Any]) -> tuple[int, list[tuple[str, str]]]:
    """Status and causes (field and reason) of what is not allowed."""
    with pytest.raises(client.ApiException) as raised:
        change()
    causes = json.loads(raised.value.body)["details"].get("causes", ())
    return raised.value.status, [(cause["field"], cause["reason"]) for cause in causes]


@pytest.fixture
def storage(cluster: Cluster, namespace: str) -> Iterator[Storage]:
    found = Storage(cluster, namespace)
    yield found
    for name in found.made:
        cluster.delete(f"/api/v1/persistentvolumes/{name}")


@pytest.fixture
def classes(cluster: Cluster) -> Any:
    return client.StorageV1Api(cluster.connection)


@pytest.fixture
def default_class(classes: Any) -> Iterator[str]:
    """The name of a class that claims get which do not ask for one; nobody makes volumes for it."""
    metadata = {"generateName": "conformance-", "annotations": {DEFAULT_CLASS: "true"}}
    name = classes.create_storage_class({"metadata": metadata, "provisioner": "example.org/none"}).metadata.name
    yield name
    classes.delete_storage_class(name)


@pytest.fixture
def waiting_class(classes: Any) -> Iterator[str]:
    """The name of a class whose claims wait for a pod."""
    made = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    name = classes.create_storage_class({"metadata": {"generateName": "conformance-"}, **made}).metadata.name
    yield name
    classes.delete_storage_class(name)


# New objects


def test_a_new_claim_is_pending_and_protected(storage: Storage) -> None:
    made = storage.claim()
    assert (made.status.phase, made.spec.volume_mode) == ("Pending", "Filesystem")
    assert made.metadata.finalizers == ["kubernetes.io/pvc-protection"]


def test_a_new_volume_is_kept_after_its_claim_and_protected(storage: Storage) -> None:
    made = storage.core.read_persistent_volume(storage.volume())
    assert (made.spec.persistent_volume_reclaim_policy, made.spec.volume_mode) == ("Retain", "Filesystem")
    assert made.metadata.finalizers == ["kubernetes.io/pv-protection"]


def test_a_claim_gets_the_default_class(storage: Storage, default_class: str) -> None:
    assert storage.claim(storageClassName=None).spec.storage_class_name == default_class


def test_a_claim_of_no_class_gets_none(storage: Storage, default_class: str) -> None:
    assert default_class
    assert storage.claim(size="1Ei", storageClassName="").spec.storage_class_name == ""


def test_a_class_deletes_and_binds_at_once_unless_it_says_otherwise(classes: Any, default_class: str) -> None:
    found = classes.read_storage_class(default_class)
    assert (found.reclaim_policy, found.volume_binding_mode) == ("Delete", "Immediate")


@pytest.mark.parametrize(
    ("modes", "reason"),
    [(["ReadTwice"], "FieldValueNotSupported"), (["ReadWriteOnce", "ReadWriteOncePod"], "FieldValueForbidden")],
    ids=["unknown access", "access that excludes others"],
)
def test_a_claim_says_how_it_is_used(storage: Storage, modes: list[str], reason: str) -> None:
    status, causes = refused(lambda: storage.claim(accessModes=modes))
    assert status == 422
    assert ("spec.accessModes", reason) in causes


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"accessModes": []}, ("spec.accessModes", "FieldValueRequired")),
        ({"capacity": {}}, ("spec.capacity", "FieldValueRequired")),
        ({"hostPath": None}, ("spec", "FieldValueRequired")),
        ({"persistentVolumeReclaimPolicy": "Sell"}, ("spec.persistentVolumeReclaimPolicy", "FieldValueNotSupported")),
    ],
    ids=["no access", "no size", "no place", "unknown policy"],
)
def test_a_volume_says_how_much_it_holds_and_where(storage: Storage, spec: Object, cause: tuple[str, str]) -> None:
    status, causes = refused(lambda: storage.volume(**spec))
    assert status == 422
    assert cause in causes


# Binding


def test_a_claim_is_bound_to_a_volume_that_suits_it(storage: Storage) -> None:
    volume = storage.volume("2Gi", accessModes=["ReadWriteOnce", "ReadOnlyMany"])
    storage.claim(size="1500Mi")
    claim = storage.bound()
    assert claim.spec.volume_name == volume
    assert claim.metadata.annotations["pv.kubernetes.io/bind-completed"] == "yes"
    assert claim.status.capacity == {"storage": "2Gi"}
    assert sorted(claim.status.access_modes) == ["ReadOnlyMany", "ReadWriteOnce"]


def test_a_volume_that_is_bound_says_to_which_claim(storage: Storage) -> None:
    volume = storage.volume()
    made = storage.claim()
    until(lambda: storage.phase_of(volume) == "Bound")
    reference = storage.core.read_persistent_volume(volume).spec.claim_ref
    assert (reference.kind, reference.name, reference.namespace) == ("PersistentVolumeClaim", "data", storage.namespace)
    assert reference.uid == made.metadata.uid


def test_the_smallest_volume_that_suits_is_taken(storage: Storage) -> None:
    volumes = {size: storage.volume(size) for size in ("3Gi", "1Gi", "2G", "2Gi")}
    storage.claim(size="1500Mi")
    assert storage.bound().spec.volume_name == volumes["2G"]


@pytest.mark.parametrize(
    "spec",
    [
        {"resources": {"requests": {"storage": "2Gi"}}},
        {"accessModes": ["ReadWriteMany"]},
        {"volumeMode": "Block"},
        {"storageClassName": "another"},
        {"selector": {"matchLabels": {"disk": "fast"}}},
    ],
    ids=["size", "access", "mode", "class", "labels"],
)
def test_a_claim_for_which_no_volume_suits_waits(storage: Storage, spec: Object) -> None:
    storage.volume()
    storage.claim("demanding", **spec)
    storage.claim("modest")
    storage.bound("modest")
    assert storage.read("demanding").status.phase == "Pending"


def test_a_claim_may_choose_among_volumes_by_their_labels(storage: Storage) -> None:
    storage.volume(labels={"disk": "slow"})
    wanted = storage.volume("5Gi", labels={"disk": "fast"})
    storage.claim(selector={"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]})
    assert storage.bound().spec.volume_name == wanted


def test_a_claim_may_name_its_volume(storage: Storage) -> None:
    storage.volume()
    wanted = storage.volume("5Gi")
    storage.claim(volumeName=wanted)
    storage.bound()
    until(lambda: storage.phase_of(wanted) == "Bound")


def test_a_claim_does_not_get_a_volume_that_it_named_and_that_is_too_small(storage: Storage) -> None:
    small = storage.volume()
    storage.volume()
    storage.claim("demanding", "2Gi", volumeName=small)
    storage.claim("modest")
    storage.bound("modest")
    assert storage.read("demanding").status.phase == "Pending"


def test_a_volume_may_be_kept_for_a_claim(storage: Storage) -> None:
    kept = storage.volume(claimRef={"namespace": storage.namespace, "name": "expected"})
    free = storage.volume("5Gi")
    storage.claim("early")
    assert storage.bound("early").spec.volume_name == free
    made = storage.claim("expected")
    assert storage.bound("expected").spec.volume_name == kept
    assert storage.core.read_persistent_volume(kept).spec.claim_ref.uid == made.metadata.uid


def test_two_claims_do_not_get_one_volume(storage: Storage) -> None:
    storage.volume()
    names = ["a", "b"]
    for name in names:
        storage.claim(name)
    until(lambda: "Bound" in [storage.read(name).status.phase for name in names])
    assert sorted(storage.read(name).status.phase for name in names) == ["Bound", "Pending"]


def reasons(storage: Storage) -> list[str]:
    """Of the events about the claim."""
    about = "involvedObject.kind=PersistentVolumeClaim,involvedObject.name=data"
    return [event.reason for event in storage.core.list_namespaced_event(storage.namespace, field_selector=about).items]


def test_a_claim_whose_class_waits_for_a_pod_waits_although_a_volume_suits(
    storage: Storage, waiting_class: str
) -> None:
    volume = storage.volume(storageClassName=waiting_class)
    storage.claim(storageClassName=waiting_class)
    until(lambda: "WaitForFirstConsumer" in reasons(storage))
    assert (storage.read().status.phase, storage.phase_of(volume)) == ("Pending", "Available")


@pytest.mark.parametrize(("class_name", "reason"), [("none-such", "ProvisioningFailed"), ("", "FailedBinding")])
def test_a_claim_that_waits_says_why(storage: Storage, class_name: str, reason: str) -> None:
    storage.claim(size="1Ei", storageClassName=class_name)
    until(lambda: reason in reasons(storage))


# Afterwards


def test_a_claim_that_nobody_uses_goes_when_it_is_deleted(storage: Storage) -> None:
    storage.claim()
    storage.delete()
    until(storage.is_gone)


def user_of_data(node: str | None) -> Object:
    """A pod that uses the claim."""
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    return idle_pod("user", volumes=[volume], nodeName=node)


def test_a_claim_that_a_pod_uses_is_kept_until_the_pod_is_gone(storage: Storage, silent_node: str) -> None:
    storage.claim()
    storage.claim("unused")
    storage.core.create_namespaced_pod(storage.namespace, user_of_data(silent_node))
    for name in ("data", "unused"):
        storage.delete(name)
    until(lambda: storage.is_gone("unused"))
    assert storage.read().metadata.deletion_timestamp
    storage.core.delete_namespaced_pod("user", storage.namespace, grace_period_seconds=0)
    until(storage.is_gone)


def test_a_claim_is_not_kept_for_a_pod_that_has_no_node(storage: Storage) -> None:
    storage.claim()
    storage.core.create_namespaced_pod(storage.namespace, user_of_data(None))
    storage.delete()
    until(storage.is_gone)


def test_a_volume_outlives_its_claim_and_belongs_to_no_other(storage: Storage) -> None:
    volume = storage.volume()
    first = storage.claim()
    storage.bound()
    storage.delete()
    until(lambda: storage.phase_of(volume) == "Released")
    until(storage.is_gone)
    other = storage.volume("5Gi")
    storage.claim()
    assert storage.bound().spec.volume_name == other
    assert storage.core.read_persistent_volume(volume).spec.claim_ref.uid == first.metadata.uid


def test_a_released_volume_is_free_again_when_its_claim_is_forgotten(storage: Storage) -> None:
    volume = storage.volume()
    storage.claim()
    storage.bound()
    storage.delete()
    until(lambda: storage.phase_of(volume) == "Released")
    storage.core.patch_persistent_volume(volume, {"spec": {"claimRef": None}})
    until(lambda: storage.phase_of(volume) == "Available")
    storage.claim("next")
    assert storage.bound("next").spec.volume_name == volume


def test_a_volume_is_not_deleted_while_it_is_bound(storage: Storage) -> None:
    volume = storage.volume()
    storage.claim()
    until(lambda: storage.phase_of(volume) == "Bound")
    unbound = storage.volume()
    for name in (volume, unbound):
        storage.core.delete_persistent_volume(name)
    until(lambda: is_missing(lambda: storage.core.read_persistent_volume(unbound)))
    assert storage.phase_of(volume) == "Bound"
    storage.bound()
    storage.delete()
    until(lambda: is_missing(lambda: storage.core.read_persistent_volume(volume)))


# Changes


@pytest.mark.parametrize(
    "change",
    [
        {"accessModes": ["ReadWriteMany"]},
        {"storageClassName": "another"},
        {"volumeMode": "Block"},
        {"resources": {"requests": {"storage": "2Gi"}}},
    ],
    ids=["access", "class", "mode", "size"],
)
def test_a_claim_does_not_change(storage: Storage, change: Object) -> None:
    storage.claim()
    status, causes = refused(lambda: storage.change(change))
    assert status == 422
    assert ("spec", "FieldValueForbidden") in causes


def test_a_bound_claim_does_not_shrink(storage: Storage) -> None:
    storage.volume()
    storage.claim()
    storage.bound()
    status, causes = refused(lambda: storage.change({"resources": {"requests": {"storage": "500Mi"}}}))
    assert status == 422
    assert ("spec.resources.requests.storage", "FieldValueForbidden") in causes


def test_a_bound_claim_grows_only_if_its_class_can(storage: Storage) -> None:
    storage.volume()
    storage.claim()
    storage.bound()
    assert refused(lambda: storage.change({"resources": {"requests": {"storage": "2Gi"}}}))[0] == 403


def test_a_volume_does_not_move(storage: Storage) -> None:
    volume = storage.volume()
    elsewhere = {"spec": {"hostPath": {"path": "/tmp/elsewhere"}}}
    status, causes = refused(lambda: storage.core.patch_persistent_volume(volume, elsewhere))
    assert status == 422
    assert ("spec.persistentvolumesource", "FieldValueForbidden") in causes


def test_a_volume_may_change_what_becomes_of_it(storage: Storage) -> None:
    policy = {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
    changed = storage.core.patch_persistent_volume(storage.volume(), policy)
    assert changed.spec.persistent_volume_reclaim_policy == "Delete"


def test_the_maker_of_a_classs_volumes_does_not_change(classes: Any, default_class: str) -> None:
    other = {"provisioner": "example.org/other"}
    assert refused(lambda: classes.patch_storage_class(default_class, other)) == (
        422,
        [("provisioner", "FieldValueForbidden")],
    )
