"""Drain a node as `kubectl drain` does: close it to new pods, then evict its pods, asking again where a budget refuses.

The node is opened again by the run's rollbacks, and at once where the drain fails.
"""

import json
import time
from contextlib import suppress
from typing import Any

from chaosmongo import guard, undo
from chaosmongo.activity import activity
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused, FaultFailed, NoCluster, NotAllowed, NothingToHit
from chaosmongo.history.records import Hit
from chaosmongo.run import Recording
from chaosmongo.undo import budget, cordon

from .delete_pod import GRACE_OF_THE_POD, check_grace
from .selection import Aim, aim, at_least, node_hit, pod_hit

ASKS_AGAIN_S = 0.5
"""After a refusal. A budget allows the next eviction by the second, and what it costs the API server is nothing."""


@activity
def drain_node(
    namespace: str,
    node: str = "",
    pod: str = "",
    grace_period_s: int = GRACE_OF_THE_POD,
    delete_emptydir_data: bool = False,
    force: bool = False,
    lift_budgets_after_s: float = 0,
    timeout_s: float = 120,
) -> dict:  # type: ignore[type-arg]
    """Drains the node `node`, or the one that the pod `pod` of `namespace` is on.

    All its pods are evicted but those of DaemonSets and static ones. A node that is not named must carry pods of
    `namespace` only, or the label chaos.mongodb/allowed=true. grace_period_s: as in delete_pod.
    delete_emptydir_data: also pods with an emptyDir, whose data are lost; force: also pods that nobody makes again.
    lift_budgets_after_s: seconds after which budgets in `namespace` that still refuse are lifted, as an operator would
    (0: never). timeout_s: seconds for the whole drain.

    Returns {"node": name, "evicted": [pod, ...], "blocked_s": seconds for which a budget refused}. Fails, before
    anything is touched, where a pod may not be evicted; and where it takes longer: then the node is opened again.
    """
    check_grace(grace_period_s)
    at_least("timeout_s", timeout_s, 1)
    at_least("lift_budgets_after_s", lift_budgets_after_s, 0)
    at = aim(namespace, 10)
    found, pods = at.node(node, pod)
    name = found["metadata"]["name"]
    if (found.get("spec") or {}).get("unschedulable"):
        raise NotAllowed(f"Node {name} is closed to new pods already, by somebody else: nothing was touched")
    evicted = _evictable(name, pods, delete_emptydir_data=delete_emptydir_data, force=force)
    arguments = {"namespace": namespace, "node": name, "pod": pod, "grace_period_s": grace_period_s}
    number = at.recording.will_undo(cordon.NAME, node=name, uid=found["metadata"]["uid"])
    hits = [node_hit(found), *map(pod_hit, evicted)]
    drain = Drain(at, name, hits[1:], grace_period_s, lift_budgets_after_s, time.monotonic() + timeout_s)
    with at.recording.fault("drain_node", hits, "replaced", arguments), undo.on_failure(at.recording, number):
        cordon.close(at.cluster, name, at.recording.marker, at.timeout_s)
        at.recording.mark("requested")
        drain.evict()
        drain.wait()
    return {"node": name, "evicted": [hit.name for hit in hits[1:]], "blocked_s": round(drain.blocked_s, 3)}


def _evictable(node: str, pods: list[Object], *, delete_emptydir_data: bool, force: bool) -> list[Object]:
    """The pods that a drain evicts. Raises NotAllowed naming those that it must not, NothingToHit."""
    moving = [pod for pod in pods if not guard.is_of_the_node(pod)]
    scratch = [pod for pod in moving if any("emptyDir" in v for v in pod["spec"].get("volumes") or [])]
    unmanaged = [
        pod for pod in moving if not any(o.get("controller") for o in pod["metadata"].get("ownerReferences") or [])
    ]
    reasons = []
    if scratch and not delete_emptydir_data:
        reasons.append(
            f"the data of {_names(scratch)} are on an emptyDir and would be lost (delete_emptydir_data: true)"
        )
    if unmanaged and not force:
        reasons.append(f"nobody would make {_names(unmanaged)} again (force: true)")
    if reasons:
        raise NotAllowed(f"Node {node} was not drained, nothing was touched: {'; '.join(reasons)}")
    if not moving:
        raise NothingToHit(f"There is no pod on node {node} that could be evicted")
    return moving


def _names(pods: list[Object]) -> str:
    return ", ".join(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods)


class Drain:
    """Evicting the pods of one node. blocked_s: for how long budgets refused at least one of them."""

    def __init__(
        self, at: Aim, node: str, hits: list[Hit], grace_period_s: int, lift_budgets_after_s: float, until: float
    ) -> None:
        self._at = at
        self._node = node
        self._hits = hits
        self._grace_period_s = grace_period_s
        self._lift_after_s = lift_budgets_after_s
        self._until = until
        self.blocked_s = 0.0

    def evict(self) -> None:
        """Returns when every eviction was accepted. Raises FaultFailed at the end of the time."""
        waiting, first_refusal = list(self._hits), 0.0
        while True:
            refused = [(hit, why) for hit in waiting if (why := self._refused(hit))]
            waiting = [hit for hit, _ in refused]
            if not refused:
                break
            first_refusal = first_refusal or time.monotonic()
            blocked_s = time.monotonic() - first_refusal
            if time.monotonic() + ASKS_AGAIN_S > self._until:
                told = "; ".join(f"{hit.namespace}/{hit.name}: {why}" for hit, why in refused)
                raise FaultFailed(f"Not evicted from {self._node} after {blocked_s:.0f} s of asking: {told}")
            if self._lift_after_s and blocked_s >= self._lift_after_s:
                _lift_budgets(self._at)
                self._lift_after_s = 0
                continue
            time.sleep(ASKS_AGAIN_S)
        if first_refusal:
            self.blocked_s = time.monotonic() - first_refusal
            self._at.recording.mark("blocked by budget")

    def _refused(self, hit: Hit) -> str:
        """Asks for the eviction of one pod; why a budget refuses it, "" where it is accepted."""
        options: dict[str, Any] = {"preconditions": {"uid": hit.uid}}
        if self._grace_period_s != GRACE_OF_THE_POD:
            options["gracePeriodSeconds"] = self._grace_period_s
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": hit.name, "namespace": hit.namespace},
            "deleteOptions": options,
        }
        path = f"/api/v1/namespaces/{hit.namespace}/pods/{hit.name}/eviction"
        try:
            self._at.cluster.post(path, eviction, self._at.timeout_s)
        except ApiRefused as refusal:
            if refusal.status == 429:
                return str(refusal)
            if refusal.status not in (404, 409):  # gone already, or replaced by another of its name
                raise
        return ""

    def wait(self) -> None:
        """Returns when all of them are gone. Raises FaultFailed at the end of the time."""
        cluster, chosen = self._at.cluster, f"spec.nodeName={self._node}"
        while True:
            answer = cluster.get("/api/v1/pods", self._at.timeout_s, fieldSelector=chosen)
            left = {hit.uid for hit in self._hits} & {pod["metadata"]["uid"] for pod in answer["items"]}
            rest_s = self._until - time.monotonic()
            if not left:
                return
            if rest_s < 1:
                names = ", ".join(hit.name for hit in self._hits if hit.uid in left)
                raise FaultFailed(f"Evicted from {self._node}, but not gone in time: {names}")
            with suppress(NoCluster, ApiRefused):  # listed anew
                self._follow(cluster, str(answer["metadata"]["resourceVersion"]), chosen, left, int(min(rest_s, 30)))

    @staticmethod
    def _follow(cluster: Cluster, version: str, chosen: str, left: set[str], seconds: int) -> None:
        for line in cluster.watch("/api/v1/pods", version, max(1, seconds), fieldSelector=chosen):
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                left.discard(event["object"]["metadata"]["uid"])
            if not left:
                return


def _lift_budgets(at: Aim) -> None:
    """Lets the namespace's budgets that allow nothing allow everything, until it is taken back."""
    recording: Recording = at.recording
    items = at.cluster.get(budget.path(at.namespace, "").rstrip("/"), at.timeout_s)["items"]
    for one in items:
        if (one.get("status") or {}).get("disruptionsAllowed", 0) > 0:
            continue
        name, before = one["metadata"]["name"], budget.limits(one["spec"])
        recording.will_undo(budget.NAME, name=name, uid=one["metadata"]["uid"], before=before)
        at.cluster.patch(budget.path(at.namespace, name), budget.change(before, budget.LIFTED), at.timeout_s)
