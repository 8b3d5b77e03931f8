"""The database's data, where they do not outlive its pod."""

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, warning
from chaosmongo.preflight.placement import claims_of
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

ENDING = (
    "delete_pod",
    "kill_pod",
    "kill_repeatedly",
    "drain_node",
    "crash_node",
    "scale_to_zero",
    "restart_rollout",
)
"""Faults that end the pod itself, not only its containers."""


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name not in ENDING:
        return []
    found = [
        warning(f"{names.of(pod)} has no PersistentVolumeClaim: its data die with the pod")
        for pod in target.pods
        if is_database(pod, config) and not claims_of(pod)
    ]
    if fault.name == "scale_to_zero" and target.workload is not None and _claims_go(target.workload):
        name = target.workload["metadata"]["name"]
        found.append(
            warning(f"StatefulSet {name} deletes its claims when it is scaled down: the data die with its pods")
        )
    return found


def _claims_go(statefulset: Object) -> bool:
    """Whether scaling down deletes the claims of its templates."""
    spec = statefulset["spec"]
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    return bool(spec.get("volumeClaimTemplates")) and retention.get("whenScaled") == "Delete"


def is_database(pod: Object, config: Config) -> bool:
    """Whether it is a pod of the experiment's StatefulSet."""
    owners = [(one.get("kind"), one.get("name")) for one in pod["metadata"].get("ownerReferences") or []]
    return pod["metadata"]["namespace"] == config.namespace and ("StatefulSet", config.statefulset) in owners
