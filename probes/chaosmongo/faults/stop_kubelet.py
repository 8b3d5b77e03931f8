"""Stop a node's kubelet while its containers go on: the cluster takes for dead what still serves, and writes.

Kubernetes has no way to do this, so the configuration's kubelet_stop_command does it, and node_start_command takes it
back.
"""

from chaosmongo.activity import activity

from .nodes import strike


@activity
def stop_kubelet(namespace: str, node: str = "", pod: str = "", timeout_s: float = 60) -> dict:  # type: ignore[type-arg]
    """Stops the kubelet of the node `node`, or of the one that the pod `pod` of `namespace` is on, until
    take_back_faults.

    Which nodes are allowed: as crash_node. timeout_s: seconds for the command. Returns {"node": name}. Fails where a
    command is not set, or fails.
    """
    return {"node": strike("stop_kubelet", "silent", "kubelet_stop_command", namespace, node, pod, timeout_s)}
