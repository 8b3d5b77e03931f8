"""Jobs. https://kubernetes.io/docs/concepts/workloads/controllers/job/

Where it does not matter what runs, pods are never placed on a node: the case says how they ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Cluster, until
from .objects import condition_of, config_map, end, is_leaving, job, names
from .stage import Stage, seconds_between

Object = dict[str, Any]

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
DRY = "/apis/batch/v1/namespaces/default/jobs"
PATIENCE_S = 60.0


class Run:
    """One Job and what became of it."""

    def __init__(self, cluster: Cluster, batch: str, wanted: Object) -> None:
        self.cluster = cluster
        self.namespace = batch.rpartition("/")[2]
        self.made = cluster.make(f"{batch}/jobs", wanted)
        self.path = f"{batch}/jobs/{self.made['metadata']['name']}"

    @property
    def status(self) -> Object:
        return dict(self.cluster.read(self.path)["status"])

    def pods(self, count: int | None = None) -> list[Object]:
        """By their names; waits until there are that many."""

        def found() -> list[Object]:
            label = f"job-name={self.made['metadata']['name']}"
            items = self.cluster.get(f"/api/v1/namespaces/{self.namespace}/pods", labelSelector=label).body["items"]
            return sorted(items, key=lambda one: str(one["metadata"]["name"]))

        return found() if count is None else list(until(lambda: (pods := found()) and len(pods) == count and pods))

    def until(self, wanted: Callable[[Object], Any], timeout_s: float = PATIENCE_S) -> Object:
        """The status as soon as it is as wanted."""
        return dict(until(lambda: (status := self.status) and wanted(status) and status, timeout_s))

    def until_condition(self, kind: str) -> Object:
        """The status as soon as it has that condition."""
        return self.until(lambda status: condition_of({"status": status}, kind).get("status") == "True")

    def change(self, spec: Object) -> None:
        answer = self.cluster.patch(self.path, {"spec": spec})
        assert answer.status == 200, answer.body

    def told(self) -> list[tuple[str, str, str]]:
        """The events about the Job: type, reason, message."""
        where = f"/api/v1/namespaces/{self.namespace}/events"
        selector = f"involvedObject.uid={self.made['metadata']['uid']}"
        found = self.cluster.get(where, fieldSelector=selector).body["items"]
        return [(event["type"], event["reason"], event["message"]) for event in found]


def reasons(status: Object) -> list[tuple[str, str, str]]:
    return [(one["type"], one["status"], one["reason"]) for one in status["conditions"]]


# What the API makes of a Job, and what it refuses


def test_what_is_left_out_gets_its_default(cluster: Cluster) -> None:
    made = cluster.make(DRY, job("j"), dryRun="All")
    uid, spec = made["metadata"]["uid"], made["spec"]
    labels = {f"{prefix}controller-uid": uid for prefix in ("", "batch.kubernetes.io/")}
    labels |= {f"{prefix}job-name": "j" for prefix in ("", "batch.kubernetes.io/")}
    assert spec.pop("template")["metadata"]["labels"] == labels
    assert spec == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
    }
    assert (made["metadata"]["generation"], made["status"]) == (1, {})
    alone = cluster.make(DRY, job("j", parallelism=2), dryRun="All")
    assert "completions" not in alone["spec"]


def refused(cluster: Cluster, path: str, body: Object, **query: Any) -> dict[str, str]:
    """The fields that are wrong, each with what is said of it."""
    answer = cluster.post(path, body, dryRun="All", **query)
    assert (answer.status, answer.reason) == (422, "Invalid"), answer.body
    return {cause["field"]: cause["message"] for cause in answer.body["details"]["causes"]}


RESTARTED = {"pod": {"restartPolicy": "Always"}}
TEMPLATE = "spec.template.spec"
NEGATIVE = "Invalid value: -1: must be greater than or equal to 0"


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        (RESTARTED, f"{TEMPLATE}.restartPolicy", 'Required value: valid values: "OnFailure", "Never"'),
        ({"parallelism": -1}, "spec.parallelism", NEGATIVE),
        ({"completions": -1}, "spec.completions", NEGATIVE),
        ({"backoffLimit": -1}, "spec.backoffLimit", NEGATIVE),
        ({"activeDeadlineSeconds": -1}, "spec.activeDeadlineSeconds", NEGATIVE),
        ({"ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished", NEGATIVE),
        (
            {"completionMode": "Sorted"},
            "spec.completionMode",
            'Unsupported value: "Sorted": supported values: "Indexed", "NonIndexed"',
        ),
        (
            {"podReplacementPolicy": "Never"},
            "spec.podReplacementPolicy",
            'Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
        ),
        (
            {"completionMode": "Indexed", "parallelism": 1},
            "spec.completions",
            "Required value: when completion mode is Indexed",
        ),
        (
            {"completionMode": "Indexed", "completions": 1, "parallelism": 100001},
            "spec.parallelism",
            "Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed",
        ),
        ({"manualSelector": True}, "spec.selector", "Required value"),
    ],
)
def test_a_job_that_is_not_as_it_must_be_is_refused(
    cluster: Cluster, options: Object, field: str, message: str
) -> None:
    assert refused(cluster, DRY, job("j", **options)) == {field: message}


def test_an_indexed_job_may_not_have_a_name_that_makes_no_host(cluster: Cluster) -> None:
    body = job("j" * 62, completionMode="Indexed", completions=11)
    text = f"will not able to create pod with invalid DNS label: {'j' * 62}-10"
    assert refused(cluster, DRY, body) == {"metadata.name": f'Invalid value: "{"j" * 62}": {text}'}


def test_most_of_a_job_cannot_be_changed(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", parallelism=0, completions=3))
    image = {"containers": [{"name": "main", "image": "example.org/other:1"}]}
    for spec, field in (
        ({"completions": 4}, "spec.completions"),
        ({"completionMode": "Indexed"}, "spec.completionMode"),
        ({"template": {"spec": image}}, "spec.template"),
        ({"selector": {"matchLabels": {"a": "b"}}}, "spec.selector"),
    ):
        answer = cluster.patch(run.path, {"spec": spec}, "strategic-merge-patch")
        assert answer.status == 422, spec
        messages = {cause["field"]: cause["message"] for cause in answer.body["details"]["causes"]}
        assert field in messages
    may = {
        "parallelism": 0,
        "backoffLimit": 2,
        "activeDeadlineSeconds": 999,
        "ttlSecondsAfterFinished": 9,
        "suspend": True,
    }
    changed = cluster.patch(run.path, {"spec": may}).body
    assert {name: changed["spec"][name] for name in may} == may
    assert changed["metadata"]["generation"] == 2


# What the controller makes of it


def test_a_job_is_complete_when_its_pod_succeeded_and_keeps_the_pod(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j"))
    (pod,) = run.pods(1)
    assert re.fullmatch("j-[a-z0-9]{5}", pod["metadata"]["name"])
    assert pod["metadata"]["finalizers"] == [TRACKING]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": run.made["metadata"]["uid"]}
    assert pod["metadata"]["ownerReferences"] == [{**owner, "controller": True, "blockOwnerDeletion": True}]
    begun = run.until(lambda status: status.get("active") == 1)
    assert (begun["ready"], begun["terminating"], begun["uncountedTerminatedPods"]) == (0, 0, {})
    end(cluster, pod, "Succeeded")
    over = run.until_condition("Complete")
    assert reasons(over) == [(kind, "True", "CompletionsReached") for kind in ("SuccessCriteriaMet", "Complete")]
    assert over["succeeded"] == 1 and not {"active", "failed"} & over.keys()
    assert over["startTime"] <= over["completionTime"] and over["uncountedTerminatedPods"] == {}
    (pod,) = run.pods(1)
    assert "finalizers" not in pod["metadata"]
    told = {("Normal", "SuccessfulCreate", f"Created pod: {names([pod])[0]}"), ("Normal", "Completed", "Job completed")}
    until(lambda: set(run.told()) == told)


def test_each_index_gets_a_pod_that_is_told_which_it_is(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", completionMode="Indexed", completions=4, parallelism=2))
    first, second = run.pods(2)
    assert [re.sub("-[a-z0-9]{5}$", "", name) for name in names([first, second])] == ["j-0", "j-1"]
    assert [pod["spec"]["hostname"] for pod in (first, second)] == ["j-0", "j-1"]
    assert [pod["metadata"][where][INDEX] for pod in (first, second) for where in ("annotations", "labels")] == [
        *"0011"
    ]
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
    assert second["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]
    end(cluster, second, "Succeeded")
    assert run.until(lambda status: status.get("succeeded"))["completedIndexes"] == "1"
    *_, third = run.pods(3)
    assert third["metadata"]["annotations"][INDEX] == "2"
    for pod in (first, third):
        end(cluster, pod, "Succeeded")
    end(cluster, run.pods(4)[-1], "Succeeded")
    assert run.until_condition("Complete")["completedIndexes"] == "0-3"


def test_one_failure_too_many_ends_a_job_and_stops_the_others(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", backoffLimit=0, completions=2, parallelism=2))
    bad, other = run.pods(2)
    end(cluster, bad, "Failed")
    over = run.until_condition("Failed")
    assert reasons(over) == [(kind, "True", "BackoffLimitExceeded") for kind in ("FailureTarget", "Failed")]
    assert over["conditions"][-1]["message"] == "Job has reached the specified backoff limit"
    assert over["failed"] == 2 and not {"active", "succeeded", "completionTime"} & over.keys()
    assert names(run.pods()) == names([bad])
    told = [("Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]
    told.append(("Normal", "SuccessfulDelete", f"Deleted pod: {names([other])[0]}"))
    until(lambda: set(told) <= set(run.told()))


def test_a_pod_that_somebody_deletes_has_failed_and_is_not_lost(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", backoffLimit=0))
    (pod,) = run.pods(1)
    cluster.delete(f"/api/v1/namespaces/{run.namespace}/pods/{names([pod])[0]}")
    assert run.until_condition("Failed")["failed"] == 1
    until(lambda: run.pods() == [])


def test_a_job_has_its_time(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", activeDeadlineSeconds=1))
    over = run.until_condition("Failed")
    assert reasons(over) == [(kind, "True", "DeadlineExceeded") for kind in ("FailureTarget", "Failed")]
    assert over["conditions"][-1]["message"] == "Job was active longer than specified deadline"
    until(lambda: run.pods() == [])


def test_a_suspended_job_has_no_pods_until_it_is_resumed(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", suspend=True, completions=2, parallelism=2))
    status = run.until_condition("Suspended")
    assert reasons(status) == [("Suspended", "True", "JobSuspended")]
    assert "startTime" not in status and run.pods() == []
    run.change({"suspend": False})
    run.pods(2)
    begun = run.until(lambda status: status.get("startTime"))
    assert reasons(begun) == [("Suspended", "False", "JobResumed")]
    run.change({"suspend": True})
    until(lambda: run.pods() == [])
    assert "failed" not in run.until_condition("Suspended")


def test_a_job_runs_as_many_pods_as_it_may(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", completions=5, parallelism=3))
    run.pods(3)
    run.change({"parallelism": 1})
    (kept,) = run.pods(1)
    end(cluster, kept, "Succeeded")
    assert len(run.pods(2)) == 2
    assert run.until(lambda status: status.get("succeeded") == 1)["active"] == 1


def test_a_job_goes_some_time_after_its_end(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", ttlSecondsAfterFinished=0))
    end(cluster, *run.pods(1), "Succeeded")
    until(lambda: cluster.is_gone(run.path))
    assert run.pods() == []


def test_the_pods_of_a_deleted_job_go_with_it_or_stay(cluster: Cluster, batch: str) -> None:
    gone, left = (Run(cluster, batch, job(name, completions=2, parallelism=2)) for name in ("gone", "left"))
    for run in (gone, left):
        end(cluster, run.pods(2)[0], "Succeeded")
        run.until(lambda status: status.get("succeeded") == 1)
    assert "Warning" not in cluster.delete(gone.path, propagationPolicy="Background").headers
    warning = cluster.delete(left.path).headers["Warning"]
    assert warning.startswith(
        '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy='
    )
    until(lambda: gone.pods() == [] and cluster.is_gone(gone.path) and cluster.is_gone(left.path))
    kept = until(lambda: (pods := left.pods()) and not any("finalizers" in pod["metadata"] for pod in pods) and pods)
    assert len(kept) == 2 and not any("ownerReferences" in pod["metadata"] or is_leaving(pod) for pod in kept)


def test_kubectl_shows_how_far_a_job_is(cluster: Cluster, batch: str) -> None:
    run = Run(cluster, batch, job("j", completions=3, parallelism=2))
    end(cluster, run.pods(2)[0], "Succeeded")
    run.until(lambda status: status.get("succeeded") == 1)
    table = cluster.get(f"{batch}/jobs", headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).body
    row = dict(zip((column["name"] for column in table["columnDefinitions"]), table["rows"][0]["cells"], strict=True))
    assert re.fullmatch(r"\d+s", row.pop("Duration")) and row.pop("Age")
    uid = run.made["metadata"]["uid"]
    shown = {"Name": "j", "Status": "Running", "Completions": "1/3", "Containers": "main"}
    image = run.made["spec"]["template"]["spec"]["containers"][0]["image"]
    assert row == {**shown, "Images": image, "Selector": f"batch.kubernetes.io/controller-uid={uid}"}


# With containers that run


def on(stage: Stage, wanted: Object) -> Run:
    return Run(stage.cluster, f"/apis/batch/v1/namespaces/{stage.namespace}", wanted)


def test_indexed_pods_do_their_share(stage: Stage) -> None:
    script = "echo share $JOB_COMPLETION_INDEX of $HOSTNAME"
    run = on(stage, job("j", script=script, idle=False, completionMode="Indexed", completions=3, parallelism=3))
    run.until_condition("Complete")
    pods = run.pods(3)
    assert [stage.log(name) for name in names(pods)] == [f"share {index} of j-{index}\n" for index in range(3)]
    assert {pod["status"]["phase"] for pod in pods} == {"Succeeded"}


def test_a_pod_that_failed_is_replaced_after_a_while(stage: Stage) -> None:
    run = on(stage, job("j", script="exit 3", idle=False, backoffLimit=1))
    over = run.until_condition("Failed")
    assert over["failed"] == 2
    states = [pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in run.pods(2)]
    assert [(one["exitCode"], one["reason"]) for one in states] == [(3, "Error")] * 2
    began, ended = (sorted(one[when] for one in states) for when in ("startedAt", "finishedAt"))
    assert seconds_between(ended[0], began[1]) >= 9


def test_a_container_that_failed_is_restarted_in_its_pod(stage: Stage) -> None:
    """It fails until there is a ConfigMap, which is looked up anew at each start."""
    wanted = job("j", script='[ "$GO" ] || exit 3', idle=False, pod={"restartPolicy": "OnFailure"})
    source = {"configMapKeyRef": {"name": "go", "key": "go", "optional": True}}
    wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "GO", "valueFrom": source}]
    run = on(stage, wanted)

    def restarts() -> int:
        (pod,) = run.pods(1)
        return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))

    until(restarts, PATIENCE_S)
    stage.create(config_map("go", {"go": "now"}), "configmaps")
    assert "failed" not in run.until_condition("Complete")
    (pod,) = run.pods(1)
    (container,) = pod["status"]["containerStatuses"]
    assert (container["restartCount"] > 0, container["lastState"]["terminated"]["exitCode"]) == (True, 3)


def test_a_container_may_be_restarted_so_many_times(stage: Stage) -> None:
    run = on(stage, job("j", script="exit 3", idle=False, backoffLimit=1, pod={"restartPolicy": "OnFailure"}))
    over = run.until_condition("Failed")
    assert (condition_of({"status": over}, "Failed")["reason"], over["failed"]) == ("BackoffLimitExceeded", 1)
    until(lambda: run.pods() == [])


def test_what_still_runs_when_a_job_is_out_of_time_may_end_in_its_grace_period(stage: Stage) -> None:
    script = "trap 'sleep 2; exit 0' TERM; echo up; sleep 1000 & wait"
    run = on(stage, job("j", script=script, idle=False, pod={"terminationGracePeriodSeconds": 20}))
    stage.written("up\n", name=names(run.pods(1))[0])
    run.change({"activeDeadlineSeconds": 1})
    going = run.until_condition("FailureTarget")
    assert "Failed" not in [kind for kind, *_ in reasons(going)]
    over = run.until_condition("Failed")
    assert (over["failed"], over["terminating"]) == (1, 0)
