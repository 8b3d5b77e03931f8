"""Where a StatefulSet's first pod is now, as its watch events tell."""

from typing import Any

from chaosmongo.history.records import ClusterEvent

MONGO_PORT = 27017
"""Where MongoDB listens unless its container says otherwise."""


class Pods:
    """Follows the pod with ordinal 0 of one StatefulSet."""

    def __init__(self, statefulset: str) -> None:
        self.name = f"{statefulset}-0"
        self.known = False
        """Whether the pod was ever seen."""
        self.uid = ""
        self.node = ""
        self.restarts = 0
        """The sum over its containers."""
        self.address = ""
        """"" while there is no such pod, or it has no address yet."""
        self.port = MONGO_PORT
        self.ready = False
        self.ready_ns = 0
        """When it was last seen to become Ready, or to be so from the beginning."""

    def see(self, event: ClusterEvent) -> bool:
        """Takes in an event of the pods; whether the address changed."""
        before = self.address
        for pod in event.items or [event.object]:
            if pod and pod["metadata"]["name"] == self.name:
                self._take(pod, gone=event.kind == "DELETED", time_ns=event.time_ns)
        return self.address != before

    def _take(self, pod: dict[str, Any], gone: bool, time_ns: int) -> None:
        uid = pod["metadata"]["uid"]
        if gone:
            if uid == self.uid:
                self.uid, self.address, self.ready = "", "", False
            return
        self.known = True
        status = pod.get("status") or {}
        self.uid = uid
        self.node = pod["spec"].get("nodeName") or ""
        self.restarts = restarts(pod)
        self.address = status.get("podIP") or ""
        ports = [port["containerPort"] for c in pod["spec"].get("containers", []) for port in c.get("ports") or []]
        self.port = ports[0] if ports else MONGO_PORT
        conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
        ready = conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]
        if ready and not self.ready:
            self.ready_ns = time_ns
        self.ready = ready


def restarts(pod: dict[str, Any]) -> int:
    """How often the containers of a pod have been restarted."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(status.get("restartCount") or 0) for status in statuses)
