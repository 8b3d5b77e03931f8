"""Where a pod could go: by what its spec, its volumes and the nodes say. Free processors and memory are not counted."""

from collections.abc import Sequence

from chaosmongo.cluster import Object

from .seen import Seen
from .selectors import selects_node

HARD = ("NoSchedule", "NoExecute")


def volumes_of(pod: Object, seen: Seen) -> list[tuple[Object, Object | None]]:
    """The pod's claims, those of volumeClaimTemplates among them, each with its volume where it is known."""
    found = []
    for volume in pod["spec"].get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim := seen.claims.get((pod["metadata"]["namespace"], name)) if name else None:
            found.append((claim, seen.volumes.get(claim["spec"].get("volumeName") or "")))
    return found


def claims_of(pod: Object) -> list[str]:
    """Names of the claims that the pod's volumes are bound by."""
    volumes = pod["spec"].get("volumes") or []
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]


def is_ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def takes(node: Object, pod: Object) -> bool:
    """Whether the scheduler may put the pod on the node, its volumes aside."""
    spec = node.get("spec") or {}
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    labels = node["metadata"].get("labels") or {}
    wanted = pod["spec"].get("nodeSelector") or {}
    return (
        is_ready(node)
        and not spec.get("unschedulable")
        and all(labels.get(key) == value for key, value in wanted.items())
        and selects_node(affinity, node)
        and all(_tolerated(taint, pod) for taint in spec.get("taints") or [] if taint.get("effect") in HARD)
    )


def reaches(volume: Object, node: Object) -> bool:
    """Whether the volume can be used on the node."""
    return selects_node((volume["spec"].get("nodeAffinity") or {}).get("required"), node)


def holding(pod: Object, nodes: Sequence[Object], seen: Seen) -> list[Object]:
    """The pod's volumes that can be used on none of these nodes."""
    volumes = [volume for _, volume in volumes_of(pod, seen) if volume is not None]
    return [volume for volume in volumes if not any(reaches(volume, node) for node in nodes)]


def candidates(pod: Object, seen: Seen, *, without: str = "") -> list[Object]:
    """Nodes that could take the pod, volumes included. without: the name of one that will not be there."""
    volumes = [volume for _, volume in volumes_of(pod, seen) if volume is not None]
    return [
        node
        for node in seen.nodes
        if node["metadata"]["name"] != without and takes(node, pod) and all(reaches(volume, node) for volume in volumes)
    ]


def _tolerated(taint: Object, pod: Object) -> bool:
    for toleration in pod["spec"].get("tolerations") or []:
        if toleration.get("effect") not in (None, "", taint.get("effect")):
            continue
        if not toleration.get("key"):
            if toleration.get("operator") == "Exists":
                return True
        elif toleration["key"] == taint.get("key") and (
            toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")
        ):
            return True
    return False
