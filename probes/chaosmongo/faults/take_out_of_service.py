"""Declare a dead node out of service: its pods are removed and their volumes detached at once (Kubernetes
documentation, Node Shutdowns: non-graceful node shutdown).

What an operator does who knows that the node is off. No fault of its own: a step in the recovery from one.
"""

import time

from chaosmongo.activity import activity
from chaosmongo.cluster import Object
from chaosmongo.errors import NotAllowed, NothingToHit
from chaosmongo.run import Recording
from chaosmongo.undo import taint

from .selection import Aim, aim, at_least

LOOKS_EVERY_S = 0.2
RISK = "taking it out of service now would risk two writers"


@activity
def take_out_of_service(namespace: str, node: str = "", timeout_s: float = 120) -> dict:  # type: ignore[type-arg]
    """Waits until the node `node` (left out: the one that this run has cut off) is not Ready any more, for at most
    timeout_s seconds, and declares it out of service, until take_back_faults.

    Returns {"node": name}. Fails where the node is Ready all the time: its containers may run, and a second writer
    would be let at their volume.
    """
    at_least("timeout_s", timeout_s, 0)
    at = aim(namespace, 10)
    name, end = node or _struck(at.recording), time.monotonic() + timeout_s
    while _ready(found := _node(at, name)):
        if time.monotonic() > end:
            raise NotAllowed(f"Node {name} is Ready after {timeout_s:g} s: {RISK}")
        time.sleep(LOOKS_EVERY_S)
    at.recording.will_undo(taint.NAME, node=name, uid=found["metadata"]["uid"])
    ours = {"key": taint.KEY, "value": taint.value(at.recording.marker), "effect": "NoExecute"}

    def still_away() -> Object | None:
        return None if _ready(seen := _node(at, name)) else seen

    if not taint.retaint(still_away, at.cluster, lambda taints: [*taints, ours]):
        raise NotAllowed(f"Node {name} is Ready again: {RISK}")
    at.recording.mark("taken out of service")
    return {"node": name}


def _struck(recording: Recording) -> str:
    fault = recording.last_fault
    nodes = [hit.name for hit in fault.start.hits if hit.kind == "Node"] if fault else []
    if not nodes:
        raise NothingToHit("No node was hit in this run: name one")
    return nodes[0]


def _node(at: Aim, name: str) -> Object:
    found = at.find(f"/api/v1/nodes/{name}")
    if found is None:
        raise NothingToHit(f"There is no node {name}")
    return found


def _ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
