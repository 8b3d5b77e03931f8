"""PersistentVolumeClaims: a volume for each claim, bound to it, and cleaned up after it.

After kubernetes/pkg/controller/volume/persistentvolume and .../pvcprotection. Two things the lab does itself: it
provisions, and it deletes what it provisioned. A volume is a directory on this machine. Every node reaches those of the
class "shared", as on a NAS; those of "node-local" only the node on which their first pod was placed. The size that a
claim asks for is noted and not enforced: a directory has none without root.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Changes, Create, Delete, Event, Patch, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import (
    CLAIMS,
    PODS,
    STORAGE_CLASSES,
    VOLUMES,
    Key,
    Kind,
    Object,
    is_terminating,
    key_of,
    matches_selector,
    uid_of,
)
from kubelab.quantities import quantity

SHARED = "kubelab.local/shared"
NODE_LOCAL = "kubelab.local/node"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
CLAIM_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Where the scheduler wants the volume of a claim whose class waits for the first consumer."""
HOSTNAME = "kubernetes.io/hostname"
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"
FILESYSTEM = "Filesystem"
"""The volume mode of what does not say otherwise."""


def _class(name: str, provisioner: str, binding: str, annotations: dict[str, str]) -> Object:
    return {
        "apiVersion": STORAGE_CLASSES.api_version,
        "kind": STORAGE_CLASSES.kind,
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": provisioner,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
    }


CLASSES = (
    _class("shared", SHARED, "Immediate", {IS_DEFAULT: "true"}),
    _class("node-local", NODE_LOCAL, "WaitForFirstConsumer", {}),
)


@dataclass(frozen=True)
class ObservedClaim:
    """A claim, every class and volume, whether a pod that still runs uses the claim, and which pods wait for a node."""

    claim: Object
    directory: Path
    classes: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    in_use: bool = False
    waiting: tuple[str, ...] = ()

    @property
    def storage_class(self) -> Object | None:
        return class_of(self.claim, self.classes)


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
                waiting=tuple(p["metadata"]["name"] for p in users if not p["spec"].get("nodeName")),
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
        return [reserved(volume, claim)]
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
        if is_reserved(volume, claim):
            return volume
    free = [v for v in observed.volumes if "claimRef" not in v["spec"] and not is_terminating(v)]
    if wanted := claim["spec"].get("volumeName"):
        return next((v for v in free if v["metadata"]["name"] == wanted and _satisfies(v, claim)), None)
    return None if waits_for_consumer(observed.storage_class) else smallest(free, claim)


def is_reserved(volume: Object, claim: Object) -> bool:
    """Whether the volume is bound to the claim, or held for one of its name."""
    reference = volume["spec"].get("claimRef") or {}
    named = (reference.get("namespace"), reference.get("name")) == key_of(claim)
    return named and reference.get("uid") in (None, uid_of(claim))


def smallest(free: Iterable[Object], claim: Object) -> Object | None:
    """The smallest of these volumes that suits the claim."""
    suited = [v for v in free if _suits(v, claim)]
    return min(suited, key=lambda v: quantity(v["spec"]["capacity"]["storage"]), default=None)


def class_of(claim: Object, classes: Iterable[Object]) -> Object | None:
    name = claim["spec"].get("storageClassName")
    return next((c for c in classes if c["metadata"]["name"] == name), None)


def waits_for_consumer(storage_class: Object | None) -> bool:
    """Whether its volumes are bound only when the scheduler has chosen a node for a pod that uses them."""
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def is_binding(claim: Object) -> bool:
    """Whether its volume is chosen for good; what is missing is its status."""
    return BIND_COMPLETED in (claim["metadata"].get("annotations") or {})


def selected_node(claim: Object) -> str | None:
    return (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE)


def _suits(volume: Object, claim: Object) -> bool:
    selector = claim["spec"].get("selector") or {}
    return _satisfies(volume, claim) and matches_selector(selector, volume["metadata"].get("labels"))


def _satisfies(volume: Object, claim: Object) -> bool:
    """Whether the claim can be bound to the volume, if it wants to."""
    spec, wanted = volume["spec"], claim["spec"]
    return (
        (spec.get("storageClassName") or "") == (wanted.get("storageClassName") or "")
        and spec.get("volumeMode", FILESYSTEM) == wanted.get("volumeMode", FILESYSTEM)
        and set(wanted["accessModes"]) <= set(spec["accessModes"])
        and quantity(spec["capacity"]["storage"]) >= quantity(wanted["resources"]["requests"]["storage"])
    )


def _provision(observed: ObservedClaim) -> Changes:
    claim, chosen = observed.claim, observed.storage_class
    if chosen is None:
        if not claim["spec"]["storageClassName"]:
            return [Event(claim, "Normal", "FailedBinding", _NOTHING_FITS)]
        missing = f'storageclass.storage.k8s.io "{claim["spec"]["storageClassName"]}" not found'
        return [Event(claim, "Warning", "ProvisioningFailed", missing)]
    node = selected_node(claim)
    if node is None and waits_for_consumer(chosen):
        return [_waiting(observed)]
    if chosen["provisioner"] == SHARED:
        place = observed.directory / f"pvc-{uid_of(claim)}"
        return _provisioned(observed, chosen, {"hostPath": {"path": str(place), "type": "DirectoryOrCreate"}})
    if chosen["provisioner"] == NODE_LOCAL:
        if node is None:
            return [Event(claim, "Warning", "ProvisioningFailed", _NO_NODE)]
        place = observed.directory / node / f"pvc-{uid_of(claim)}"
        return _provisioned(observed, chosen, {"local": {"path": str(place)}, "nodeAffinity": _only_on(node)})
    return []  # Somebody else's class.


def _provisioned(observed: ObservedClaim, chosen: Object, source: Object) -> Changes:
    claim, spec = observed.claim, observed.claim["spec"]
    name = f"pvc-{uid_of(claim)}"
    annotations = {PROVISIONED_BY: chosen["provisioner"]}
    volume: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": annotations, "finalizers": [VOLUME_PROTECTION]},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "claimRef": _reference(claim),
            "persistentVolumeReclaimPolicy": chosen.get("reclaimPolicy", "Delete"),
            "storageClassName": spec["storageClassName"],
            "volumeMode": spec.get("volumeMode", FILESYSTEM),
            **source,
        },
    }
    told = f"Successfully provisioned volume {name}"
    return [Create(VOLUMES, volume), Event(claim, "Normal", "ProvisioningSucceeded", told)]


def _waiting(observed: ObservedClaim) -> Event:
    if observed.waiting:
        text = f"waiting for pod {','.join(sorted(observed.waiting))} to be scheduled"
        return Event(observed.claim, "Normal", "WaitForPodScheduled", text)
    text = "waiting for first consumer to be created before binding"
    return Event(observed.claim, "Normal", "WaitForFirstConsumer", text)


def _only_on(node: str) -> Object:
    expression = {"key": HOSTNAME, "operator": "In", "values": [node]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


_NO_NODE = "a volume on one node needs a StorageClass with volumeBindingMode WaitForFirstConsumer"
_NOTHING_FITS = "no persistent volumes available for this claim and no storage class is set"


def reserved(volume: Object, claim: Object) -> Replace:
    """The volume, for this claim alone."""
    return Replace(VOLUMES, {**volume, "spec": volume["spec"] | {"claimRef": _reference(claim)}})


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
            source = volume["spec"].get("hostPath") or volume["spec"]["local"]
            shutil.rmtree(source["path"], ignore_errors=True)
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
    ours = (metadata.get("annotations") or {}).get(PROVISIONED_BY) in (SHARED, NODE_LOCAL)
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


async def ensure_classes(cluster: Cluster) -> None:
    """The lab's two classes, unless they were made before (a user's changes to them stay)."""
    for storage_class in CLASSES:
        try:
            await cluster.client.create(STORAGE_CLASSES, storage_class)
        except ApiError as e:
            if not e.already_exists:
                raise
