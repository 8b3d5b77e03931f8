"""Delete pods with no grace at all, as `kubectl delete pod --grace-period=0 --force` does.

The object goes at once, so that its successor is made while the old containers may still be ending: with a volume that
both can mount, two writers for a moment. Kubernetes warns of it; this shows it. Nothing needs to be taken back.
"""

from chaosmongo.activity import activity

from .delete_pod import delete
from .selection import aim


@activity
def kill_pod(namespace: str, name: str = "", label_selector: str = "", timeout_s: float = 10) -> dict:  # type: ignore[type-arg]
    """Deletes the pod `name`, or all pods that `label_selector` matches, in `namespace`, with grace period 0.

    timeout_s: seconds for each request to the API server. Returns {"killed": [name, ...]}. Fails like delete_pod.
    """
    return {"killed": delete(aim(namespace, timeout_s), "kill_pod", name, label_selector, 0)}
