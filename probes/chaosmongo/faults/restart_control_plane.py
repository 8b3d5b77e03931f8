"""Restart the API server and what it serves, by the configuration's control_plane_restart_command.

Nothing needs to be taken back: the command returns when the control plane is there again.
"""

from chaosmongo import commands, run
from chaosmongo.activity import activity
from chaosmongo.history.records import Hit


@activity
def restart_control_plane(timeout_s: float = 120) -> dict:  # type: ignore[type-arg]
    """Runs the command, for at most timeout_s seconds. Returns {"said": its last line}. Fails where it is not set, or
    fails.
    """
    recording = run.current()
    server = recording.in_cluster().server
    setting = "control_plane_restart_command"
    words = commands.command(setting, recording.config.control_plane_restart_command)
    with recording.fault("restart_control_plane", [Hit(kind="ControlPlane", name=server)], "unwatchable", {}):
        said = commands.run(words, timeout_s)
    return {"said": said.splitlines()[-1] if said else ""}
