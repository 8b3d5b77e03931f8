"""The columns of Jobs and CronJobs."""

from __future__ import annotations

from kubelab.api.clock import parse

from .base import AGE, NAME, NONE, Column, Object, at, field, human_duration, since, wide
from .workloads import SELECTOR, TEMPLATE

STATES = ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet")
"""Conditions that are told, the first one that holds; a Job that is being deleted comes after the first two."""


def status(job: Object) -> str:
    held = [item["type"] for item in at(job, "status.conditions", ()) if item.get("status") == "True"]
    told = [state for state in STATES if state in held]
    if "deletionTimestamp" in job["metadata"] and not {"Complete", "Failed"} & set(told):
        return "Terminating"
    return told[0] if told else "Running"


def completions(job: Object) -> str:
    succeeded, parallelism = at(job, "status.succeeded", 0), at(job, "spec.parallelism", 0)
    if "completions" in job["spec"]:
        return f"{succeeded}/{job['spec']['completions']}"
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def duration(job: Object) -> str:
    began, ended = at(job, "status.startTime"), at(job, "status.completionTime")
    if not began:
        return ""
    return human_duration((parse(ended) - parse(began)).total_seconds()) if ended else since(began)


def last_schedule(cron_job: Object) -> str:
    last = at(cron_job, "status.lastScheduleTime")
    return since(last) if last else NONE


def of_job_template(name: str, key: str) -> Column:
    path = "spec.jobTemplate.spec.template.spec.containers"
    return wide(name, lambda value: ",".join(item.get(key, "") for item in at(value, path, [])))


JOBS = (
    NAME,
    Column("Status", status),
    Column("Completions", completions),
    Column("Duration", duration),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
CRON_JOBS = (
    NAME,
    Column("Schedule", field("spec.schedule")),
    Column("Timezone", field("spec.timeZone", NONE)),
    Column("Suspend", lambda value: str(at(value, "spec.suspend", NONE)), "boolean"),
    Column("Active", lambda value: len(at(value, "status.active", ())), "integer"),
    Column("Last Schedule", last_schedule),
    AGE,
    of_job_template("Containers", "name"),
    of_job_template("Images", "image"),
    wide("Selector", lambda value: NONE),  # noqa: ARG005 - a template has none
)
