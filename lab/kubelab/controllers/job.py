"""Job: pods until enough of them have succeeded, or too many have failed. After kubernetes/pkg/controller/job.

No pod is lost or counted twice: each has a finalizer until it is counted. Its UID is first noted in the status
(uncountedTerminatedPods), then the finalizer is taken off, then the count goes up and the note goes.

podFailurePolicy, successPolicy and backoffLimitPerIndex are not looked at; the API refuses them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kubelab.clock import parse, timestamp
from kubelab.controllers import jobpods, ownership
from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Changes, Create, Delete, Event, Patch, Replace, with_status
from kubelab.controllers.indexes import compressed, expanded, index_of, pending
from kubelab.controllers.jobpods import TRACKING, Ending, Endings, is_tracked
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.replicaset import worth
from kubelab.kinds import (
    JOBS,
    PODS,
    Key,
    Kind,
    Object,
    condition,
    controller_of,
    is_terminating,
    is_true,
    key_of,
    matches_selector,
    uid_of,
)

NAME_LABEL = "batch.kubernetes.io/job-name"
OWN = "kubernetes.io/job-controller"
AT_ONCE = 500
"""The most pods that one step creates or deletes, or notes as ended."""


@dataclass(frozen=True)
class Observed:
    """A Job and the pods it controls. endings: what is remembered of pods that may be gone."""

    job: Object
    now: datetime
    pods: list[Object] = field(default_factory=list)
    endings: Endings = field(default_factory=dict)


class Jobs(Controller):
    name = "job-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._endings: dict[str, dict[str, Ending]] = {}

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == JOBS:
            return [key_of(obj)]
        orphan = [_job_of(obj)] if is_tracked(obj) and controller_of(obj) is None else []
        return [*ownership.keys_of_owners(obj, JOBS, self.cluster[JOBS]), *orphan]

    def decide(self, key: Key) -> Changes:
        job, pods = self.cluster[JOBS].get(*key), self.cluster[PODS]
        changes = _release_orphans(key, job, pods.all(key[0]))
        if job is None or is_finished(job) or job["spec"].get("managedBy", OWN) != OWN:
            if job is not None:
                self._endings.pop(uid_of(job), None)
            return changes
        if claims := ownership.claims(job, JOBS, pods):
            return changes + claims
        observed = Observed(job, self.cluster.now(), ownership.owned(job, pods), self._endings.get(uid_of(job), {}))
        self._endings[uid_of(job)] = endings_of(observed)
        return changes + reconcile(observed)


def _job_of(pod: Object) -> Key:
    """The Job that a pod belongs to or belonged to, as far as the pod tells."""
    owner, metadata = controller_of(pod), pod["metadata"]
    name = owner["name"] if owner and owner["kind"] == JOBS.kind else (metadata.get("labels") or {}).get(NAME_LABEL, "")
    return metadata["namespace"], name


def _release_orphans(key: Key, job: Object | None, pods: list[Object]) -> Changes:
    """Pods that nobody will count any more: their Job is gone, or no longer theirs."""
    found: Changes = []
    for pod in pods:
        if not is_tracked(pod) or _job_of(pod) != key:
            continue
        owner = controller_of(pod)
        if owner is not None and owner["kind"] != JOBS.kind:
            continue
        if owner is None:
            labels = pod["metadata"].get("labels")
            is_theirs = job is not None and matches_selector(job["spec"]["selector"], labels)  # It is adopted.
        else:
            is_theirs = job is not None and owner["uid"] == uid_of(job)
        if not is_theirs:
            found.append(_released(pod))
    return found


def _released(pod: Object) -> Patch:
    left = [name for name in pod["metadata"]["finalizers"] if name != TRACKING]
    return Patch(PODS, pod, {"metadata": {"finalizers": left or None}})


def is_finished(job: Object) -> bool:
    return is_true(job, "Complete") or is_true(job, "Failed")


def is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def endings_of(observed: Observed) -> dict[str, Ending]:
    """What is remembered, and what ended since."""
    found = dict(observed.endings)
    for pod in observed.pods:
        succeeded = pod_facts.phase(pod) == "Succeeded"
        if is_tracked(pod) and (succeeded or jobpods.is_failed(pod, observed.job)):
            found.setdefault(uid_of(pod), Ending(jobpods.ended_at(pod), succeeded))
    return found


class Tally:
    """The counts of a Job: what its status says, and what its pods add to it."""

    def __init__(self, observed: Observed) -> None:
        job, status = observed.job, observed.job.get("status", {})
        self.job = job
        self.completions: int = job["spec"].get("completions", 0)
        tracked = [pod for pod in observed.pods if is_tracked(pod)]
        held = {uid_of(pod) for pod in tracked}
        noted = status.get("uncountedTerminatedPods") or {}
        self._noted = {kind: list(noted.get(kind) or ()) for kind in ("succeeded", "failed")}
        self._counted = {
            kind: status.get(kind, 0) + sum(uid not in held for uid in uids) for kind, uids in self._noted.items()
        }
        self._noted = {kind: [uid for uid in uids if uid in held] for kind, uids in self._noted.items()}
        self.indexes = expanded(status.get("completedIndexes", ""), self.completions) if is_indexed(job) else set()
        self._tracked = tracked
        self._new = {"succeeded": [p for p in tracked if self._succeeded(p)]}
        self._new["failed"] = [p for p in tracked if jobpods.is_failed(p, job) and self._is_valid(p)]
        if is_indexed(job):
            self.indexes |= {index for p in self._new["succeeded"] if (index := index_of(p)) is not None}

    def _is_valid(self, pod: Object) -> bool:
        index = index_of(pod)
        return not is_indexed(self.job) or (index is not None and index < self.completions)

    def _succeeded(self, pod: Object) -> bool:
        return pod_facts.phase(pod) == "Succeeded" and uid_of(pod) not in self._noted["failed"] and self._is_valid(pod)

    def _total(self, kind: str) -> int:
        ended = {*self._noted[kind], *map(uid_of, self._new[kind])}
        return int(self._counted[kind]) + len(ended)

    @property
    def succeeded(self) -> int:
        return len(self.indexes) if is_indexed(self.job) else self._total("succeeded")

    @property
    def failed(self) -> int:
        return self._total("failed")

    def note(self, ending: str | None) -> list[Object]:
        """Notes the pods that ended; the pods that may be let go. ending: the Job's, which is that of all its pods."""
        let_go = []
        for pod in self._tracked:
            if len(self._noted["succeeded"]) + len(self._noted["failed"]) >= AT_ONCE:
                break
            succeeded, failed = pod_facts.phase(pod) == "Succeeded", jobpods.is_failed(pod, self.job)
            if not (succeeded or failed or ending or is_terminating(self.job)):
                continue
            let_go.append(pod)
            if succeeded and uid_of(pod) not in self._noted["failed"]:
                if not is_indexed(self.job):  # An index is not counted twice anyway.
                    self._add("succeeded", pod)
            elif (failed or ending == "Failed") and self._is_valid(pod):
                self._add("failed", pod)
        return let_go

    def _add(self, kind: str, pod: Object) -> None:
        if uid_of(pod) not in self._noted[kind]:
            self._noted[kind].append(uid_of(pod))

    def written(self) -> dict[str, Any]:
        """As fields of the status; what is nothing is left out."""
        succeeded = len(self.indexes) if is_indexed(self.job) else self._counted["succeeded"]
        counts = {
            "succeeded": succeeded,
            "failed": self._counted["failed"],
            "completedIndexes": compressed(self.indexes),
        }
        noted = {kind: uids for kind, uids in self._noted.items() if uids}
        return {kind: count for kind, count in counts.items() if count} | {"uncountedTerminatedPods": noted}


@dataclass
class Work:
    """What is done about the pods, and what the status will say of it."""

    changes: Changes
    active: list[Object]
    made: int = 0
    deleted: list[Object] = field(default_factory=list)

    @property
    def active_count(self) -> int:
        return len(self.active) + self.made - len(self.deleted)

    @property
    def ready_count(self) -> int:
        gone = {uid_of(pod) for pod in self.deleted}
        return sum(pod_facts.is_ready(pod) for pod in self.active if uid_of(pod) not in gone)


def reconcile(observed: Observed) -> Changes:
    job, now = observed.job, observed.now
    tally = Tally(observed)
    work = Work([], [pod for pod in observed.pods if pod_facts.is_active(pod)])
    conditions = list(job.get("status", {}).get("conditions") or ())
    starts = "startTime" not in job.get("status", {}) and not is_suspended(job)
    started_at = timestamp(now) if starts else job.get("status", {}).get("startTime")
    told: Changes = []
    ending = _ending_told(job) or _failure(observed, tally, started_at)
    if ending is not None:
        _delete(job, work, work.active, counted=True)
    elif not is_terminating(job):
        _manage(observed, tally, work)
        if _is_complete(job, tally, work):
            ending = _met(now)
        elif _suspend_or_resume(job, conditions, now, told) and not is_suspended(job):
            started_at = timestamp(now)
    if ending is not None and not _has(conditions, ending["type"]):
        conditions.append(ending)
    doomed = {uid_of(pod) for pod in work.deleted}
    let_go = [pod for pod in tally.note(_outcome(ending)) if uid_of(pod) not in doomed]
    terminating = sum(is_terminating(pod) and not pod_facts.is_finished(pod) for pod in observed.pods)
    is_over = _ending_told(job) is not None and not (let_go or terminating or work.deleted)
    status = _status(job, conditions, started_at)
    if is_over and ending is not None:
        final = ending | {
            "type": _outcome(ending),
            "lastProbeTime": timestamp(now),
            "lastTransitionTime": timestamp(now),
        }
        conditions.append(final)
        status |= {"completionTime": timestamp(now)} if final["type"] == "Complete" else {}
        told += _farewell(job, final, tally)
    status |= {"ready": work.ready_count, "terminating": terminating + len(work.deleted)} | tally.written()
    status |= {"active": work.active_count} if work.active_count else {}
    changes = list(work.changes)
    if status != job.get("status"):
        changes.append(Replace(JOBS, with_status(job, status), "status"))
    return [*changes, *told, *map(_released, let_go), *_deadline(job, started_at, now, ending)]


def _status(job: Object, conditions: list[Object], started_at: str | None) -> dict[str, Any]:
    kept = {k: v for k, v in job.get("status", {}).items() if k == "completionTime"}
    if conditions:
        kept["conditions"] = conditions
    return kept | ({"startTime": started_at} if started_at else {})


def _condition(kind: str, reason: str, message: str, now: datetime, status: str = "True") -> Object:
    at = timestamp(now)
    times = {"lastProbeTime": at, "lastTransitionTime": at}
    return {"type": kind, "status": status, **times, "reason": reason, "message": message}


def _has(conditions: Iterable[Object], kind: str) -> bool:
    return any(one["type"] == kind for one in conditions)


def _ending_told(job: Object) -> Object | None:
    """How the Job ends, as its status says already."""
    for kind in ("SuccessCriteriaMet", "FailureTarget"):
        if is_true(job, kind):
            return dict(condition(job, kind) or {})
    return None


def _outcome(ending: Object | None) -> str | None:
    if ending is None:
        return None
    return "Complete" if ending["type"] == "SuccessCriteriaMet" else "Failed"


def _met(now: datetime) -> Object:
    message = "Reached expected number of succeeded pods"
    return _condition("SuccessCriteriaMet", "CompletionsReached", message, now)


def _failure(observed: Observed, tally: Tally, started_at: str | None) -> Object | None:
    job, now = observed.job, observed.now
    limit = job["spec"].get("backoffLimit", 6)
    if tally.failed > limit or _restarted_too_often(job, observed.pods, limit):
        message = "Job has reached the specified backoff limit"
        return _condition("FailureTarget", "BackoffLimitExceeded", message, now)
    if (left_s := _left_s(job, started_at, now)) is not None and left_s <= 0:
        message = "Job was active longer than specified deadline"
        return _condition("FailureTarget", "DeadlineExceeded", message, now)
    return None


def _restarted_too_often(job: Object, pods: list[Object], limit: int) -> bool:
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(jobpods.restarts(pod) for pod in pods if pod_facts.phase(pod) in ("Running", "Pending"))
    return restarts >= max(limit, 1)


def _left_s(job: Object, started_at: str | None, now: datetime) -> float | None:
    """Seconds that the Job may still be active; None without a deadline."""
    deadline_s = job["spec"].get("activeDeadlineSeconds")
    if deadline_s is None or started_at is None or is_suspended(job):
        return None
    return (parse(started_at) + timedelta(seconds=deadline_s) - now).total_seconds()


def _deadline(job: Object, started_at: str | None, now: datetime, ending: Object | None) -> Changes:
    left_s = _left_s(job, started_at, now)
    return [Again(left_s)] if left_s is not None and ending is None else []


def _manage(observed: Observed, tally: Tally, work: Work) -> None:
    """Deletes what is too much, or creates what is missing."""
    job = observed.job
    if is_suspended(job):
        _delete(job, work, work.active, counted=False)
        return
    wanted = _wanted(job, tally, len(work.active))
    doomed = _too_many(job, work.active, len(work.active) - wanted)
    if doomed:
        _delete(job, work, doomed[:AT_ONCE], counted=False)
        return
    leaving = [pod for pod in observed.pods if is_terminating(pod) and not pod_facts.is_finished(pod)]
    waited_for = leaving if jobpods.waits_for_the_end(job) else []
    missing = wanted - len(work.active) - len(waited_for)
    if missing <= 0:
        return
    if wait_s := jobpods.back_off_s(endings_of(observed), observed.now):
        work.changes.append(Again(wait_s))
        return
    _create(job, work, _indexes_to_add(job, tally, [*work.active, *waited_for], min(missing, AT_ONCE)))


def _wanted(job: Object, tally: Tally, active: int) -> int:
    parallelism: int = job["spec"].get("parallelism", 1)
    if "completions" not in job["spec"]:  # The first success tells the others to finish.
        return active if tally.succeeded else parallelism
    return max(0, min(tally.completions - tally.succeeded, parallelism))


def _too_many(job: Object, active: list[Object], count: int) -> list[Object]:
    """Pods whose index another has, or that have none; and as many more as there are too many."""
    count = max(count, 0)
    ranked = sorted(active, key=worth)
    if not is_indexed(job):
        return ranked[:count]
    best: dict[int, Object] = {index: pod for pod in ranked if (index := index_of(pod)) is not None}
    kept = {uid_of(pod) for index, pod in best.items() if index < job["spec"]["completions"]}
    superfluous = [pod for pod in ranked if uid_of(pod) not in kept]
    others = [pod for pod in ranked if uid_of(pod) in kept]
    return superfluous + others[: max(0, count - len(superfluous))]


def _indexes_to_add(job: Object, tally: Tally, present: list[Object], count: int) -> Sequence[int | None]:
    if not is_indexed(job):
        return [None] * count
    taken = tally.indexes | {index for pod in present if (index := index_of(pod)) is not None}
    return pending(taken, tally.completions, count)


def _create(job: Object, work: Work, indexes: Sequence[int | None]) -> None:
    for index in indexes:
        pod = jobpods.from_job(job, index)
        told = f"Created pod: {pod['metadata']['name']}"
        work.changes += [Create(PODS, pod), Event(job, "Normal", "SuccessfulCreate", told)]
    work.made = len(indexes)


def _delete(job: Object, work: Work, pods: list[Object], *, counted: bool) -> None:
    """counted: they will count as failed."""
    for pod in pods:
        if not counted and is_tracked(pod):
            work.changes.append(_released(pod))
        told = f"Deleted pod: {pod['metadata']['name']}"
        work.changes += [Delete(PODS, pod), Event(job, "Normal", "SuccessfulDelete", told)]
    work.deleted = list(pods)


def _is_complete(job: Object, tally: Tally, work: Work) -> bool:
    needed = job["spec"].get("completions", 1)
    return tally.succeeded >= needed and work.active_count == 0


def _suspend_or_resume(job: Object, conditions: list[Object], now: datetime, told: Changes) -> bool:
    """Whether the condition Suspended was changed."""
    suspended = is_suspended(job)
    reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
    wanted = _condition("Suspended", reason, message, now, str(suspended))
    before = next((one for one in conditions if one["type"] == "Suspended"), None)
    if suspended == (before is not None and before["status"] == "True"):
        return False
    conditions[:] = [wanted if one is before else one for one in conditions] if before else [*conditions, wanted]
    told.append(Event(job, "Normal", "Suspended" if suspended else "Resumed", message))
    return True


def _farewell(job: Object, final: Object, tally: Tally) -> Changes:
    if final["type"] == "Failed":
        return [Event(job, "Warning", final["reason"], final["message"])]
    told: Changes = []
    if "completions" in job["spec"] and tally.succeeded > tally.completions:
        message = "Too many succeeded pods running after completion count reached"
        told.append(Event(job, "Warning", "TooManySucceededPods", message))
    return [*told, Event(job, "Normal", "Completed", "Job completed")]
