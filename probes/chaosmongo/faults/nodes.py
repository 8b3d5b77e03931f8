"""What faults of a whole node share: the operator's command, and the one that takes it back."""

from chaosmongo import commands
from chaosmongo.errors import BadConfiguration
from chaosmongo.undo import power
from chaosmongo.undo.seal import seal

from .selection import aim, node_hit


def strike(fault: str, expect: str, setting: str, namespace: str, node: str, pod: str, timeout_s: float) -> str:
    """Runs the command of the configuration key `setting` on a node, as one fault; the node's name.

    expect: "down" where its containers die, "silent" where they run on.

    Raises BadConfiguration, before anything is touched, where the command or the one that takes it back is not set.
    """
    at = aim(namespace, min(timeout_s, 10))
    config = at.recording.config
    found, _ = at.node(node, pod)
    name = found["metadata"]["name"]
    words = commands.command(setting, getattr(config, setting), node=name)
    try:
        back = commands.command(power.SETTING, config.node_start_command, node=name)
    except BadConfiguration as error:
        raise BadConfiguration(f"{error}. Without it {fault} could not be taken back: nothing was touched") from None
    at.recording.will_undo(power.NAME, node=name, command=back, seal=seal(at.recording.run.run, back))
    with at.recording.fault(fault, [node_hit(found)], expect, {"namespace": namespace, "node": name, "pod": pod}):
        commands.run(words, timeout_s)
        at.recording.mark("requested")
    return str(name)
