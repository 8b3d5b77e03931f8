"""Cut a node's power: its containers die with it, and nobody tells the API server.

Kubernetes has no way to do this, so the configuration's node_crash_command does it, and node_start_command takes it
back.
"""

from chaosmongo.activity import activity

from .nodes import strike


@activity
def crash_node(namespace: str, node: str = "", pod: str = "", timeout_s: float = 60) -> dict:  # type: ignore[type-arg]
    """Cuts off the node `node`, or the one that the pod `pod` of `namespace` is on, until take_back_faults.

    A node that is not named must carry pods of `namespace` only, or the label chaos.mongodb/allowed=true.
    timeout_s: seconds for the command. Returns {"node": name}. Fails where a command is not set, or fails.
    """
    return {"node": strike("crash_node", "down", "node_crash_command", namespace, node, pod, timeout_s)}
