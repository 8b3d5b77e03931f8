"""StatefulSet: at most one pod per identity, in order, each with its own claims.

After kubernetes/pkg/controller/statefulset (stateful_set_control.go).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.controllers import ownership
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Change, Changes, Create, Delete, Event, Patch, Replace, with_status
from kubelab.controllers.loop import Controller
from kubelab.controllers.revision import template_hash
from kubelab.kinds import (
    CLAIMS,
    CONTROLLER_REVISIONS,
    PODS,
    STATEFUL_SETS,
    Key,
    Kind,
    Object,
    controlled_by,
    controller_of,
    is_terminating,
    key_of,
    uid_of,
)

REVISION = "controller-revision-hash"
DOOMED_LOOK_S = 0.5
REPLACE = {"$patch": "replace"}
"""In a revision's template: it is the strategic merge patch with which `kubectl rollout undo` brings it back."""


@dataclass(frozen=True)
class Observed:
    """A StatefulSet, its pods, its ControllerRevisions, and the claims in its namespace by name."""

    set: Object
    now: datetime
    pods: list[Object] = field(default_factory=list)
    revisions: list[Object] = field(default_factory=list)
    claims: Mapping[str, Object] = field(default_factory=dict)


class StatefulSets(Controller):
    name = "statefulset-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == STATEFUL_SETS:
            return [key_of(obj)]
        return ownership.keys_of_owners(obj, STATEFUL_SETS, self.cluster[STATEFUL_SETS])

    def decide(self, key: Key) -> Changes:
        cluster = self.cluster
        found = cluster[STATEFUL_SETS].get(*key)
        if found is None:
            return []
        pods, revisions = cluster[PODS], cluster[CONTROLLER_REVISIONS]
        claims = ownership.claims(found, STATEFUL_SETS, pods, lambda pod: _ordinal(key[1], pod) is not None)
        claims += ownership.claims(found, STATEFUL_SETS, revisions)
        return claims or reconcile(
            Observed(
                set=found,
                now=cluster.now(),
                pods=ownership.owned(found, pods),
                revisions=ownership.owned(found, revisions),
                claims={claim["metadata"]["name"]: claim for claim in cluster[CLAIMS].all(key[0])},
            )
        )


def reconcile(observed: Observed) -> Changes:
    """One step towards the wanted state: pods first, then the status as it was before that step."""
    if is_terminating(observed.set):
        return []
    plan = Plan(observed)
    changes = plan.revision_changes() + plan.pod_changes()
    status = plan.status()
    if status != observed.set.get("status"):
        changes.append(Replace(STATEFUL_SETS, with_status(observed.set, status), "status"))
    soonest = plan.next_availability_s()
    return changes + ([Again(soonest)] if soonest is not None else [])


class Plan:
    """What one reconciliation knows: revisions by name, pods by ordinal."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.set = observed.set
        self.spec: dict[str, Any] = observed.set["spec"]
        self.name: str = observed.set["metadata"]["name"]
        self.first: int = (self.spec.get("ordinals") or {}).get("start", 0)
        self.replicas: int = self.spec.get("replicas", 1)
        self.ordered = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        self.pods = {ordinal: pod for pod in observed.pods if (ordinal := _ordinal(self.name, pod)) is not None}
        self.templates: dict[str, Any] = {r["metadata"]["name"]: _template_of(r) for r in observed.revisions}
        self.update_revision = self._update_revision()
        current = self.set.get("status", {}).get("currentRevision")
        self._replaced: list[Object] = []  # Deleted in this step for a newer revision: counted no more.
        self.current_revision: str = current if current in self.templates else self.update_revision

    def _update_revision(self) -> str:
        for name, template in self.templates.items():
            if template == self.spec["template"]:
                return name
        collisions = self.set.get("status", {}).get("collisionCount") or 0
        return f"{self.name}-{template_hash(self.spec['template'], collisions)}"

    def revision_changes(self) -> Changes:
        """Keeps the history: the wanted template as the newest revision, no more old ones than the limit."""
        numbers = {r["metadata"]["name"]: r["revision"] for r in self.observed.revisions}
        newest = max(numbers.values(), default=0)
        if self.update_revision not in numbers:
            return [Create(CONTROLLER_REVISIONS, self._revision(newest + 1)), *self._outdated()]
        if numbers[self.update_revision] == newest:
            return self._outdated()
        again = next(r for r in self.observed.revisions if r["metadata"]["name"] == self.update_revision)
        return [Replace(CONTROLLER_REVISIONS, {**again, "revision": newest + 1}), *self._outdated()]

    def _revision(self, number: int) -> Object:
        labels = dict(self.spec["template"].get("metadata", {}).get("labels") or {})
        return {
            "apiVersion": CONTROLLER_REVISIONS.api_version,
            "kind": CONTROLLER_REVISIONS.kind,
            "metadata": {
                "name": self.update_revision,
                "namespace": self.set["metadata"]["namespace"],
                "labels": labels | {REVISION: self.update_revision},
                "ownerReferences": [controlled_by(STATEFUL_SETS, self.set)],
            },
            "data": {"spec": {"template": copy.deepcopy(self.spec["template"]) | REPLACE}},
            "revision": number,
        }

    def _outdated(self) -> Changes:
        live = {self.current_revision, self.update_revision}
        live |= {_revision_of(pod) for pod in self.observed.pods}
        idle = [r for r in self.observed.revisions if r["metadata"]["name"] not in live]
        idle.sort(key=lambda r: r["revision"])
        surplus = len(idle) - self.spec.get("revisionHistoryLimit", 10)
        return [Delete(CONTROLLER_REVISIONS, r) for r in idle[: max(0, surplus)]]

    def pod_changes(self) -> Changes:
        """Create what is missing, then delete what is too many, then replace what is outdated; in order."""
        wanted = range(self.first, self.first + self.replicas)
        changes: Changes = []
        for ordinal in wanted:
            steps, wait = self._ensure(ordinal)
            changes += steps
            if wait and self.ordered:
                return changes
        for ordinal in sorted(set(self.pods) - set(wanted), reverse=True):
            steps, wait = self._condemn(ordinal)
            changes += steps
            if wait and self.ordered:
                return changes
        return changes + self._update()

    def _ensure(self, ordinal: int) -> tuple[Changes, bool]:
        """The steps for one wanted pod, and whether its successors have to wait for it."""
        pod = self.pods.get(ordinal)
        if pod is None and self._has_doomed_claims(ordinal):
            return [Again(DOOMED_LOOK_S)], True
        if pod is None:
            name = f"{self.name}-{ordinal}"
            created = self._tell("SuccessfulCreate", f"Create Pod {name} in StatefulSet {self.name} successful")
            return [*self._missing_claims(ordinal), Create(PODS, self._pod(ordinal)), created], True
        if pod_facts.is_finished(pod):
            if is_terminating(pod):
                return [], True
            name = pod["metadata"]["name"]
            told = Event(
                self.set,
                "Warning",
                "RecreatingTerminatedPod",
                f"StatefulSet {self.set['metadata']['namespace']}/{self.name} is recreating terminated Pod {name}",
            )
            return [told, *self._delete(pod)], True
        claims = [*self._missing_claims(ordinal), *self._retention(ordinal, pod, condemned=False)]
        return claims, is_terminating(pod) or not self._is_available(pod)

    def _condemn(self, ordinal: int) -> tuple[Changes, bool]:
        """The steps for one pod too many, and whether lower ordinals have to wait for its end."""
        pod = self.pods[ordinal]
        unwell = self.ordered and not self._is_available(pod)
        if is_terminating(pod) or (unwell and ordinal != self._first_unavailable()):
            return [], True
        return [*self._retention(ordinal, pod, condemned=True), *self._delete(pod)], True

    def _first_unavailable(self) -> int | None:
        return next((ordinal for ordinal, pod in sorted(self.pods.items()) if not self._is_available(pod)), None)

    def _update(self) -> Changes:
        """Rolling update from the highest ordinal down to the partition, one unavailable pod at a time."""
        strategy = self.spec.get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return []
        partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        for ordinal in sorted(self.pods, reverse=True):
            pod = self.pods[ordinal]
            if ordinal >= partition and _revision_of(pod) != self.update_revision and not is_terminating(pod):
                self._replaced.append(pod)
                return self._delete(pod)
            if is_terminating(pod) or not self._is_available(pod):
                return []
        return []

    def _is_available(self, pod: Object) -> bool:
        min_ready_s = self.spec.get("minReadySeconds") or 0
        running = pod_facts.phase(pod) == "Running"
        return running and pod_facts.is_available(pod, min_ready_s, self.observed.now)

    def _delete(self, pod: Object) -> Changes:
        name = pod["metadata"]["name"]
        told = self._tell("SuccessfulDelete", f"Delete Pod {name} in StatefulSet {self.name} successful")
        return [Delete(PODS, pod), told]

    def _tell(self, reason: str, message: str) -> Change:
        return Event(self.set, "Normal", reason, message)

    def _pod(self, ordinal: int) -> Object:
        revision = self._revision_for(ordinal)
        pod = pod_facts.from_template(self.templates.get(revision, self.spec["template"]), STATEFUL_SETS, self.set)
        name = f"{self.name}-{ordinal}"
        metadata, spec = pod["metadata"], pod["spec"]
        metadata |= {"name": name, "generateName": f"{self.name}-"}
        metadata["labels"] = dict(metadata.get("labels") or {}) | {
            "apps.kubernetes.io/pod-index": str(ordinal),
            "statefulset.kubernetes.io/pod-name": name,
            REVISION: revision,
        }
        spec |= {"hostname": name, "subdomain": self.spec.get("serviceName", "")}
        claimed = {t["metadata"]["name"]: f"{t['metadata']['name']}-{name}" for t in self._claim_templates()}
        own = [{"name": v, "persistentVolumeClaim": {"claimName": claim}} for v, claim in claimed.items()]
        if own:
            spec["volumes"] = own + [v for v in spec.get("volumes") or () if v["name"] not in claimed]
        return pod

    def _revision_for(self, ordinal: int) -> str:
        """A lost pod below the partition comes back as it was."""
        strategy = self.spec.get("updateStrategy") or {}
        partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        return self.current_revision if ordinal < partition else self.update_revision

    def _claim_templates(self) -> list[Object]:
        return list(self.spec.get("volumeClaimTemplates") or ())

    def _claim_names(self, ordinal: int) -> list[str]:
        return [f"{t['metadata']['name']}-{self.name}-{ordinal}" for t in self._claim_templates()]

    def _missing_claims(self, ordinal: int) -> Changes:
        changes: Changes = []
        for template, name in zip(self._claim_templates(), self._claim_names(ordinal), strict=True):
            if name not in self.observed.claims:
                claim = copy.deepcopy(template)
                claim.pop("status", None)
                labels = self.spec["selector"].get("matchLabels") or {}
                metadata = claim["metadata"] | {"name": name, "namespace": self.set["metadata"]["namespace"]}
                metadata["labels"] = (claim["metadata"].get("labels") or {}) | labels
                claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
                told = f"Create Claim {name} Pod {self.name}-{ordinal} in StatefulSet {self.name} success"
                changes += [Create(CLAIMS, claim), self._tell("SuccessfulCreate", told)]
        return changes

    def _retention(self, ordinal: int, pod: Object, *, condemned: bool) -> Changes:
        """Makes a pod's claims belong to what takes them along: the set, the pod if it is one too many, or nobody."""
        policy = self.spec.get("persistentVolumeClaimRetentionPolicy") or {}
        owners: list[Object] = []
        if condemned and policy.get("whenScaled") == "Delete":
            owners = [controlled_by(PODS, pod)]
        elif policy.get("whenDeleted") == "Delete":
            owners = [controlled_by(STATEFUL_SETS, self.set)]
        changes: Changes = []
        for name in self._claim_names(ordinal):
            claim = self.observed.claims.get(name)
            if claim is None or is_terminating(claim):
                continue
            known = claim["metadata"].get("ownerReferences") or []
            wanted = [o for o in known if o["uid"] not in (uid_of(self.set), uid_of(pod))] + owners
            if wanted != known:
                changes.append(Patch(CLAIMS, claim, {"metadata": {"ownerReferences": wanted or None}}))
        return changes

    def _has_doomed_claims(self, ordinal: int) -> bool:
        """Whether claims go with the pod that had this ordinal before: its successor must not use them."""
        claims = [claim for name in self._claim_names(ordinal) if (claim := self.observed.claims.get(name))]
        return any(is_terminating(c) or (controller_of(c) or {}).get("kind") == "Pod" for c in claims)

    def status(self) -> dict[str, Any]:
        """Counted from the observed pods; a count of zero is left out where Kubernetes leaves it out."""
        pods = list(self.pods.values())
        present = [p for p in pods if not is_terminating(p) and p not in self._replaced]
        ready = [p for p in pods if pod_facts.is_running_and_ready(p)]
        status: dict[str, Any] = {
            "observedGeneration": self.set["metadata"].get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": len(ready),
            "currentReplicas": sum(_revision_of(p) == self.current_revision for p in present),
            "updatedReplicas": sum(_revision_of(p) == self.update_revision for p in present),
            "currentRevision": self.current_revision,
            "updateRevision": self.update_revision,
            "collisionCount": self.set.get("status", {}).get("collisionCount") or 0,
            "availableReplicas": sum(self._is_available(p) for p in ready),
        }
        if self._update_is_complete(status):
            status |= {"currentRevision": self.update_revision, "currentReplicas": status["updatedReplicas"]}
        optional = ("readyReplicas", "currentReplicas", "updatedReplicas")
        return {k: v for k, v in status.items() if v or k not in optional}

    def _update_is_complete(self, status: dict[str, Any]) -> bool:
        strategy = (self.spec.get("updateStrategy") or {}).get("type", "RollingUpdate")
        counts = {status["updatedReplicas"], status["readyReplicas"], status["replicas"]}
        return strategy == "RollingUpdate" and counts == {self.replicas}

    def next_availability_s(self) -> float | None:
        min_ready_s = self.spec.get("minReadySeconds") or 0
        waits = [pod_facts.available_in_s(p, min_ready_s, self.observed.now) for p in self.pods.values()]
        return min((w for w in waits if w), default=None)


def _ordinal(set_name: str, pod: Object) -> int | None:
    match = re.fullmatch(re.escape(set_name) + r"-(\d+)", pod["metadata"]["name"])
    return int(match[1]) if match else None


def _template_of(revision: Object) -> dict[str, Any]:
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key not in REPLACE}


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION, ""))
