"""Claims and volumes: class, volume, binding, clean-up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubelab.controllers.changes import Create, Replace
from kubelab.controllers.storage import (
    CLAIM_PROTECTION,
    CLASSES,
    SELECTED_NODE,
    ObservedClaim,
    quantity,
    reconcile_claim,
    reconcile_volume,
)

from .objects import LONG_AGO, events, meta, told, written_status

DIRECTORY = Path("/state/volumes")
SHARED, NODE_LOCAL = (c | {"metadata": c["metadata"] | {"creationTimestamp": LONG_AGO}} for c in CLASSES)


def claim(**spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = meta("data", uid="uid-claim", finalizers=[CLAIM_PROTECTION])
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted | spec}


def volume(name: str = "pv", size: str = "1Gi", **spec: Any) -> dict[str, Any]:
    wanted = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "shared"}
    metadata = meta(name)
    del metadata["namespace"]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": wanted | spec}


def step(found: dict[str, Any], **observed: Any) -> list[Any]:
    return reconcile_claim(ObservedClaim(found, DIRECTORY, **({"classes": [SHARED, NODE_LOCAL]} | observed)))


class TestClaim:
    def test_without_a_class_takes_the_default_one(self) -> None:
        (change,) = step(claim())
        assert isinstance(change, Replace)
        assert change.obj["spec"]["storageClassName"] == "shared"
        assert step(claim(), classes=[]) == []

    def test_gets_a_directory_as_its_volume(self) -> None:
        changes = step(claim(storageClassName="shared"))
        made = next(c.obj for c in changes if isinstance(c, Create))
        assert made["spec"]["hostPath"]["path"] == "/state/volumes/pvc-uid-claim"
        assert made["spec"]["claimRef"]["uid"] == "uid-claim"
        assert made["spec"]["persistentVolumeReclaimPolicy"] == "Delete"

    def test_takes_the_smallest_volume_that_suits_instead(self) -> None:
        free = [volume("big", "10Gi"), volume("small", "2Gi"), volume("tiny", "1Mi")]
        assert told(step(claim(storageClassName="shared"), volumes=free)) == ["replace PersistentVolume small"]

    def test_is_bound_in_steps(self) -> None:
        reference = {"namespace": "demo", "name": "data", "uid": "uid-claim"}
        made = volume(claimRef=reference)
        (change,) = step(claim(storageClassName="shared"), volumes=[made])
        assert change.obj["spec"]["volumeName"] == "pv"
        status = written_status(step(claim(storageClassName="shared", volumeName="pv"), volumes=[made]))
        assert status == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}

    def test_of_an_unknown_class_waits_and_says_so(self) -> None:
        assert events(step(claim(storageClassName="fast"))) == [
            'ProvisioningFailed: storageclass.storage.k8s.io "fast" not found'
        ]

    @pytest.mark.parametrize(("in_use", "expected"), [(True, []), (False, ["patch PersistentVolumeClaim data"])])
    def test_goes_only_when_no_pod_uses_it(self, in_use: bool, expected: list[str]) -> None:
        leaving = claim()
        leaving["metadata"]["deletionTimestamp"] = LONG_AGO
        assert told(step(leaving, in_use=in_use)) == expected


class TestAClaimOfTheClassThatWaits:
    def placed(self, node: str = "node-2") -> dict[str, Any]:
        found = claim(storageClassName="node-local")
        found["metadata"]["annotations"] = {SELECTED_NODE: node}
        return found

    @pytest.mark.parametrize(
        ("waiting", "expected"),
        [
            ((), "WaitForFirstConsumer: waiting for first consumer to be created before binding"),
            (("mongo-0",), "WaitForPodScheduled: waiting for pod mongo-0 to be scheduled"),
        ],
    )
    def test_gets_no_volume_before_a_node_is_chosen(self, waiting: tuple[str, ...], expected: str) -> None:
        free = [volume("pv", storageClassName="node-local")]
        changes = step(claim(storageClassName="node-local"), volumes=free, waiting=waiting)
        assert (told(changes), events(changes)) == ([], [expected])

    def test_gets_a_volume_that_this_node_alone_reaches(self) -> None:
        (made,) = [c.obj["spec"] for c in step(self.placed()) if isinstance(c, Create)]
        assert made["local"]["path"] == "/state/volumes/node-2/pvc-uid-claim"
        (term,) = made["nodeAffinity"]["required"]["nodeSelectorTerms"]
        assert term == {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]}

    def test_without_a_node_it_cannot_be_had_at_once(self) -> None:
        at_once = NODE_LOCAL | {"volumeBindingMode": "Immediate"}
        (event,) = events(step(claim(storageClassName="node-local"), classes=[at_once]))
        assert event.startswith("ProvisioningFailed: a volume on one node needs")


class TestVolume:
    def made(self, phase: str) -> dict[str, Any]:
        found = volume(claimRef={"uid": "uid-claim"}, persistentVolumeReclaimPolicy="Delete")
        found["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": "kubelab.local/shared"}
        return found | {"status": {"phase": phase}}

    def test_is_released_when_its_claim_is_gone_or_is_another_of_that_name(self) -> None:
        assert written_status(reconcile_volume(self.made("Bound"), None)) == {"phase": "Released"}
        other = claim()
        other["metadata"]["uid"] = "uid-other"
        assert written_status(reconcile_volume(self.made("Bound"), other)) == {"phase": "Released"}
        assert reconcile_volume(self.made("Bound"), claim()) == []

    def test_is_deleted_after_its_release_if_the_lab_made_it(self) -> None:
        assert told(reconcile_volume(self.made("Released"), None)) == ["delete PersistentVolume pv"]
        kept = self.made("Released")
        kept["metadata"]["annotations"] = {}
        assert reconcile_volume(kept, None) == []


@pytest.mark.parametrize(("text", "expected"), [("1Gi", 2**30), ("500M", 5e8), ("1.5Ki", 1536), ("7", 7)])
def test_quantities(text: str, expected: float) -> None:
    assert quantity(text) == expected
