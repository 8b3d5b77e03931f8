"""Deletes Jobs that ended long enough ago. After kubernetes/pkg/controller/ttlafterfinished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubelab.clock import parse
from kubelab.controllers.changes import Again, Changes, Delete
from kubelab.controllers.loop import Controller
from kubelab.kinds import JOBS, Key, Kind, Object, condition, is_terminating, is_true, key_of


@dataclass(frozen=True)
class Observed:
    job: Object
    now: datetime


class FinishedJobs(Controller):
    name = "ttl-after-finished-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [key_of(obj)] if "ttlSecondsAfterFinished" in obj["spec"] else []

    def decide(self, key: Key) -> Changes:
        job = self.cluster[JOBS].get(*key)
        return reconcile(Observed(job, self.cluster.now())) if job else []


def reconcile(observed: Observed) -> Changes:
    """Its pods first, then the Job."""
    job = observed.job
    ttl_s = job["spec"].get("ttlSecondsAfterFinished")
    ended = next((condition(job, kind) for kind in ("Complete", "Failed") if is_true(job, kind)), None)
    if ttl_s is None or not (ended and ended.get("lastTransitionTime")) or is_terminating(job):
        return []
    left_s = (parse(ended["lastTransitionTime"]) + timedelta(seconds=ttl_s) - observed.now).total_seconds()
    return [Again(left_s)] if left_s > 0 else [Delete(JOBS, job, "Foreground")]
