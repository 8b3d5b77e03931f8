"""PersistentVolumeClaims, PersistentVolumes and StorageClasses."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from kubelab.api.fields import FieldError, forbidden, required

from .base import Cluster, Object, Strategy

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"
CLAIM_MESSAGE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def add_finalizer(value: Object, finalizer: str) -> None:
    finalizers = value["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def default_class(cluster: Cluster) -> str | None:
    """The storage class that claims without one get: the newest of those marked as default."""
    marked = [
        storage_class["metadata"]
        for storage_class in cluster.values("storageclasses.storage.k8s.io")
        if storage_class["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true"
    ]
    newest = max(marked, key=lambda metadata: (metadata["creationTimestamp"], metadata["name"]), default=None)
    return newest["name"] if newest else None


class ClaimStrategy(Strategy):
    returns_deleted = True

    def default(self, value: Object) -> None:
        value.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"phase": "Pending"}
        add_finalizer(value, CLAIM_PROTECTION)
        if "storageClassName" not in value["spec"] and (name := default_class(cluster)):
            value["spec"]["storageClassName"] = name

    def validate(self, value: Object) -> list[FieldError]:
        errors = []
        if not value["spec"].get("accessModes"):
            errors.append(required("spec.accessModes", "at least 1 access mode is required"))
        if "storage" not in value["spec"].get("resources", {}).get("requests", {}):
            errors.append(required("spec.resources[storage]"))
        return errors

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        """The binder may set volumeName and, for claims that waited for one, the class."""
        after, before = dict(value["spec"]), dict(old["spec"])
        for spec in (after, before):
            spec.pop("resources", None)
        for field in ("volumeName", "storageClassName"):
            if field not in before:
                after.pop(field, None)
        return [] if after == before else [forbidden("spec", CLAIM_MESSAGE)]


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
        errors = []
        if not value["spec"].get("accessModes"):
            errors.append(required("spec.accessModes"))
        if not value["spec"].get("capacity"):
            errors.append(required("spec.capacity"))
        return errors


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
