"""PodDisruptionBudget: how many of the pods that it covers may go now.

After kubernetes/pkg/controller/disruption (disruption.go). The API server spends what is written here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kubelab.clock import parse, timestamp
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Changes, Event, Replace, with_status
from kubelab.controllers.loop import Controller
from kubelab.kinds import (
    BUDGETS,
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    Key,
    Kind,
    Object,
    condition,
    controller_of,
    is_terminating,
    key_of,
    matches_selector,
    uid_of,
)

DELETION_TIMEOUT_S = 120.0
"""How long an evicted pod counts as gone while nobody has begun to delete it."""
SCALED = (STATEFUL_SETS, REPLICA_SETS, DEPLOYMENTS)


@dataclass(frozen=True)
class Observed:
    """A budget, the pods that its selector finds, and for the UID of a controller how many pods it wants.

    deployments: the UIDs of Deployments by those of their ReplicaSets.
    """

    budget: Object
    now: datetime
    pods: list[Object] = field(default_factory=list)
    replicas: Mapping[str, int] = field(default_factory=dict)
    deployments: Mapping[str, str] = field(default_factory=dict)


class Disruptions(Controller):
    name = "controllermanager"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == BUDGETS:
            return [key_of(obj)]
        budgets = self.cluster[BUDGETS].all(obj["metadata"].get("namespace", ""))
        if kind == PODS:
            return [key_of(b) for b in budgets if _covers(b, obj)]
        return [key_of(b) for b in budgets]

    def decide(self, key: Key) -> Changes:
        budget = self.cluster[BUDGETS].get(*key)
        if budget is None or is_terminating(budget):
            return []
        pods = [p for p in self.cluster[PODS].all(key[0]) if _covers(budget, p)]
        scaled = [obj for kind in SCALED for obj in self.cluster[kind].all(key[0])]
        replicas = {uid_of(obj): int(obj["spec"].get("replicas", 1)) for obj in scaled}
        sets = self.cluster[REPLICA_SETS].all(key[0])
        deployments = {uid_of(one): owner["uid"] for one in sets if (owner := controller_of(one))}
        return reconcile(Observed(budget, self.cluster.now(), pods, replicas, deployments))


def _covers(budget: Object, pod: Object) -> bool:
    """A budget without selector covers nothing, one with an empty selector everything."""
    selector = budget["spec"].get("selector")
    return selector is not None and matches_selector(selector, pod["metadata"].get("labels"))


def reconcile(observed: Observed) -> Changes:
    budget = observed.budget
    disrupted, look_again_s = _disrupted(observed)
    expected, desired = _wanted(observed)
    healthy = sum(_counts(p, disrupted) for p in observed.pods)
    allowed = healthy - desired if expected > 0 and healthy > desired else 0
    before = budget.get("status") or {}
    status = {
        "observedGeneration": budget["metadata"].get("generation", 1),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": [_condition(observed, allowed)],
    } | ({"disruptedPods": disrupted} if disrupted else {})
    changes: Changes = []
    if status != before:
        changes.append(Replace(BUDGETS, with_status(budget, status), "status"))
        if not observed.pods:
            changes.append(Event(budget, "Normal", "NoPods", "No matching pods found"))
    return [*changes, Again(look_again_s)] if look_again_s else changes


def _disrupted(observed: Observed) -> tuple[dict[str, str], float]:
    """Evicted pods whose deletion is still to be seen, and when (in seconds) the first of them counts again."""
    known = (observed.budget.get("status") or {}).get("disruptedPods") or {}
    names = {p["metadata"]["name"] for p in observed.pods if not is_terminating(p)}
    kept, ends = {}, []
    for name, since in known.items():
        left = parse(since) + timedelta(seconds=DELETION_TIMEOUT_S) - observed.now
        if name in names and left > timedelta():
            kept[name] = since
            ends.append(left.total_seconds())
    return kept, min(ends, default=0.0)


def _counts(pod: Object, disrupted: Mapping[str, str]) -> bool:
    return pod_facts.is_ready(pod) and not is_terminating(pod) and pod["metadata"]["name"] not in disrupted


def _wanted(observed: Observed) -> tuple[int, int]:
    """How many pods there should be, and how many of them healthy."""
    spec = observed.budget["spec"]
    if "maxUnavailable" in spec:
        expected = _scale(observed)
        return expected, max(0, expected - _share(spec["maxUnavailable"], expected))
    if "minAvailable" not in spec:
        return 0, 0
    least = spec["minAvailable"]
    if isinstance(least, int):
        return len(observed.pods), least
    expected = _scale(observed)
    return expected, _share(least, expected)


def _share(value: int | str, whole: int) -> int:
    """A number, or a percentage of the whole, rounded up."""
    return value if isinstance(value, int) else math.ceil(int(value.removesuffix("%")) * whole / 100)


def _scale(observed: Observed) -> int:
    """The sum of what the pods' controllers want; pods without a controller do not count."""
    owners = {owner["uid"] for p in observed.pods if (owner := controller_of(p))}
    scaled = {observed.deployments.get(uid, uid) for uid in owners}
    return sum(observed.replicas.get(uid, 0) for uid in scaled)


def _condition(observed: Observed, allowed: int) -> Object:
    status, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    before = condition(observed.budget, "DisruptionAllowed")
    unchanged = before is not None and before["status"] == status
    return {
        "type": "DisruptionAllowed",
        "status": status,
        "observedGeneration": observed.budget["metadata"].get("generation", 1),
        "lastTransitionTime": before["lastTransitionTime"] if before and unchanged else timestamp(observed.now),
        "reason": reason,
        "message": "",
    }
