"""PersistentVolumeClaims, PersistentVolumes and StorageClasses."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from fractions import Fraction

from kubelab.api.fields import FieldError, forbidden, required, unsupported
from kubelab.api.status import forbidden as refused
from kubelab.quantities import quantity

from .base import Cluster, Object, Strategy, default_of

CLASSES = "storageclasses.storage.k8s.io"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"
EXCLUSIVE = "ReadWriteOncePod"
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", EXCLUSIVE)
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
VOLUME_FIELDS = (
    *("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"),
    *("storageClassName", "volumeAttributesClassName", "volumeMode"),
)
"""What a volume's spec says beside where the data are."""
RESIZE_MESSAGE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)
CLAIM_MESSAGE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def add_finalizer(value: Object, finalizer: str) -> None:
    finalizers = value["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


class ClaimStrategy(Strategy):
    returns_deleted = True

    def default(self, value: Object) -> None:
        value.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"phase": "Pending"}
        add_finalizer(value, CLAIM_PROTECTION)
        if "storageClassName" not in value["spec"] and (name := default_of(cluster, CLASSES, DEFAULT_CLASS)):
            value["spec"]["storageClassName"] = name

    def prepare_update(self, value: Object, old: Object, cluster: Cluster) -> None:
        """As admission does: a volume grows only if its class says that it can."""
        name = value["spec"].get("storageClassName", "")
        able = any(c["metadata"]["name"] == name and c.get("allowVolumeExpansion") for c in cluster.values(CLASSES))
        if is_bound(old) and requested(value) > requested(old) and not able:
            raise refused("persistentvolumeclaims", "", value["metadata"]["name"], RESIZE_MESSAGE)

    def validate(self, value: Object) -> list[FieldError]:
        spec = value["spec"]
        modes = spec.get("accessModes", [])
        errors = [unsupported("spec.accessModes", mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
        if not modes:
            errors.append(required("spec.accessModes", "at least 1 access mode is required"))
        if EXCLUSIVE in modes and len(set(modes)) > 1:
            errors.append(forbidden("spec.accessModes", f"may not use {EXCLUSIVE} with other access modes"))
        if "storage" not in spec.get("resources", {}).get("requests", {}):
            errors.append(required("spec.resources[storage]"))
        return errors

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        """The binder may set volumeName and, for claims that waited for one, the class; a bound claim may grow."""
        after, before = dict(value["spec"]), dict(old["spec"])
        if is_bound(old):
            for spec in (after, before):
                spec.pop("resources", None)
        for field in ("volumeName", "storageClassName"):
            if field not in before:
                after.pop(field, None)
        errors = [] if after == before else [forbidden("spec", CLAIM_MESSAGE)]
        if requested(value) < requested(old):
            errors.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
        return errors


def is_bound(claim: Object) -> bool:
    return bool(claim.get("status", {}).get("phase") == "Bound")


def requested(claim: Object) -> Fraction:
    """The bytes that a claim asks for."""
    return quantity(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "0"))


class VolumeStrategy(Strategy):
    returns_deleted = True

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
        spec.setdefault("volumeMode", "Filesystem")
        if "hostPath" in spec:
            spec["hostPath"].setdefault("type", "")

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"phase": "Pending"}
        add_finalizer(value, VOLUME_PROTECTION)

    def validate(self, value: Object) -> list[FieldError]:
        spec, errors = value["spec"], []
        if not spec.get("accessModes"):
            errors.append(required("spec.accessModes"))
        if not spec.get("capacity"):
            errors.append(required("spec.capacity"))
        if not source(spec):
            errors.append(required("spec", "must specify a volume type"))
        policy = spec["persistentVolumeReclaimPolicy"]
        if policy not in RECLAIM_POLICIES:
            errors.append(unsupported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES))
        return errors

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        if source(value["spec"]) == source(old["spec"]):
            return []
        path = "spec.persistentvolumesource"
        return [forbidden(path, f"{path} is immutable after creation")]


def source(spec: Object) -> Object:
    """What a volume's spec says of where the data are."""
    return {key: value for key, value in spec.items() if key not in VOLUME_FIELDS}


class StorageClassStrategy(Strategy):
    returns_deleted = True

    def default(self, value: Object) -> None:
        value.setdefault("reclaimPolicy", "Delete")
        value.setdefault("volumeBindingMode", "Immediate")

    def validate(self, value: Object) -> list[FieldError]:
        return [] if value.get("provisioner") else [required("provisioner")]

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        fixed = ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")
        return [
            forbidden(field, f"updates to {field} are forbidden.")
            for field in fixed
            if value.get(field) != old.get(field)
        ]
