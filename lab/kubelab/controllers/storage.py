"""PersistentVolumeClaims: a volume for each claim, bound to it, and cleaned up after it.

After kubernetes/pkg/controller/volume/persistentvolume and .../pvcprotection. Two things the lab does itself: it
provisions (a directory on this machine, which every node reaches: class "shared"), and it deletes what it provisioned.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Changes, Create, Delete, Event, Patch, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import CLAIMS, PODS, STORAGE_CLASSES, VOLUMES, Key, Kind, Object, is_terminating, key_of, uid_of

PROVISIONER = "kubelab.local/shared"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
CLAIM_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"

SHARED_CLASS: Object = {
    "apiVersion": STORAGE_CLASSES.api_version,
    "kind": STORAGE_CLASSES.kind,
    "metadata": {"name": "shared", "annotations": {IS_DEFAULT: "true"}},
    "provisioner": PROVISIONER,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
}

UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


@dataclass(frozen=True)
class ObservedClaim:
    """A claim, every class and volume, and whether a pod that still runs uses the claim."""

    claim: Object
    directory: Path
    classes: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    in_use: bool = False


class Claims(Controller):
    name = "persistentvolume-controller"

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        super().__init__(cluster)
        self._directory = directory

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == CLAIMS:
            return [key_of(obj)]
        if kind == PODS:
            return [(obj["metadata"]["namespace"], name) for name in claims_of(obj)]
        if kind == VOLUMES and obj["spec"].get("claimRef"):
            return [(obj["spec"]["claimRef"]["namespace"], obj["spec"]["claimRef"]["name"])]
        # A new class or an unclaimed volume may suit any claim that waits.
        claims = self.cluster[CLAIMS].all()
        return [key_of(c) for c in claims if c.get("status", {}).get("phase") != "Bound"]

    def decide(self, key: Key) -> Changes:
        claim = self.cluster[CLAIMS].get(*key)
        if claim is None:
            return []
        users = [p for p in self.cluster[PODS].all(key[0]) if key[1] in claims_of(p)]
        return reconcile_claim(
            ObservedClaim(
                claim=claim,
                directory=self._directory,
                classes=self.cluster[STORAGE_CLASSES].all(),
                volumes=self.cluster[VOLUMES].all(),
                in_use=any(p["spec"].get("nodeName") and not pod_facts.is_finished(p) for p in users),
            )
        )


def reconcile_claim(observed: ObservedClaim) -> Changes:
    """Class, volume, binding, status: each step when the one before it is done."""
    claim = observed.claim
    spec = claim["spec"]
    if is_terminating(claim):
        return _release_claim(observed)
    if "storageClassName" not in spec:
        default = _default_class(observed.classes)
        return [Replace(CLAIMS, {**claim, "spec": spec | {"storageClassName": default}})] if default else []
    volume = _volume_for(observed)
    if volume is None:
        return _provision(observed)
    if volume["spec"].get("claimRef", {}).get("uid") != uid_of(claim):
        return [Replace(VOLUMES, {**volume, "spec": volume["spec"] | {"claimRef": _reference(claim)}})]
    if spec.get("volumeName") != volume["metadata"]["name"]:
        return [_bind(claim, volume)]
    status = {
        "phase": "Bound",
        "accessModes": volume["spec"]["accessModes"],
        "capacity": volume["spec"]["capacity"],
    }
    if claim.get("status") == status:
        return []
    return [Replace(CLAIMS, with_status(claim, status), "status")]


def _release_claim(observed: ObservedClaim) -> Changes:
    finalizers = observed.claim["metadata"].get("finalizers") or []
    if observed.in_use or CLAIM_PROTECTION not in finalizers:
        return []
    left = [f for f in finalizers if f != CLAIM_PROTECTION]
    return [Patch(CLAIMS, observed.claim, {"metadata": {"finalizers": left}})]


def _default_class(classes: list[Object]) -> str | None:
    """The newest of the classes marked as default."""
    marked = [c for c in classes if (c["metadata"].get("annotations") or {}).get(IS_DEFAULT) == "true"]
    marked.sort(key=lambda c: (c["metadata"].get("creationTimestamp", ""), c["metadata"]["name"]))
    return marked[-1]["metadata"]["name"] if marked else None


def _volume_for(observed: ObservedClaim) -> Object | None:
    """The volume bound to the claim, named by it, made for it, or the smallest free one that suits it."""
    claim = observed.claim
    for volume in observed.volumes:
        reference = volume["spec"].get("claimRef") or {}
        named = (reference.get("namespace"), reference.get("name")) == key_of(claim)
        if named and reference.get("uid") in (None, uid_of(claim)):
            return volume
    free = [v for v in observed.volumes if "claimRef" not in v["spec"] and not is_terminating(v)]
    if wanted := claim["spec"].get("volumeName"):
        return next((v for v in free if v["metadata"]["name"] == wanted), None)
    suited = [v for v in free if _suits(v, claim)]
    return min(suited, key=lambda v: quantity(v["spec"]["capacity"]["storage"]), default=None)


def _suits(volume: Object, claim: Object) -> bool:
    spec, wanted = volume["spec"], claim["spec"]
    return (
        (spec.get("storageClassName") or "") == (wanted.get("storageClassName") or "")
        and set(wanted["accessModes"]) <= set(spec["accessModes"])
        and quantity(spec["capacity"]["storage"]) >= quantity(wanted["resources"]["requests"]["storage"])
    )


def quantity(text: str) -> float:
    """A resource quantity in its base unit (bytes)."""
    match = re.fullmatch(r"([0-9.]+)(k|[MGT]|[KMGT]i|)", str(text))
    return float(match[1]) * UNITS[match[2]] if match else 0.0


def _provision(observed: ObservedClaim) -> Changes:
    claim, spec = observed.claim, observed.claim["spec"]
    chosen = next((c for c in observed.classes if c["metadata"]["name"] == spec["storageClassName"]), None)
    if chosen is None:
        if not spec["storageClassName"]:
            return [Event(claim, "Normal", "FailedBinding", _NOTHING_FITS)]
        name = spec["storageClassName"]
        return [
            Event(claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found'),
        ]
    if chosen["provisioner"] != PROVISIONER:
        return []  # Somebody else's class.
    name = f"pvc-{uid_of(claim)}"
    volume: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}, "finalizers": [VOLUME_PROTECTION]},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "claimRef": _reference(claim),
            "persistentVolumeReclaimPolicy": chosen.get("reclaimPolicy", "Delete"),
            "storageClassName": spec["storageClassName"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "hostPath": {"path": str(observed.directory / name), "type": "DirectoryOrCreate"},
        },
    }
    told = f"Successfully provisioned volume {name}"
    return [Create(VOLUMES, volume), Event(claim, "Normal", "ProvisioningSucceeded", told)]


_NOTHING_FITS = "no persistent volumes available for this claim and no storage class is set"


def _reference(claim: Object) -> Object:
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _bind(claim: Object, volume: Object) -> Replace:
    known = claim["metadata"].get("annotations") or {}
    added = {BIND_COMPLETED: "yes", BOUND_BY: "yes"}
    provisioner = (volume["metadata"].get("annotations") or {}).get(PROVISIONED_BY)
    if provisioner:
        added[CLAIM_PROVISIONER] = provisioner
    metadata = claim["metadata"] | {"annotations": known | added}
    spec = claim["spec"] | {"volumeName": volume["metadata"]["name"]}
    return Replace(CLAIMS, {**claim, "metadata": metadata, "spec": spec})


class Volumes(Controller):
    """Keeps the phase of each volume, and deletes what the lab provisioned when its claim is gone."""

    name = "persistentvolume-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == VOLUMES:
            return [key_of(obj)]
        name = obj["spec"].get("volumeName") or f"pvc-{uid_of(obj)}"
        return [("", name)]

    def decide(self, key: Key) -> Changes:
        volume = self.cluster[VOLUMES].get(*key)
        if volume is None:
            return []
        reference = volume["spec"].get("claimRef") or {}
        claim = self.cluster[CLAIMS].get(reference.get("namespace", ""), reference.get("name", ""))
        changes = reconcile_volume(volume, claim)
        if any(isinstance(change, Delete) for change in changes):
            shutil.rmtree(volume["spec"]["hostPath"]["path"], ignore_errors=True)
        return changes


def reconcile_volume(volume: Object, claim: Object | None) -> Changes:
    """claim: the object that the volume's claimRef names, if there is one of that name."""
    phase = _phase(volume, claim)
    metadata = volume["metadata"]
    finalizers = metadata.get("finalizers") or []
    if is_terminating(volume) and phase != "Bound" and VOLUME_PROTECTION in finalizers:
        left = [f for f in finalizers if f != VOLUME_PROTECTION]
        return [Patch(VOLUMES, volume, {"metadata": {"finalizers": left}})]
    status = (volume.get("status") or {}) | {"phase": phase}
    if status != volume.get("status"):
        return [Replace(VOLUMES, with_status(volume, status), "status")]
    ours = (metadata.get("annotations") or {}).get(PROVISIONED_BY) == PROVISIONER
    reclaim = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    if phase == "Released" and ours and reclaim and not is_terminating(volume):
        return [Delete(VOLUMES, volume)]
    return []


def _phase(volume: Object, claim: Object | None) -> str:
    reference: dict[str, Any] = volume["spec"].get("claimRef") or {}
    if not reference.get("uid"):
        return "Available"
    return "Bound" if claim is not None and uid_of(claim) == reference["uid"] else "Released"


def claims_of(pod: Object) -> list[str]:
    """The names of the claims that a pod's volumes refer to."""
    volumes = pod["spec"].get("volumes") or ()
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]


async def ensure_shared_class(cluster: Cluster) -> None:
    """The default class, unless it was made before (a user's changes to it stay)."""
    try:
        await cluster.client.create(STORAGE_CLASSES, SHARED_CLASS)
    except ApiError as e:
        if not e.already_exists:
            raise
