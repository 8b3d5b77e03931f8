"""Nodes that could take a pod that has to be made again."""

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import names
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, warning
from chaosmongo.preflight.placement import candidates, holding, takes
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

ELSEWHERE = ("drain_node", "crash_node")
"""Faults whose node does not take pods until it is taken back."""
AGAIN = ("delete_pod", "kill_pod", "kill_repeatedly", "scale_to_zero", "restart_rollout")


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if "nodes" in seen.unread or not seen.nodes or fault.name not in ELSEWHERE + AGAIN:
        return []
    away = target.node_name if fault.name in ELSEWHERE else ""
    return [finding for pod in target.pods for finding in _of_pod(pod, away, seen)]


def _of_pod(pod: Object, away: str, seen: Seen) -> list[Finding]:
    left = candidates(pod, seen, without=away)
    until = f", until node {away} takes pods again" if away else ""
    if not left:
        nodes = [node for node in seen.nodes if node["metadata"]["name"] != away and takes(node, pod)]
        held = holding(pod, nodes, seen)
        if held and nodes:
            volumes = ", ".join(volume["metadata"]["name"] for volume in held)
            return [
                warning(
                    f"{names.of(pod)} would stay Pending{until}: its volume {volumes} cannot be used on any other node"
                )
            ]
        return [warning(f"{names.of(pod)} would stay Pending{until}: no{' other' if away else ''} node could take it")]
    if away and len(left) == 1:
        return [warning(f"only node {left[0]['metadata']['name']} could take {names.of(pod)} then, if it has room")]
    return []
