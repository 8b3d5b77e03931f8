"""The columns of PersistentVolumeClaims, PersistentVolumes and StorageClasses."""

from __future__ import annotations

from kubelab.api.kinds.storage import DEFAULT_CLASS

from .base import AGE, NAME, UNSET, Column, Object, at, field, wide

ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def access_modes(modes: list[str]) -> str:
    return ",".join(short for long, short in ACCESS_MODES.items() if long in modes)


def phase(value: Object) -> str:
    return "Terminating" if "deletionTimestamp" in value["metadata"] else str(at(value, "status.phase"))


def claim_capacity(claim: Object) -> str:
    return str(at(claim, "status.capacity.storage")) if at(claim, "spec.volumeName") else ""


def claim_modes(claim: Object) -> str:
    return access_modes(at(claim, "status.accessModes", [])) if at(claim, "spec.volumeName") else ""


def claim_of(volume: Object) -> str:
    reference = at(volume, "spec.claimRef", None)
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""


def class_name(value: Object) -> str:
    is_default = value["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true"
    return f"{value['metadata']['name']}{' (default)' if is_default else ''}"


CLAIMS = (
    NAME,
    Column("Status", phase),
    Column("Volume", field("spec.volumeName")),
    Column("Capacity", claim_capacity),
    Column("Access Modes", claim_modes),
    Column("StorageClass", field("spec.storageClassName")),
    Column("VolumeAttributesClass", field("spec.volumeAttributesClassName", UNSET)),
    AGE,
    wide("VolumeMode", field("spec.volumeMode", UNSET)),
)
VOLUMES = (
    NAME,
    Column("Capacity", field("spec.capacity.storage")),
    Column("Access Modes", lambda volume: access_modes(at(volume, "spec.accessModes", []))),
    Column("Reclaim Policy", field("spec.persistentVolumeReclaimPolicy")),
    Column("Status", phase),
    Column("Claim", claim_of),
    Column("StorageClass", field("spec.storageClassName")),
    Column("VolumeAttributesClass", field("spec.volumeAttributesClassName", UNSET)),
    Column("Reason", field("status.reason")),
    AGE,
    wide("VolumeMode", field("spec.volumeMode", UNSET)),
)
CLASSES = (
    Column("Name", class_name),
    Column("Provisioner", field("provisioner")),
    Column("ReclaimPolicy", field("reclaimPolicy")),
    Column("VolumeBindingMode", field("volumeBindingMode")),
    Column("AllowVolumeExpansion", lambda value: "true" if value.get("allowVolumeExpansion") else "false"),
    AGE,
)
