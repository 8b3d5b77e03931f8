"""Whether what would be hit takes part: the guard's own rules."""

from chaosmongo import guard
from chaosmongo.config import Config
from chaosmongo.errors import NotAllowed
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

COMMAND = "\n    "
"""What comes before the one command, in the guard's refusals."""


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:
    namespace, found = fault.text("namespace"), []
    if "namespace" in fault.arguments and namespace != config.namespace:
        found.append(
            error(
                f"this experiment may touch namespace {config.namespace or '(none)'}, not {namespace}",
                f"--var namespace={namespace}",
            )
        )
    if not config.namespace and fault.name != "remove_acknowledged_write":
        found.append(error("the configuration names no namespace: there is no cluster to do it in"))
    if seen.refused:
        found.append(refusal(seen.refused))
    if target.node is not None and not fault.text("node") and fault.name != "take_out_of_service":
        if f"pods on node {target.node_name}" in seen.unread:
            return [*found, error(f"which pods are on node {target.node_name} cannot be read: it would be refused")]
        try:
            guard.check_node(target.node, [*target.pods, *target.staying], config.namespace)
        except NotAllowed as refused:
            found.append(refusal(str(refused)))
    return found


def refusal(message: str) -> Finding:
    """What the guard says, its command apart."""
    text, _, command = message.partition(COMMAND)
    return error(text.removesuffix(" To allow it:").removesuffix(", or allow it:"), command.partition("\n")[0])
