"""Which lists a strategic merge patch merges, and by which field: the patchMergeKey tags of Kubernetes' Go types.

Lists that are not here are replaced as a whole.
"""

from __future__ import annotations

PRIMITIVE = ""  # a list of plain values that is merged as a set

MERGE_KEYS: dict[tuple[str, str], str] = {
    ("ObjectMeta", "finalizers"): PRIMITIVE,
    ("ObjectMeta", "ownerReferences"): "uid",
    ("PodSpec", "containers"): "name",
    ("PodSpec", "ephemeralContainers"): "name",
    ("PodSpec", "hostAliases"): "ip",
    ("PodSpec", "imagePullSecrets"): "name",
    ("PodSpec", "initContainers"): "name",
    ("PodSpec", "resourceClaims"): "name",
    ("PodSpec", "schedulingGates"): "name",
    ("PodSpec", "topologySpreadConstraints"): "topologyKey",
    ("PodSpec", "volumes"): "name",
    ("Container", "env"): "name",
    ("Container", "ports"): "containerPort",
    ("Container", "volumeDevices"): "devicePath",
    ("Container", "volumeMounts"): "mountPath",
    ("ContainerStatus", "allocatedResourcesStatus"): "name",
    ("ContainerStatus", "volumeMounts"): "mountPath",
    ("PodStatus", "conditions"): "type",
    ("PodStatus", "hostIPs"): "ip",
    ("PodStatus", "podIPs"): "ip",
    ("PodStatus", "resourceClaimStatuses"): "name",
    ("ServiceSpec", "ports"): "port",
    ("ServiceStatus", "conditions"): "type",
    ("ServiceAccount", "secrets"): "name",
    ("NodeSpec", "podCIDRs"): PRIMITIVE,
    ("NodeStatus", "addresses"): "type",
    ("NodeStatus", "conditions"): "type",
    ("NamespaceStatus", "conditions"): "type",
    ("PersistentVolumeClaimStatus", "conditions"): "type",
    ("DeploymentStatus", "conditions"): "type",
    ("ReplicaSetStatus", "conditions"): "type",
    ("StatefulSetStatus", "conditions"): "type",
    ("PodDisruptionBudgetStatus", "conditions"): "type",
}
