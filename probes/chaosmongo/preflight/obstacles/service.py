"""Nodes that must not be declared out of service."""

from chaosmongo.config import Config
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error
from chaosmongo.preflight.placement import is_ready
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

STRIKING = ("crash_node", "stop_kubelet")


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name != "take_out_of_service" or target.node is None or not is_ready(target.node):
        return []
    if any(earlier.name in STRIKING for earlier in fault.earlier):
        return []
    return [error(f"node {target.node_name} is Ready, and no fault before it cuts it off: it would be refused")]
