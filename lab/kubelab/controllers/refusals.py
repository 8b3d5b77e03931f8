"""What a controller tells about its owner when the API server refuses a pod: why there is none.

After kubernetes/pkg/controller/controller_utils.go and statefulset/stateful_pod_control.go.
"""

from __future__ import annotations

from kubelab.controllers.changes import Change, Create, Event
from kubelab.errors import ApiError
from kubelab.kinds import PODS, controller_of

REFUSED = (403, 422)
ENDING = "is being terminated"
"""In the message of a namespace that ends: nothing is wrong with the pod."""


def told(change: Change, error: ApiError) -> Event | None:
    """The event about the owner of a pod that was refused; None for anything else."""
    if not isinstance(change, Create) or change.kind != PODS or error.status not in REFUSED or ENDING in error.message:
        return None
    pod = change.obj["metadata"]
    owner = controller_of(change.obj)
    if owner is None:
        return None
    metadata = {"name": owner["name"], "namespace": pod["namespace"], "uid": owner["uid"]}
    about = {"kind": owner["kind"], "apiVersion": owner["apiVersion"], "metadata": metadata}
    message = f"Error creating: {error.message}"
    if owner["kind"] == "StatefulSet":
        message = f"create Pod {pod['name']} in StatefulSet {owner['name']} failed error: {error.message}"
    return Event(about, "Warning", "FailedCreate", message)
