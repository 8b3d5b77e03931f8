"""Faults whose success depends on what the cluster's API does not tell."""

from chaosmongo.config import Config
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error, warning
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    if fault.name == "step_down_primary":
        return [warning("whether MongoDB is a replica set with another member to be elected is not looked at")]
    if fault.name != "cut_off":
        return []
    found = [
        warning("whether this cluster's network enforces NetworkPolicies cannot be read: if not, nothing is cut off")
    ]
    pairs = [part.partition("=")[::2] for part in fault.text("label_selector").split(",")]
    if not all(key and value for key, value in pairs):
        found.append(error("label_selector must be key=value, or several with commas between"))
    return found
