"""What stays changed after the experiment, where nobody takes it back."""

from chaosmongo.config import Config
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

STAYING = {
    "drain_node": "the node stays closed to new pods",
    "crash_node": "the node stays without power",
    "stop_kubelet": "the node stays without its kubelet",
    "take_out_of_service": "the node stays out of service",
    "scale_deployment": "the number of replicas stays changed",
}
"""Faults that only take_back_faults takes back, and what they leave."""


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name not in STAYING or fault.taken_back:
        return []
    return [
        warning(
            f"no step after it takes it back: {STAYING[fault.name]} until `chaos recovery undo`",
            "take_back_faults in the rollbacks",
        )
    ]
