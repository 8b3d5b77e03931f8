"""Commands of the operator's that are not set, or not to be found from here."""

import shutil

from chaosmongo import commands
from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding, error
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target
from chaosmongo.undo import power

SETTINGS = {
    "crash_node": ("node_crash_command", power.SETTING),
    "stop_kubelet": ("kubelet_stop_command", power.SETTING),
    "restart_control_plane": ("control_plane_restart_command",),
}
"""The configuration keys that a fault needs: what does it, and what takes it back."""


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:  # noqa: ARG001
    found = []
    for setting in SETTINGS.get(fault.name, ()):
        values = {} if fault.name == "restart_control_plane" else {"node": target.node_name or "NODE"}
        undo = "it could not be taken back: " if setting == power.SETTING else ""
        try:
            words = commands.command(setting, getattr(config, setting), **values)
        except BadConfiguration as refusal:
            found.append(error(f"{undo}{refusal}", f"--var {setting}=COMMAND"))
            continue
        if shutil.which(words[0]) is None:
            found.append(
                error(f"{undo}{words[0]!r} of the configuration's {setting} is not found on PATH, or cannot be run")
            )
    return found
