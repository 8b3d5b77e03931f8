"""CronJob: a Job at each time of its schedule. After kubernetes/pkg/controller/cronjob.

Each scheduled time gets one Job at most, also when the clock is set back or the controller begins anew: a Job's name
tells its time, and times up to status.lastScheduleTime are over. Without a time zone the schedule is in UTC, as it is
in a kube-controller-manager that runs in a container.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kubelab import cron
from kubelab.clock import parse, timestamp
from kubelab.controllers import ownership
from kubelab.controllers.changes import Again, Changes, Create, Delete, Event, Replace, with_status
from kubelab.controllers.job import is_finished
from kubelab.controllers.loop import Controller
from kubelab.kinds import (
    CRON_JOBS,
    JOBS,
    Key,
    Kind,
    Object,
    controlled_by,
    controller_of,
    is_terminating,
    is_true,
    key_of,
    uid_of,
)

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
LATE_S = 0.1
"""A little later than due, for clocks that differ (nextScheduleDelta)."""
LONGEST_WAIT_S = 60.0
"""When nothing is due: a timer does not notice that the clock was set, or that the machine slept."""
TOO_MANY = 100


@dataclass(frozen=True)
class Observed:
    """A CronJob and the Jobs it controls. names: of all Jobs beside it."""

    cron_job: Object
    now: datetime
    jobs: list[Object] = field(default_factory=list)
    names: frozenset[str] = frozenset()


class CronJobs(Controller):
    name = "cronjob-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        if kind == CRON_JOBS:
            return [key_of(obj)]
        owner = controller_of(obj)
        return [(obj["metadata"]["namespace"], owner["name"])] if owner and owner["kind"] == CRON_JOBS.kind else []

    def decide(self, key: Key) -> Changes:
        cron_job = self.cluster[CRON_JOBS].get(*key)
        if cron_job is None:
            return []
        jobs = self.cluster[JOBS]
        names = frozenset(job["metadata"]["name"] for job in jobs.all(key[0]))
        return reconcile(Observed(cron_job, self.cluster.now(), ownership.owned(cron_job, jobs), names))


def reconcile(observed: Observed) -> Changes:
    """What became of the Jobs, what is too old to be kept, and what is due. A new Job is told of when it is seen."""
    cron_job = observed.cron_job
    status = copy.deepcopy(cron_job.get("status", {}))
    status["active"] = list(status.get("active") or ())
    changes = _follow(observed, status)
    changes += _clean_up(observed, status)
    changes += [] if is_terminating(cron_job) else _schedule(observed, status)
    if not status["active"]:
        del status["active"]
    if status != cron_job.get("status", {}):
        changes.append(Replace(CRON_JOBS, with_status(cron_job, status), "status"))
    return changes


def scheduled_time(cron_job: Object, job: Object) -> datetime | None:
    """For which time the Job was made; None if it was not made for one, but by hand."""
    written = (job["metadata"].get("annotations") or {}).get(SCHEDULED_AT, "")
    try:
        at = parse(written).astimezone(UTC)
    except ValueError:
        return None
    return at if job["metadata"]["name"] == job_name(cron_job, at) else None


def _follow(observed: Observed, status: dict[str, Any]) -> Changes:
    """Takes the Jobs' beginnings and ends into the status."""
    cron_job, told = observed.cron_job, []
    known = {uid_of(job) for job in observed.jobs}
    for job in observed.jobs:
        name, reference = job["metadata"]["name"], next((a for a in status["active"] if a["uid"] == uid_of(job)), None)
        scheduled = scheduled_time(cron_job, job)
        if scheduled is not None:
            latest = max(scheduled, _last_time(status) or scheduled)
            status["lastScheduleTime"] = timestamp(latest)
        if is_finished(job):
            if reference is not None:
                status["active"].remove(reference)
                outcome = "Complete" if is_true(job, "Complete") else "Failed"
                text = f"Saw completed job: {name}, condition: {outcome}"
                told.append(Event(cron_job, "Normal", "SawCompletedJob", text))
            _note_success(job, status)
        elif reference is None and scheduled is not None:
            status["active"].append(_reference(job))
        elif reference is None:
            text = f"Saw a job that the controller did not create or forgot: {name}"
            told.append(Event(cron_job, "Warning", "UnexpectedJob", text))
    for missing in [a for a in status["active"] if a["uid"] not in known]:
        status["active"].remove(missing)
        told.append(Event(cron_job, "Normal", "MissingJob", f"Active job went missing: {missing['name']}"))
    return list(told)


def _note_success(job: Object, status: dict[str, Any]) -> None:
    completed = job.get("status", {}).get("completionTime")
    before = status.get("lastSuccessfulTime")
    if is_true(job, "Complete") and completed and (before is None or parse(completed) > parse(before)):
        status["lastSuccessfulTime"] = completed


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    names = {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion")}
    return {"kind": JOBS.kind, "apiVersion": JOBS.api_version, **names}


def _last_time(status: dict[str, Any]) -> datetime | None:
    return parse(status["lastScheduleTime"]) if "lastScheduleTime" in status else None


def _clean_up(observed: Observed, status: dict[str, Any]) -> Changes:
    """Of those that ended, the latest are kept."""
    spec, changes = observed.cron_job["spec"], []
    for kind, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        ended = sorted((job for job in observed.jobs if is_true(job, kind)), key=_age)
        if limit in spec:
            for job in ended[: max(0, len(ended) - spec[limit])]:
                changes += _deleted(observed.cron_job, job, status)
    return changes


def _age(job: Object) -> tuple[bool, str, str]:
    started = job.get("status", {}).get("startTime")
    return started is None, started or "", job["metadata"]["name"]


def _deleted(cron_job: Object, job: Object, status: dict[str, Any]) -> Changes:
    status["active"] = [one for one in status["active"] if one["uid"] != uid_of(job)]
    if is_terminating(job):
        return []
    told = Event(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {job['metadata']['name']}")
    return [Delete(JOBS, job, "Background"), told]


def _schedule(observed: Observed, status: dict[str, Any]) -> Changes:
    cron_job, spec, now = observed.cron_job, observed.cron_job["spec"], observed.now
    if spec.get("suspend"):
        return []
    try:
        schedule = cron.parse(spec["schedule"], _zone(cron_job))
    except ValueError as error:
        text = f'unparseable schedule: "{spec["schedule"]}" : {error}'
        return [Event(cron_job, "Warning", "UnparseableSchedule", text)]
    missed = missed_times(cron_job, status, schedule, now)
    if missed.never:
        text = "time difference between two schedules is less than 1 second"
        return [Event(cron_job, "Warning", "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {text}")]
    again = Again(_wait_s(schedule, missed, now))
    if missed.latest is None:
        return [again]
    return [*_start(observed, status, missed), again]


def _start(observed: Observed, status: dict[str, Any], missed: Missed) -> Changes:
    """A Job for the latest time that was missed, if nothing stands against it."""
    cron_job, spec, at = observed.cron_job, observed.cron_job["spec"], missed.latest
    assert at is not None
    told: Changes = []
    if missed.count > TOO_MANY:
        text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
        told.append(Event(cron_job, "Warning", "TooManyMissedTimes", text))
    name = job_name(cron_job, at)
    if name in observed.names or _last_time(status) == at:
        return told
    if spec["concurrencyPolicy"] == "Forbid" and status["active"]:
        text = "Not starting job because prior execution is running and concurrency policy is Forbid"
        return [*told, Event(cron_job, "Normal", "JobAlreadyActive", text)]
    if spec["concurrencyPolicy"] == "Replace":
        running = {one["uid"] for one in status["active"]}
        for job in observed.jobs:
            told += _deleted(cron_job, job, status) if uid_of(job) in running else []
    job = from_template(cron_job, at)
    return [*told, Create(JOBS, job), Event(cron_job, "Normal", "SuccessfulCreate", f"Created job {name}")]


@dataclass(frozen=True)
class Missed:
    """Scheduled times since the last one that was met. since: that one, or the CronJob's creation.

    latest: the one that a Job is due for, if any. count: how many there are, roughly. never: it is never due.
    """

    since: datetime
    latest: datetime | None = None
    count: int = 0
    never: bool = False


def missed_times(cron_job: Object, status: dict[str, Any], schedule: cron.Schedule, now: datetime) -> Missed:
    """As Kubernetes reckons: by the distance of the first two times, so that an uneven schedule may find none.

    A schedule of working hours that was missed from a Friday to a Monday is an example: nothing is made up for. What
    lies further back than startingDeadlineSeconds is not looked at, and not told of.
    """
    since = _last_time(status) or parse(cron_job["metadata"]["creationTimestamp"])
    earliest = since
    deadline_s = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline_s is not None:
        earliest = max(earliest, now - timedelta(seconds=deadline_s))
    first = schedule.next(earliest)
    second = schedule.next(first) if first else None
    if first is None:
        return Missed(since, never=True)
    if now < first:
        return Missed(since)
    if second is None or now < second:
        return Missed(since, first, 1)
    distance = second - first
    count = (now - first) // distance + 1
    latest, at = None, schedule.next(first + (count - 2) * distance)
    while at is not None and at <= now:
        latest, at = at, schedule.next(at)
    return Missed(since, latest, count)


def _wait_s(schedule: cron.Schedule, missed: Missed, now: datetime) -> float:
    """Seconds until it may be due next."""
    due = schedule.next(missed.latest or missed.since)
    if due is not None and due <= now:
        due = schedule.next(now)
    left_s = (due - now).total_seconds() + LATE_S if due else LONGEST_WAIT_S
    return left_s if missed.latest else min(left_s, LONGEST_WAIT_S)


def _zone(cron_job: Object) -> Any:
    """Raises ValueError."""
    name = cron_job["spec"].get("timeZone")
    return ZoneInfo(name) if name else UTC


def job_name(cron_job: Object, at: datetime) -> str:
    return f"{cron_job['metadata']['name']}-{int(at.timestamp()) // 60}"


def from_template(cron_job: Object, at: datetime) -> Object:
    template = copy.deepcopy(cron_job["spec"]["jobTemplate"])
    metadata = {key: dict((template.get("metadata") or {}).get(key) or {}) for key in ("labels", "annotations")}
    metadata["annotations"][SCHEDULED_AT] = _written(at, cron_job)
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": job_name(cron_job, at),
            "namespace": cron_job["metadata"]["namespace"],
            "ownerReferences": [controlled_by(CRON_JOBS, cron_job)],
            **metadata,
        },
        "spec": template["spec"],
    }


def _written(at: datetime, cron_job: Object) -> str:
    """RFC 3339, in the schedule's time zone."""
    return at.astimezone(_zone(cron_job)).isoformat(timespec="seconds").replace("+00:00", "Z")
