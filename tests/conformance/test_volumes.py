"""PersistentVolumes, claims and classes. https://kubernetes.io/docs/concepts/storage/persistent-volumes/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster, until
from .objects import idle_pod

Object = dict[str, Any]

VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def phase(made: Object) -> str:
    return str(made["status"]["phase"])


class Storage:
    """Volumes and claims of a class that is the case's own; nobody has to make volumes for it."""

    def __init__(self, cluster: Cluster, core: str) -> None:
        self.cluster = cluster
        self.class_name = core.rpartition("/")[2]
        self.claims = f"{core}/persistentvolumeclaims"
        self.made: list[str] = []

    def volume(self, size: str = "1Gi", *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
        """A volume that is free."""
        whole = {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/tmp/conformance"},
            "storageClassName": self.class_name,
            **spec,
        }
        metadata = {"generateName": "conformance-", "labels": labels or {}}
        name = self.cluster.make(VOLUMES, {"metadata": metadata, "spec": whole})["metadata"]["name"]
        self.made.append(name)
        return dict(until(lambda: (found := self.read(name)) if phase(self.read(name)) == "Available" else None))

    def claim(self, name: str = "data", size: str = "1Gi", **spec: Any) -> Object:
        whole = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": self.class_name,
            **spec,
        }
        return self.cluster.make(self.claims, {"metadata": {"name": name}, "spec": whole})

    def read(self, volume: str) -> Object:
        return self.cluster.read(f"{VOLUMES}/{volume}")

    def bound(self, claim: str = "data") -> Object:
        """The claim, as soon as it has a volume."""
        return dict(
            until(lambda: found if phase(found := self.cluster.read(f"{self.claims}/{claim}")) == "Bound" else 0)
        )

    def is_gone(self, claim: str = "data") -> bool:
        return self.cluster.is_gone(f"{self.claims}/{claim}")


@pytest.fixture
def storage(cluster: Cluster, core: str) -> Iterator[Storage]:
    found = Storage(cluster, core)
    yield found
    for name in found.made:
        cluster.delete(f"{VOLUMES}/{name}")


@pytest.fixture
def default_class(cluster: Cluster) -> Iterator[str]:
    """The name of a class that claims get which do not ask for one; nobody makes volumes for it."""
    metadata = {"generateName": "conformance-", "annotations": {DEFAULT_CLASS: "true"}}
    name = cluster.make(CLASSES, {"metadata": metadata, "provisioner": "example.org/none"})["metadata"]["name"]
    yield name
    cluster.delete(f"{CLASSES}/{name}")


@pytest.fixture
def waiting_class(cluster: Cluster) -> Iterator[str]:
    """The name of a class whose claims wait for a pod."""
    made = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    name = cluster.make(CLASSES, {"metadata": {"generateName": "conformance-"}, **made})["metadata"]["name"]
    yield name
    cluster.delete(f"{CLASSES}/{name}")


def name_of(made: Object) -> str:
    return str(made["metadata"]["name"])


# New objects


def test_a_new_claim_is_pending_and_protected(storage: Storage) -> None:
    made = storage.claim()
    assert made["status"] == {"phase": "Pending"}
    assert made["spec"]["volumeMode"] == "Filesystem"
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_a_new_volume_is_kept_after_its_claim_and_protected(storage: Storage) -> None:
    made = storage.volume()
    assert (made["spec"]["persistentVolumeReclaimPolicy"], made["spec"]["volumeMode"]) == ("Retain", "Filesystem")
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]


def test_a_claim_gets_the_default_class(storage: Storage, default_class: str) -> None:
    made = storage.claim(storageClassName=None)
    assert made["spec"]["storageClassName"] == default_class


def test_a_claim_of_no_class_gets_none(storage: Storage, default_class: str) -> None:
    assert default_class
    assert storage.claim(storageClassName="", size="1Ei")["spec"]["storageClassName"] == ""


def test_a_class_deletes_and_binds_at_once_unless_it_says_otherwise(cluster: Cluster, default_class: str) -> None:
    found = client.StorageV1Api(cluster.connection).read_storage_class(default_class)
    assert (found.reclaim_policy, found.volume_binding_mode) == ("Delete", "Immediate")


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"accessModes": ["ReadTwice"]}, ("spec.accessModes", "FieldValueNotSupported")),
        ({"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]}, ("spec.accessModes", "FieldValueForbidden")),
    ],
    ids=["unknown access", "access that excludes others"],
)
def test_a_claim_says_how_it_is_used(storage: Storage, spec: Object, cause: tuple[str, str]) -> None:
    whole = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    answer = storage.cluster.post(storage.claims, {"metadata": {"name": "data"}, "spec": whole | spec})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


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
def test_a_volume_says_how_much_it_holds_and_where(cluster: Cluster, spec: Object, cause: tuple[str, str]) -> None:
    whole = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp/conformance"}}
    answer = cluster.post(VOLUMES, {"metadata": {"generateName": "conformance-"}, "spec": whole | spec})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


# Binding


def test_a_claim_is_bound_to_a_volume_that_suits_it(storage: Storage) -> None:
    volume = storage.volume("2Gi", accessModes=["ReadWriteOnce", "ReadOnlyMany"])
    made = storage.claim(size="1500Mi")
    claim = storage.bound()
    assert claim["spec"]["volumeName"] == name_of(volume)
    assert claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] == "yes"
    assert claim["status"]["capacity"] == {"storage": "2Gi"}
    assert sorted(claim["status"]["accessModes"]) == ["ReadOnlyMany", "ReadWriteOnce"]
    volume = storage.read(name_of(volume))
    metadata = made["metadata"]
    expected = {
        "kind": "PersistentVolumeClaim",
        "name": "data",
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }
    assert volume["spec"]["claimRef"] | expected == volume["spec"]["claimRef"]
    assert until(lambda: phase(storage.read(name_of(volume))) == "Bound")


def test_the_official_client_sees_both_sides(cluster: Cluster, namespace: str, storage: Storage) -> None:
    volume = storage.volume()
    storage.claim()
    storage.bound()
    claim = cluster.core.read_namespaced_persistent_volume_claim("data", namespace)
    found = cluster.core.read_persistent_volume(name_of(volume))
    assert (claim.spec.volume_name, claim.status.phase) == (found.metadata.name, "Bound")
    assert (found.spec.claim_ref.uid, found.spec.claim_ref.namespace) == (claim.metadata.uid, namespace)


def test_the_smallest_volume_that_suits_is_taken(storage: Storage) -> None:
    sizes = {size: name_of(storage.volume(size)) for size in ("3Gi", "1Gi", "2G", "2Gi")}
    storage.claim(size="1500Mi")
    assert storage.bound()["spec"]["volumeName"] == sizes["2G"]


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
    assert phase(storage.cluster.read(f"{storage.claims}/demanding")) == "Pending"


def test_a_claim_may_choose_among_volumes_by_their_labels(storage: Storage) -> None:
    storage.volume(labels={"disk": "slow"})
    wanted = storage.volume("5Gi", labels={"disk": "fast"})
    storage.claim(selector={"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]})
    assert storage.bound()["spec"]["volumeName"] == name_of(wanted)


def test_a_claim_may_name_its_volume(storage: Storage) -> None:
    storage.volume()
    wanted = storage.volume("5Gi")
    storage.claim(volumeName=name_of(wanted))
    storage.bound()
    until(lambda: phase(storage.read(name_of(wanted))) == "Bound")


def test_a_claim_does_not_get_a_volume_that_it_named_and_that_is_too_small(storage: Storage) -> None:
    small = storage.volume()
    storage.volume()
    storage.claim("demanding", "2Gi", volumeName=name_of(small))
    storage.claim("modest")
    storage.bound("modest")
    assert phase(storage.cluster.read(f"{storage.claims}/demanding")) == "Pending"


def test_a_volume_may_be_kept_for_a_claim(storage: Storage) -> None:
    kept = storage.volume(claimRef={"namespace": storage.class_name, "name": "expected"})
    free = storage.volume("5Gi")
    storage.claim("early")
    assert storage.bound("early")["spec"]["volumeName"] == name_of(free)
    made = storage.claim("expected")
    assert storage.bound("expected")["spec"]["volumeName"] == name_of(kept)
    assert storage.read(name_of(kept))["spec"]["claimRef"]["uid"] == made["metadata"]["uid"]


def test_two_claims_do_not_get_one_volume(storage: Storage) -> None:
    storage.volume()
    for name in ("a", "b"):
        storage.claim(name)
    phases = until(lambda: found if "Bound" in (found := storage_phases(storage)) else None)
    assert sorted(phases) == ["Bound", "Pending"]


def storage_phases(storage: Storage) -> list[str]:
    return [phase(one) for one in storage.cluster.read(storage.claims)["items"]]


def test_a_claim_whose_class_waits_for_a_pod_waits_although_a_volume_suits(
    cluster: Cluster, namespace: str, storage: Storage, waiting_class: str
) -> None:
    volume = storage.volume(storageClassName=waiting_class)
    storage.claim(storageClassName=waiting_class)
    until(lambda: "WaitForFirstConsumer" in reasons(cluster, namespace))
    assert storage_phases(storage) == ["Pending"]
    assert phase(storage.read(name_of(volume))) == "Available"


@pytest.mark.parametrize(("class_name", "reason"), [("none-such", "ProvisioningFailed"), ("", "FailedBinding")])
def test_a_claim_that_waits_says_why(
    cluster: Cluster, namespace: str, storage: Storage, class_name: str, reason: str
) -> None:
    storage.claim(size="1Ei", storageClassName=class_name)
    until(lambda: reason in reasons(cluster, namespace))


def reasons(cluster: Cluster, namespace: str) -> list[str]:
    """Of the events about the claim."""
    about = "involvedObject.kind=PersistentVolumeClaim,involvedObject.name=data"
    return [event.reason for event in cluster.core.list_namespaced_event(namespace, field_selector=about).items]


# Afterwards


def test_a_claim_that_nobody_uses_goes_when_it_is_deleted(storage: Storage) -> None:
    storage.claim()
    storage.cluster.delete(f"{storage.claims}/data")
    until(storage.is_gone)


def user_of_data(name: str, node: str | None) -> Object:
    """A pod that uses the claim."""
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    return idle_pod(name, volumes=[volume], nodeName=node)


def test_a_claim_that_a_pod_uses_is_kept_until_the_pod_is_gone(
    cluster: Cluster, core: str, storage: Storage, silent_node: str
) -> None:
    storage.claim()
    storage.claim("unused")
    cluster.make(f"{core}/pods", user_of_data("user", silent_node))
    for name in ("data", "unused"):
        cluster.delete(f"{storage.claims}/{name}")
    until(lambda: storage.is_gone("unused"))
    assert "deletionTimestamp" in cluster.read(f"{storage.claims}/data")["metadata"]
    cluster.delete(f"{core}/pods/user", gracePeriodSeconds=0)
    until(storage.is_gone)


def test_a_claim_is_not_kept_for_a_pod_that_has_no_node(cluster: Cluster, core: str, storage: Storage) -> None:
    storage.claim()
    cluster.make(f"{core}/pods", user_of_data("user", None))
    cluster.delete(f"{storage.claims}/data")
    until(storage.is_gone)


def test_a_volume_outlives_its_claim_and_belongs_to_no_other(storage: Storage) -> None:
    volume = name_of(storage.volume())
    first = storage.claim()
    storage.bound()
    storage.cluster.delete(f"{storage.claims}/data")
    until(lambda: phase(storage.read(volume)) == "Released")
    until(storage.is_gone)
    storage.volume("5Gi")
    storage.claim()
    assert storage.bound()["spec"]["volumeName"] != volume
    assert storage.read(volume)["spec"]["claimRef"]["uid"] == first["metadata"]["uid"]


def test_a_released_volume_is_free_again_when_its_claim_is_forgotten(storage: Storage) -> None:
    volume = name_of(storage.volume())
    storage.claim()
    storage.bound()
    storage.cluster.delete(f"{storage.claims}/data")
    until(lambda: phase(storage.read(volume)) == "Released")
    storage.cluster.core.patch_persistent_volume(volume, {"spec": {"claimRef": None}})
    until(lambda: phase(storage.read(volume)) == "Available")
    storage.claim("next")
    assert storage.bound("next")["spec"]["volumeName"] == volume


def test_a_volume_is_not_deleted_while_it_is_bound(storage: Storage) -> None:
    volume = name_of(storage.volume())
    storage.claim()
    storage.bound()
    until(lambda: phase(storage.read(volume)) == "Bound")
    storage.cluster.delete(f"{VOLUMES}/{volume}")
    unbound = name_of(storage.volume())
    storage.cluster.delete(f"{VOLUMES}/{unbound}")
    until(lambda: storage.cluster.is_gone(f"{VOLUMES}/{unbound}"))
    assert phase(storage.read(volume)) == "Bound"
    storage.cluster.delete(f"{storage.claims}/data")
    until(lambda: storage.cluster.is_gone(f"{VOLUMES}/{volume}"))


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
    answer = storage.cluster.patch(f"{storage.claims}/data", {"spec": change})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("spec", "FieldValueForbidden") in answer.causes


def test_a_bound_claim_does_not_shrink(storage: Storage) -> None:
    storage.volume()
    storage.claim()
    storage.bound()
    less = {"spec": {"resources": {"requests": {"storage": "500Mi"}}}}
    answer = storage.cluster.patch(f"{storage.claims}/data", less)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("spec.resources.requests.storage", "FieldValueForbidden") in answer.causes


def test_a_bound_claim_grows_only_if_its_class_can(storage: Storage) -> None:
    storage.volume()
    storage.claim()
    storage.bound()
    answer = storage.cluster.patch(f"{storage.claims}/data", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    assert (answer.status, answer.reason) == (403, "Forbidden")


def test_a_volume_does_not_move(storage: Storage) -> None:
    volume = name_of(storage.volume())
    answer = storage.cluster.patch(f"{VOLUMES}/{volume}", {"spec": {"hostPath": {"path": "/tmp/elsewhere"}}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("spec.persistentvolumesource", "FieldValueForbidden") in answer.causes


def test_a_volume_may_change_what_becomes_of_it(cluster: Cluster, storage: Storage) -> None:
    volume = name_of(storage.volume())
    changed = cluster.core.patch_persistent_volume(volume, {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    assert changed.spec.persistent_volume_reclaim_policy == "Delete"


def test_the_maker_of_a_classs_volumes_does_not_change(cluster: Cluster, default_class: str) -> None:
    answer = cluster.patch(f"{CLASSES}/{default_class}", {"provisioner": "example.org/other"})
    assert (answer.status, answer.causes) == (422, [("provisioner", "FieldValueForbidden")])
