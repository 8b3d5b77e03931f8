"""Cut pods off the network with a NetworkPolicy that lets nobody in, for a while.

Taken back by removing the policy, which bears the run's marker. It needs a network that enforces policies.
"""

import time

from chaosmongo import undo
from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument
from chaosmongo.undo import policy

from .selection import aim, at_least, pod_hit


@activity
def cut_off(namespace: str, label_selector: str, for_s: float = 10, timeout_s: float = 10) -> dict:  # type: ignore[type-arg]
    """Lets nobody reach the pods that `label_selector` (key=value,...) matches for `for_s` seconds.

    timeout_s: seconds for each request to the API server. Returns {"cut_off": [pod, ...]}. Fails where nothing matches.
    """
    at_least("for_s", for_s, 0.1)
    labels = dict(part.partition("=")[::2] for part in str(label_selector).split(","))
    if not all(labels) or not all(labels.values()):
        raise BadArgument(f"label_selector is {label_selector!r}: it must be key=value, or several with commas between")
    at = aim(namespace, timeout_s)
    hits = [pod_hit(pod) for pod in at.pods(label_selector=label_selector)]
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": policy.name(at.recording.marker), "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": []},
    }
    number = at.recording.will_undo(policy.NAME, policy=policy.name(at.recording.marker))
    arguments = {"namespace": namespace, "label_selector": label_selector, "for_s": for_s}
    with at.recording.fault("cut_off", hits, "cut off", arguments), undo.afterwards(at.recording, number):
        at.cluster.post(policy.path(namespace), body, timeout_s)
        at.recording.mark("requested")
        time.sleep(for_s)
    at.recording.mark("let in again")
    return {"cut_off": [hit.name for hit in hits]}
