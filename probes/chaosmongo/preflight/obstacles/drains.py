"""Pods that a drain must not evict, and nodes that it must not take."""

from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name != "drain_node" or target.node is None:
        return []
    found = []
    if (target.node.get("spec") or {}).get("unschedulable"):
        found.append(
            error(
                f"node {target.node_name} is closed to new pods already, by somebody else: it would be refused",
                f"kubectl uncordon {target.node_name}",
            )
        )
    if not target.pods:
        found.append(error(f"there is no pod on node {target.node_name} that could be evicted: it hits nothing"))
    scratch = [pod for pod in target.pods if any("emptyDir" in v for v in pod["spec"].get("volumes") or [])]
    if scratch:
        what = f"the data of {names.of_all(scratch)} are on an emptyDir and would be lost"
        allowed = fault.get("delete_emptydir_data")
        found.append(warning(what) if allowed else error(f"{what}: it would be refused", "delete_emptydir_data: true"))
    alone = [
        pod
        for pod in target.pods
        if not any(owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or [])
    ]
    if alone:
        what = f"nobody would make {names.of_all(alone)} again"
        found.append(warning(what) if fault.get("force") else error(f"{what}: it would be refused", "force: true"))
    return found
