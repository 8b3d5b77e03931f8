"""CronJobs. https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/

Nobody waits for a minute here: one is due every second, and others are suspended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from .conftest import Cluster, until
from .objects import cron_job, end, names
from .test_jobs import NEGATIVE, RESTARTED, TEMPLATE, refused

Object = dict[str, Any]

DRY = "/apis/batch/v1/namespaces/default/cronjobs"
ZONES = "https://www.iana.org/time-zones"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def jobs_of(cluster: Cluster, batch: str) -> list[Object]:
    return list(cluster.read(f"{batch}/jobs")["items"])


def told(cluster: Cluster, made: Object) -> set[tuple[str, str, str]]:
    """The events about it: type, reason, message."""
    where = f"/api/v1/namespaces/{made['metadata']['namespace']}/events"
    found = cluster.get(where, fieldSelector=f"involvedObject.uid={made['metadata']['uid']}").body["items"]
    return {(event["type"], event["reason"], event["message"]) for event in found}


def pod_of(cluster: Cluster, job: Object) -> Object:
    where = f"/api/v1/namespaces/{job['metadata']['namespace']}/pods"
    label = f"job-name={job['metadata']['name']}"
    return dict(until(lambda: cluster.get(where, labelSelector=label).body["items"])[0])


def test_what_is_left_out_gets_its_default(cluster: Cluster) -> None:
    made = cluster.make(DRY, cron_job("c", "@hourly"), dryRun="All")
    template = made["spec"].pop("jobTemplate")
    assert made["spec"] == {
        "schedule": "@hourly",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    assert list(template["spec"]) == ["template"]
    assert template["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert (made["metadata"]["generation"], made["status"]) == (1, {})


@pytest.mark.parametrize(
    ("schedule", "options", "field", "message"),
    [
        ("", {}, "spec.schedule", "Required value"),
        ("* * * *", {}, "spec.schedule", 'Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'),
        (
            "0 0 * * 7",
            {},
            "spec.schedule",
            'Invalid value: "0 0 * * 7": end of range (7) above maximum (6): 7',
        ),
        (
            "TZ=UTC 0 * * * *",
            {},
            "spec.schedule",
            'Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
        ),
        (
            "@daily",
            {"timeZone": "Europe/Atlantis"},
            "spec.timeZone",
            'Invalid value: "Europe/Atlantis": unknown time zone Europe/Atlantis',
        ),
        (
            "@daily",
            {"timeZone": "Local"},
            "spec.timeZone",
            f'Invalid value: "Local": timeZone must be an explicit time zone as defined in {ZONES}',
        ),
        (
            "@daily",
            {"concurrencyPolicy": "Deny"},
            "spec.concurrencyPolicy",
            'Unsupported value: "Deny": supported values: "Allow", "Forbid", "Replace"',
        ),
        ("@daily", {"startingDeadlineSeconds": -1}, "spec.startingDeadlineSeconds", NEGATIVE),
        ("@daily", {"failedJobsHistoryLimit": -1}, "spec.failedJobsHistoryLimit", NEGATIVE),
        (
            "@daily",
            {"job_spec": RESTARTED},
            f"spec.jobTemplate.{TEMPLATE}.restartPolicy",
            'Required value: valid values: "OnFailure", "Never"',
        ),
    ],
)
def test_one_that_is_not_as_it_must_be_is_refused(
    cluster: Cluster, schedule: str, options: Object, field: str, message: str
) -> None:
    assert refused(cluster, DRY, cron_job("c", schedule, **options)) == {field: message}


def test_a_name_leaves_room_for_the_minutes(cluster: Cluster) -> None:
    cluster.make(DRY, cron_job("c" * 52, "@daily"), dryRun="All")
    text = f'Invalid value: "{"c" * 53}": must be no more than 52 characters'
    assert refused(cluster, DRY, cron_job("c" * 53, "@daily")) == {"metadata.name": text}


def test_a_job_is_made_when_it_is_due_and_followed_to_its_end(cluster: Cluster, batch: str) -> None:
    made = cluster.make(f"{batch}/cronjobs", cron_job("c", "@every 1s"))
    path = f"{batch}/cronjobs/c"
    (job,) = until(lambda: jobs_of(cluster, batch))
    scheduled = job["metadata"]["annotations"][SCHEDULED_AT]
    assert job["metadata"]["name"] == f"c-{int(datetime.fromisoformat(scheduled).timestamp()) // 60}"
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": made["metadata"]["uid"]}
    assert job["metadata"]["ownerReferences"] == [{**owner, "controller": True, "blockOwnerDeletion": True}]
    status = until(lambda: (now := cluster.read(path)["status"]) and now.get("active") and now)
    assert [(one["kind"], one["name"], one["uid"]) for one in status["active"]] == [
        ("Job", job["metadata"]["name"], job["metadata"]["uid"])
    ]
    assert status["lastScheduleTime"] == scheduled
    assert cluster.patch(path, {"spec": {"suspend": True}}).status == 200
    end(cluster, pod_of(cluster, job), "Succeeded")
    over = until(lambda: (now := cluster.read(path)["status"]) and "active" not in now and now)
    assert over["lastScheduleTime"] == scheduled <= over["lastSuccessfulTime"]
    events = {
        ("Normal", "SuccessfulCreate", f"Created job {job['metadata']['name']}"),
        ("Normal", "SawCompletedJob", f"Saw completed job: {job['metadata']['name']}, condition: Complete"),
    }
    until(lambda: events <= told(cluster, made))


def by_hand(cron: Object, name: str) -> Object:
    """What `kubectl create job --from` makes of a CronJob."""
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": cron["metadata"]["name"]}
    metadata = {
        "name": name,
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [{**owner, "uid": cron["metadata"]["uid"], "controller": True}],
    }
    return {"metadata": metadata, "spec": cron["spec"]["jobTemplate"]["spec"]}


def test_a_suspended_one_makes_no_job_but_one_may_be_made_by_hand(cluster: Cluster, batch: str) -> None:
    wanted = cron_job("c", "@every 1s", suspend=True, successfulJobsHistoryLimit=1)
    made = cluster.make(f"{batch}/cronjobs", wanted)
    first = cluster.make(f"{batch}/jobs", by_hand(made, "first"))
    end(cluster, pod_of(cluster, first), "Succeeded")
    status = until(lambda: cluster.read(f"{batch}/cronjobs/c")["status"])
    assert list(status) == ["lastSuccessfulTime"]
    text = "Saw a job that the controller did not create or forgot: first"
    until(lambda: ("Warning", "UnexpectedJob", text) in told(cluster, made))
    second = cluster.make(f"{batch}/jobs", by_hand(made, "second"))
    end(cluster, pod_of(cluster, second), "Succeeded")
    until(lambda: ("Normal", "SuccessfulDelete", "Deleted job first") in told(cluster, made))
    assert names(jobs_of(cluster, batch)) == ["second"]
    cluster.delete(f"{batch}/cronjobs/c")
    until(lambda: jobs_of(cluster, batch) == [])
