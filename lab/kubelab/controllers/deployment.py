"""Deployment: replaces its pods by new ones without an outage, one ReplicaSet for each version of the template.

After kubernetes/pkg/controller/deployment (sync.go, rolling.go, progress.go).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kubelab.clock import parse, timestamp
from kubelab.controllers import ownership
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Change, Changes, Create, Delete, Event, Replace, with_status
from kubelab.controllers.loop import Controller
from kubelab.controllers.proportion import Part, proportional
from kubelab.controllers.revision import template_hash
from kubelab.kinds import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    Key,
    Kind,
    Object,
    condition,
    controlled_by,
    controller_of,
    is_terminating,
    key_of,
    uid_of,
)

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISIONS_BEFORE = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
LATE = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
ENDED = ("NewReplicaSetAvailable", LATE)
"""Reasons of the condition Progressing of a rollout that is over, one way or the other."""
NO_DEADLINE = 2**31 - 1
NOT_COPIED = {REVISION, REVISIONS_BEFORE, DESIRED, MOST, "kubectl.kubernetes.io/last-applied-configuration"}


@dataclass(frozen=True)
class Observed:
    """A Deployment, its ReplicaSets, and how many pods of those still exist in all (for strategy Recreate)."""

    deployment: Object
    now: datetime
    sets: list[Object] = field(default_factory=list)
    old_pods: int = 0


class Deployments(Controller):
    name = "deployment-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == DEPLOYMENTS:
            return [key_of(obj)]
        if kind == PODS:
            return self._of_pod(obj)
        return ownership.keys_of_owners(obj, DEPLOYMENTS, self.cluster[DEPLOYMENTS])

    def _of_pod(self, pod: Object) -> Iterable[Key]:
        # Only Recreate waits for pods themselves; for the rest, the ReplicaSet's status says it all.
        owner = controller_of(pod)
        owning_set = self.cluster[REPLICA_SETS].get(pod["metadata"]["namespace"], owner["name"]) if owner else None
        return self.keys(REPLICA_SETS, owning_set) if owning_set and is_terminating(pod) else []

    def decide(self, key: Key) -> Changes:
        found = self.cluster[DEPLOYMENTS].get(*key)
        if found is None:
            return []
        if claims := ownership.claims(found, DEPLOYMENTS, self.cluster[REPLICA_SETS]):
            return claims
        sets = ownership.owned(found, self.cluster[REPLICA_SETS])
        old = [s for s in sets if not _same_template(found, s)]
        pods = [p for s in old for p in self.cluster[PODS].indexed("controller", uid_of(s))]
        old_pods = sum(not pod_facts.is_finished(p) for p in pods)
        return reconcile(Observed(found, self.cluster.now(), sets, old_pods))


def reconcile(observed: Observed) -> Changes:
    """One step: the new ReplicaSet, the sizes of all of them, and the status."""
    if is_terminating(observed.deployment):
        return []
    rollout = Rollout(observed)
    changes = rollout.changes()
    if any(isinstance(change, Replace) and change.kind == DEPLOYMENTS for change in changes):
        return changes  # The status is written on top of the version that this makes.
    status = rollout.status()
    if status != observed.deployment.get("status"):
        changes.append(Replace(DEPLOYMENTS, with_status(observed.deployment, status), "status"))
    left_s = rollout.time_left_s()
    return changes if left_s is None else [*changes, Again(left_s)]


class Rollout:
    """One Deployment with its new ReplicaSet (None before it exists) and its old ones."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.deployment = observed.deployment
        self.spec: dict[str, Any] = observed.deployment["spec"]
        self.name: str = observed.deployment["metadata"]["name"]
        self.replicas: int = self.spec.get("replicas", 1)
        sets = sorted(observed.sets, key=lambda s: (s["metadata"].get("creationTimestamp", ""), key_of(s)))
        self.new = next((s for s in sets if _same_template(self.deployment, s)), None)
        self.old = [s for s in sets if s is not self.new]
        self.sets = sets
        strategy = self.spec.get("strategy") or {}
        self.recreate = strategy.get("type") == "Recreate"
        rolling = strategy.get("rollingUpdate") or {}
        surge = _share(rolling.get("maxSurge", "25%"), self.replicas, up=True)
        unavailable = _share(rolling.get("maxUnavailable", "25%"), self.replicas, up=False)
        self.surge = 0 if self.recreate else surge
        self.unavailable = 0 if self.recreate else (unavailable or (1 if surge == 0 else 0))

    def changes(self) -> Changes:
        if self.spec.get("paused") or self._is_rescaled():
            return self._rescale()
        revision = self._revision()
        if self.new is None:
            return [*self._recreate_down(), *self._create(revision)]
        updated = self._updated(self.new, revision)
        scaled = self._recreate_sizes() if self.recreate else self._rolling_sizes()
        return [*self._mark_deployment(revision), *self._resize(scaled, [updated]), *self._history()]

    def _is_rescaled(self) -> bool:
        """Whether another number was wanted when the sizes were set last."""
        return any(_size(s) and _annotation(s, DESIRED) not in ("", str(self.replicas)) for s in self.sets)

    def _rescale(self) -> Changes:
        """Sizes for the wanted number, without rolling out anything."""
        active = [s for s in self.sets if _size(s)]
        sizes: dict[str, int] = {}
        if len(active) > 1:
            sizes = {} if self.recreate else self._shared_sizes(active)
        elif self.sets:
            latest = (active or [self.new or self.sets[-1]])[0]
            sizes = {latest["metadata"]["name"]: self.replicas}
        return self._resize(sizes, [_with_annotations(s, self._sizes_told()) for s in active])

    def _shared_sizes(self, active: list[Object]) -> dict[str, int]:
        new = self.new
        saturated = new and _size(new) == _available(new) == self.replicas
        if new and saturated and _annotation(new, DESIRED) == str(self.replicas):
            return {s["metadata"]["name"]: 0 for s in self.old if _size(s)}
        total = sum(map(_size, active))
        parts = [Part(s["metadata"]["name"], _size(s), int(_annotation(s, MOST) or total)) for s in active]
        return proportional(parts, self.replicas + self.surge if self.replicas else 0)

    def _revision(self) -> int:
        newest_old = max((_revision_of(s) for s in self.old), default=0)
        own = _revision_of(self.new) if self.new else 0
        return max(own, newest_old + 1)

    def _create(self, revision: int) -> Changes:
        """The new ReplicaSet, at once as large as the strategy allows beside the old ones."""
        if self.recreate and self.observed.old_pods:
            return []
        template = copy.deepcopy(self.spec["template"])
        collisions = self.deployment.get("status", {}).get("collisionCount") or 0
        version = template_hash(self.spec["template"], collisions)
        labels = (template.setdefault("metadata", {}).get("labels") or {}) | {HASH: version}
        template["metadata"]["labels"] = labels
        selector = copy.deepcopy(self.spec["selector"])
        selector["matchLabels"] = (selector.get("matchLabels") or {}) | {HASH: version}
        size = self._allowed_new_size(0)
        spec = {"replicas": size, "selector": selector, "template": template}
        if self.spec.get("minReadySeconds"):
            spec["minReadySeconds"] = self.spec["minReadySeconds"]
        created: Object = {
            "apiVersion": REPLICA_SETS.api_version,
            "kind": REPLICA_SETS.kind,
            "metadata": {
                "name": f"{self.name}-{version}",
                "namespace": self.deployment["metadata"]["namespace"],
                "labels": labels,
                "annotations": self._annotations(revision),
                "ownerReferences": [controlled_by(DEPLOYMENTS, self.deployment)],
            },
            "spec": spec,
        }
        told = self._tell(f"Scaled up replica set {created['metadata']['name']} from 0 to {size}")
        return [Create(REPLICA_SETS, created), *([told] if size else []), *self._mark_deployment(revision)]

    def _annotations(self, revision: int) -> dict[str, str]:
        own = self.deployment["metadata"].get("annotations") or {}
        copied = {k: v for k, v in own.items() if k not in NOT_COPIED}
        return copied | self._sizes_told() | {REVISION: str(revision)}

    def _sizes_told(self) -> dict[str, str]:
        return {DESIRED: str(self.replicas), MOST: str(self.replicas + self.surge)}

    def _updated(self, new: Object, revision: int) -> Object:
        """The new ReplicaSet with what it has from the Deployment, but for its size."""
        before, annotations = _annotation(new, REVISION), self._annotations(revision)
        if before and int(before) < revision:
            earlier = _annotation(new, REVISIONS_BEFORE)
            annotations[REVISIONS_BEFORE] = f"{earlier},{before}" if earlier else before
        updated = _with_annotations(new, annotations)
        min_ready_s = self.spec.get("minReadySeconds") or 0
        if min_ready_s == (new["spec"].get("minReadySeconds") or 0):
            return updated
        return {**updated, "spec": updated["spec"] | {"minReadySeconds": min_ready_s}}

    def _mark_deployment(self, revision: int) -> Changes:
        annotations = self.deployment["metadata"].get("annotations") or {}
        if annotations.get(REVISION) == str(revision):
            return []
        metadata = self.deployment["metadata"] | {"annotations": annotations | {REVISION: str(revision)}}
        # By its status, as in Kubernetes: a change of annotations by the object itself counts as a generation.
        return [Replace(DEPLOYMENTS, {**self.deployment, "metadata": metadata}, "status")]

    def _allowed_new_size(self, size: int) -> int:
        """Up to the wanted number, as long as all together stay within wanted + surge."""
        if self.recreate:
            return self.replicas
        others = sum(_size(s) for s in self.old)
        room = self.replicas + self.surge - others - size
        return min(self.replicas, max(size, size + room)) if size <= self.replicas else self.replicas

    def _rolling_sizes(self) -> dict[str, int]:
        """ReplicaSet name -> size: first the new one up, and only when it stands, the old ones down."""
        assert self.new is not None
        size = _size(self.new)
        wanted = self._allowed_new_size(size)
        if wanted != size:
            return {self.new["metadata"]["name"]: wanted}
        return self._old_sizes()

    def _old_sizes(self) -> dict[str, int]:
        assert self.new is not None
        total = _size(self.new) + sum(_size(s) for s in self.old)
        least_available = self.replicas - self.unavailable
        unavailable_new = _size(self.new) - _available(self.new)
        removable = total - least_available - unavailable_new
        sizes: dict[str, int] = {}
        if removable <= 0:
            return sizes
        for old in self.old:  # First those that serve nobody anyway.
            idle = min(_size(old) - _available(old), removable)
            if idle > 0:
                sizes[old["metadata"]["name"]] = _size(old) - idle
                removable -= idle
        available = sum(min(_available(s), _size(s)) for s in self.sets)  # What is told may be older than the size.
        spare = available - least_available
        for old in self.old:
            size = sizes.get(old["metadata"]["name"], _size(old))
            down = min(size, max(0, spare))
            if down > 0:
                sizes[old["metadata"]["name"]] = size - down
                spare -= down
        return sizes

    def _recreate_sizes(self) -> dict[str, int]:
        assert self.new is not None
        sizes = {s["metadata"]["name"]: 0 for s in self.old if _size(s)}
        ready = not sizes and not self.observed.old_pods
        return sizes | ({self.new["metadata"]["name"]: self.replicas} if ready else {})

    def _recreate_down(self) -> Changes:
        if not self.recreate:
            return []
        return self._resize({s["metadata"]["name"]: 0 for s in self.old if _size(s)})

    def _resize(self, sizes: Mapping[str, int], updated: Sequence[Object] = ()) -> Changes:
        """Writes the sizes. updated: ReplicaSets with what else is to be written of them."""
        targets = {s["metadata"]["name"]: s for s in updated}
        changes: Changes = []
        for replica_set in [s for s in (self.new, *self.old) if s]:
            name = replica_set["metadata"]["name"]
            wanted, target = sizes.get(name, _size(replica_set)), targets.get(name, replica_set)
            if wanted != _size(replica_set):
                way = "up" if wanted > _size(replica_set) else "down"
                changes.append(Replace(REPLICA_SETS, {**target, "spec": target["spec"] | {"replicas": wanted}}))
                told = f"Scaled {way} replica set {name} from {_size(replica_set)} to {wanted}"
                changes.append(self._tell(told))
            elif target != replica_set:
                changes.append(Replace(REPLICA_SETS, target))
        return changes

    def _history(self) -> Changes:
        """Old ReplicaSets beyond revisionHistoryLimit, oldest first, once they are empty."""
        idle = [s for s in self.old if not _size(s) and not s.get("status", {}).get("replicas")]
        idle.sort(key=_revision_of)
        surplus = len(idle) - self.spec.get("revisionHistoryLimit", 10)
        return [Delete(REPLICA_SETS, s) for s in idle[: max(0, surplus)] if not is_terminating(s)]

    def _tell(self, message: str) -> Change:
        return Event(self.deployment, "Normal", "ScalingReplicaSet", message)

    def status(self) -> dict[str, Any]:
        sets = [s for s in (self.new, *self.old) if s]
        available = _sum(sets, "availableReplicas")
        counts = {
            "observedGeneration": self.deployment["metadata"].get("generation", 1),
            "replicas": _sum(sets, "replicas"),
            "updatedReplicas": _sum([self.new] if self.new else [], "replicas"),
            "readyReplicas": _sum(sets, "readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, sum(_size(s) for s in sets) - available),
        }
        status: dict[str, Any] = {k: v for k, v in counts.items() if v}
        status["terminatingReplicas"] = _sum(sets, "terminatingReplicas")
        if "collisionCount" in self.deployment.get("status", {}):
            status["collisionCount"] = self.deployment["status"]["collisionCount"]
        status["conditions"] = [self._available_condition(available), self._progress_condition(status)]
        return status

    def _available_condition(self, available: int) -> Object:
        if available >= self.replicas - self.unavailable:
            text = "Deployment has minimum availability."
            return self._condition("Available", "True", "MinimumReplicasAvailable", text)
        text = "Deployment does not have minimum availability."
        return self._condition("Available", "False", "MinimumReplicasUnavailable", text)

    def _progress_condition(self, status: dict[str, Any]) -> Object:
        before = condition(self.deployment, "Progressing")
        if self.spec.get("paused") or (before and before["reason"] == PAUSED):
            return self._paused_condition(before)
        if self.new is None:
            text = f'Created new replica set "{self.name}"'
            return self._condition("Progressing", "True", "NewReplicaSetCreated", text)
        subject = f'ReplicaSet "{self.new["metadata"]["name"]}"'
        counts = {status.get("updatedReplicas", 0), status.get("availableReplicas", 0), status.get("replicas", 0)}
        if counts == {self.replicas}:
            text = f"{subject} has successfully progressed."
            return self._condition("Progressing", "True", "NewReplicaSetAvailable", text)
        if before is not None and before["reason"] == "NewReplicaSetAvailable" and _settled(self):
            return dict(before)  # A complete rollout that lost a pod is still complete.
        progressed = self._has_progressed(status)
        if not progressed and self._is_late():
            return self._condition("Progressing", "False", LATE, f"{subject} has timed out progressing.")
        text = f"{subject} is progressing."
        return self._condition("Progressing", "True", "ReplicaSetUpdated", text, renewed=progressed)

    def _paused_condition(self, before: Mapping[str, Any] | None) -> Object:
        """A pause stops the clock; what was late before stays late."""
        if before and before["reason"] == LATE:
            return dict(before)
        if self.spec.get("paused"):
            return self._condition("Progressing", "Unknown", PAUSED, "Deployment is paused")
        return self._condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")

    def _has_progressed(self, status: dict[str, Any]) -> bool:
        """More pods are new, ready or available than before, or fewer are old."""
        before = self.deployment.get("status", {})
        old = [found.get("replicas", 0) - found.get("updatedReplicas", 0) for found in (before, status)]
        counts = ("updatedReplicas", "readyReplicas", "availableReplicas")
        return old[1] < old[0] or any(status.get(c, 0) > before.get(c, 0) for c in counts)

    def _is_late(self) -> bool:
        before = condition(self.deployment, "Progressing")
        return before is not None and (before["reason"] == LATE or self.time_left_s() == 0.0)

    def time_left_s(self) -> float | None:
        """Seconds until the rollout is late, if it makes no progress; None when it has no deadline, or is over."""
        before = condition(self.deployment, "Progressing")
        deadline_s = self.spec.get("progressDeadlineSeconds")
        if before is None or before["reason"] in ENDED or deadline_s in (None, NO_DEADLINE) or self.spec.get("paused"):
            return None
        late_at = parse(before["lastUpdateTime"]) + timedelta(seconds=deadline_s)
        return max(0.0, (late_at - self.observed.now).total_seconds())

    def _condition(self, name: str, status: str, reason: str, message: str, *, renewed: bool = False) -> Object:
        """renewed: it is news also if it says the same as before."""
        now = timestamp(self.observed.now)
        before = condition(self.deployment, name)
        same = before and (before["status"], before["reason"], before["message"]) == (status, reason, message)
        if before and same and not renewed:
            return dict(before)
        since = before["lastTransitionTime"] if before and before["status"] == status else now
        return {
            "type": name,
            "status": status,
            "lastUpdateTime": now,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }


def _settled(rollout: Rollout) -> bool:
    """Nothing is left of older versions: what is missing was lost or scaled, not rolled out."""
    return not any(_size(s) for s in rollout.old)


def _same_template(deployment: Object, replica_set: Object) -> bool:
    template = copy.deepcopy(replica_set["spec"]["template"])
    (template.get("metadata", {}).get("labels") or {}).pop(HASH, None)
    return _normal(template) == _normal(deployment["spec"]["template"])


def _normal(template: Object) -> Object:
    metadata = {k: v for k, v in (template.get("metadata") or {}).items() if v}
    return {**template, "metadata": metadata}


def _share(value: int | str, total: int, *, up: bool) -> int:
    """An absolute number, or a percentage of total (intstr.GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * total / 100
    return math.ceil(exact) if up else math.floor(exact)


def _size(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Object) -> int:
    return int(replica_set.get("status", {}).get("availableReplicas", 0))


def _sum(sets: list[Object], count: str) -> int:
    return sum(s.get("status", {}).get(count, 0) for s in sets)


def _annotation(replica_set: Object, name: str) -> str:
    return str((replica_set["metadata"].get("annotations") or {}).get(name, ""))


def _with_annotations(replica_set: Object, added: Mapping[str, str]) -> Object:
    known = replica_set["metadata"].get("annotations") or {}
    return {**replica_set, "metadata": replica_set["metadata"] | {"annotations": {**known, **added}}}


def _revision_of(replica_set: Object) -> int:
    return int(_annotation(replica_set, REVISION) or 0)
