"""Job: which pods it makes, how it counts them, and when it is over."""

from __future__ import annotations

import copy
import re
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubelab.clock import timestamp
from kubelab.controllers import ttl
from kubelab.controllers.changes import Again, Change, Create, Delete, Patch, Replace
from kubelab.controllers.indexes import compressed, expanded, pending
from kubelab.controllers.job import Observed, endings_of, is_finished, reconcile
from kubelab.controllers.jobpods import Ending, back_off_s
from kubelab.kinds import is_terminating, is_true, uid_of

from .objects import NOW, events, job, job_pod, told, written_status

Object = dict[str, Any]

INDEXED = {"completionMode": "Indexed", "completions": 4, "parallelism": 4}
STARTED = {"startTime": timestamp(NOW), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
MET = {"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached", "message": "m"}
ENDED = {"type": "Failed", "status": "True", "lastTransitionTime": timestamp(NOW)}
TARGET = {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}


def observed(made: Object, *pods: Object, after_s: float = 0, **known: Any) -> Observed:
    return Observed(made, NOW + timedelta(seconds=after_s), list(pods), **known)


def status(made: Object, *pods: Object, **options: Any) -> Object:
    written = written_status(reconcile(observed(made, *pods, **options)))
    assert written is not None
    return written


def conditions(written: Object) -> list[tuple[str, str, str]]:
    return [(c["type"], c["status"], c["reason"]) for c in written.get("conditions", ())]


def created(changes: list[Change]) -> list[Object]:
    return [change.obj for change in changes if isinstance(change, Create)]


def waits(changes: list[Change]) -> list[float]:
    return [change.after_s for change in changes if isinstance(change, Again)]


class TestHowManyPods:
    @pytest.mark.parametrize(
        ("spec", "pods", "made"),
        [
            ({}, [], 1),
            ({}, ["Running"], 0),
            ({"completions": 5, "parallelism": 3}, [], 3),
            ({"completions": 5, "parallelism": 3}, ["Running", "Succeeded"], 2),
            ({"completions": 5, "parallelism": 3}, ["Succeeded"] * 4, 1),
            ({"completions": 5, "parallelism": 0}, [], 0),
            ({"completions": 0}, [], 0),
            ({"parallelism": 3}, ["Running"], 2),
            ({"parallelism": 3}, ["Running", "Succeeded"], 0),
            ({"suspend": True}, [], 0),
        ],
    )
    def test_as_many_as_may_run_at_once_and_are_still_needed(self, spec: Object, pods: list[str], made: int) -> None:
        found = job(**spec)
        assert len(created(reconcile(observed(found, *(job_pod(found, phase) for phase in pods))))) == made

    def test_too_many_go_and_those_that_do_least_go_first(self) -> None:
        found = job(completions=5, parallelism=1)
        running, waiting = job_pod(found), job_pod(found, "Pending", node=None)
        changes = reconcile(observed(found, running, waiting))
        name = waiting["metadata"]["name"]
        assert told(changes) == [f"patch Pod {name}", f"delete Pod {name}"]  # It will not be counted.
        assert events(changes) == [f"SuccessfulDelete: Deleted pod: {name}"]
        assert written_status(changes) == STARTED | {"active": 1, "ready": 1, "terminating": 1}

    def test_a_new_pod_is_to_be_counted_and_told(self) -> None:
        changes = reconcile(observed(job("x" * 63)))
        (made,) = created(changes)
        assert made["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
        assert re.fullmatch("x{58}[a-z0-9]{5}", made["metadata"]["name"])
        assert events(changes) == [f"SuccessfulCreate: Created pod: {made['metadata']['name']}"]
        assert written_status(changes) == STARTED | {"active": 1}

    def test_a_job_that_is_being_deleted_makes_none_and_lets_go_of_all(self) -> None:
        found = job()
        found["metadata"]["deletionTimestamp"] = timestamp(NOW)
        running = job_pod(found)
        assert told(reconcile(observed(found, running))) == [f"patch Pod {running['metadata']['name']}"]


class TestIndexes:
    def test_each_pod_has_one_and_its_containers_know_it(self) -> None:
        made = created(reconcile(observed(job(**INDEXED | {"parallelism": 2}))))
        assert [re.sub("-[a-z0-9]{5}$", "", one["metadata"]["name"]) for one in made] == ["check-0", "check-1"]
        first = made[0]
        assert first["spec"]["hostname"] == "check-0"
        name = "batch.kubernetes.io/job-completion-index"
        assert first["metadata"]["annotations"][name] == first["metadata"]["labels"][name] == "0"
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{name}']"}}
        assert first["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]

    @pytest.mark.parametrize(
        ("pods", "missing"),
        [
            ([], [0, 1, 2, 3]),
            ([("Running", 1)], [0, 2, 3]),
            ([("Succeeded", 0), ("Running", 3)], [1, 2]),
            ([("Failed", 0), ("Running", 1), ("Running", 2), ("Running", 3)], [0]),
        ],
    )
    def test_the_first_that_neither_succeeded_nor_are_running(
        self, pods: list[tuple[str, int]], missing: list[int]
    ) -> None:
        found = job(**INDEXED)
        seen = [job_pod(found, phase, index=index) for phase, index in pods]
        made = created(reconcile(observed(found, *seen, after_s=60)))
        assert [int(one["metadata"]["name"].split("-")[1]) for one in made] == missing

    def test_two_of_one_index_or_one_of_none_are_too_many(self) -> None:
        found = job(**INDEXED | {"parallelism": 2})
        twin, kept, lost, beyond = (job_pod(found, index=index) for index in (0, 0, None, 4))
        twin["status"]["phase"] = "Pending"
        changes = reconcile(observed(found, twin, kept, lost, beyond))
        deleted = {change.obj["metadata"]["name"] for change in changes if isinstance(change, Delete)}
        assert deleted == {one["metadata"]["name"] for one in (twin, lost, beyond)}

    def test_an_index_counts_once(self) -> None:
        found = job(**INDEXED, status=STARTED | {"completedIndexes": "0", "succeeded": 1})
        pods = [job_pod(found, "Succeeded", index=index) for index in (0, 2, 2, 7)]
        written = status(found, *pods)
        assert (written["succeeded"], written["completedIndexes"]) == (2, "0,2")

    @pytest.mark.parametrize(
        ("indexes", "text"),
        [([], ""), ([0], "0"), ([0, 1], "0,1"), ([2, 0, 1], "0-2"), ([0, 2, 3, 5, 6, 7, 9], "0,2,3,5-7,9")],
    )
    def test_they_are_written_short(self, indexes: list[int], text: str) -> None:
        assert compressed(indexes) == text
        assert expanded(text, 10) == set(indexes)

    @given(st.sets(st.integers(0, 40)), st.integers(0, 50))
    def test_what_is_written_is_read_again(self, indexes: set[int], completions: int) -> None:
        assert expanded(compressed(indexes), completions) == {i for i in indexes if i < completions}

    def test_what_cannot_be_read_is_left_out(self) -> None:
        assert expanded("0,x,3-2,5-6,-1,8-", 10) == {0, 5, 6}
        assert pending({0, 2}, 3, 5) == [1]


class TestCounting:
    """Noted in the status, let go, counted: in this order, whatever is cut off in between."""

    def test_a_pod_that_ended_is_noted_and_then_let_go(self) -> None:
        found = job(completions=2)
        ended = job_pod(found, "Succeeded")
        changes = reconcile(observed(found, ended))
        assert told(changes)[-1] == f"patch Pod {ended['metadata']['name']}"
        written = written_status(changes)
        assert written is not None
        assert (written["uncountedTerminatedPods"], written.get("succeeded")) == ({"succeeded": [uid_of(ended)]}, None)
        kinds = [type(change) for change in changes if isinstance(change, Replace | Patch)]
        assert kinds == [Replace, Patch]

    def test_one_that_is_noted_already_counts_once(self) -> None:
        ended = job_pod(job(), "Failed")
        noted = {"uncountedTerminatedPods": {"failed": [uid_of(ended)]}}
        found = job(completions=2, backoffLimit=1, status=STARTED | noted)
        changes = reconcile(observed(found, ended))
        assert (told(changes), written_status(changes)) == ([f"patch Pod {ended['metadata']['name']}"], None)

    @pytest.mark.parametrize("gone", [False, True])
    def test_one_that_was_let_go_is_counted(self, gone: bool) -> None:
        ended = job_pod(job(), "Failed", tracked=False)
        noted = {"uncountedTerminatedPods": {"failed": [uid_of(ended)]}, "failed": 2}
        found = job(completions=2, status=STARTED | noted)
        written = status(found, *([] if gone else [ended]))
        assert (written["uncountedTerminatedPods"], written["failed"]) == ({}, 3)

    def test_one_that_was_counted_is_not_counted_again(self) -> None:
        found = job(completions=3, status=STARTED | {"succeeded": 1})
        written = status(found, job_pod(found, "Succeeded", tracked=False))
        assert (written["uncountedTerminatedPods"], written["succeeded"]) == ({}, 1)

    def test_one_that_is_being_deleted_has_failed(self) -> None:
        found = job()
        leaving = job_pod(found, deleted=True)
        written = status(found, leaving)
        assert written["uncountedTerminatedPods"] == {"failed": [uid_of(leaving)]}
        assert (written["terminating"], written["ready"]) == (1, 0)

    def test_unless_the_job_waits_for_its_end(self) -> None:
        found = job(podReplacementPolicy="Failed")
        changes = reconcile(observed(found, job_pod(found, deleted=True), after_s=60))
        assert told(changes) == []
        assert written_status(changes) == STARTED | {
            "startTime": timestamp(NOW + timedelta(seconds=60)),
            "terminating": 1,
        }

    def test_one_that_is_noted_as_failed_stays_so_though_it_ends_well(self) -> None:
        late = job_pod(job(), "Succeeded", deleted=True)
        found = job(completions=2, status=STARTED | {"uncountedTerminatedPods": {"failed": [uid_of(late)]}})
        assert status(found, late)["uncountedTerminatedPods"] == {"failed": [uid_of(late)]}


class TestBackOff:
    @pytest.mark.parametrize(
        ("ends", "left_s"),
        [
            ([], 0),
            ([(0, False)], 10),
            ([(0, True)], 0),
            ([(-3, False)], 7),
            ([(-10, False)], 0),
            ([(-60, False), (0, False)], 20),
            ([(-60, False), (-30, False), (0, False)], 40),
            ([(-60, False), (-30, True), (0, False)], 10),
            ([(0, False), (0, True)], 0),
            ([(-n, False) for n in range(9)], 600),
            ([(-n, False) for n in range(99)], 600),
        ],
    )
    def test_ten_seconds_after_a_failure_doubling_until_a_success(
        self, ends: list[tuple[int, bool]], left_s: int
    ) -> None:
        endings = {str(n): Ending(NOW + timedelta(seconds=s), good) for n, (s, good) in enumerate(ends)}
        assert back_off_s(endings, NOW) == left_s

    def test_no_pod_is_made_meanwhile(self) -> None:
        found = job()
        failed = job_pod(found, "Failed")
        early = reconcile(observed(found, failed, after_s=4))
        assert (created(early), waits(early)) == ([], [6.0])
        assert len(created(reconcile(observed(found, failed, after_s=11)))) == 1

    def test_a_failure_is_remembered_though_its_pod_is_gone(self) -> None:
        found = job()
        leaving = job_pod(found, deleted=True)
        leaving["metadata"]["deletionTimestamp"] = timestamp(NOW + timedelta(seconds=30))  # The end of its grace.
        before = observed(found, leaving)
        assert created(reconcile(before)) == []
        after = observed(found, after_s=5, endings=endings_of(before))
        assert (created(reconcile(after)), waits(reconcile(after))) == ([], [5.0])


class TestSuccess:
    def test_enough_successes_are_told_and_then_the_job_is_complete(self) -> None:
        found = job(status=STARTED)
        ended = job_pod(found, "Succeeded")
        written = status(found, ended, after_s=1)
        assert conditions(written) == [("SuccessCriteriaMet", "True", "CompletionsReached")]
        assert "completionTime" not in written
        ended["metadata"]["finalizers"] = []
        found["status"] = written
        changes = reconcile(observed(found, ended, after_s=2))
        written = written_status(changes) or {}
        assert [c[0] for c in conditions(written)] == ["SuccessCriteriaMet", "Complete"]
        assert (written["completionTime"], written["succeeded"]) == (timestamp(NOW + timedelta(seconds=2)), 1)
        assert events(changes) == ["Completed: Job completed"]

    def test_it_is_not_complete_before_the_last_pod_is_gone(self) -> None:
        found = job(status=STARTED | {"conditions": [MET], "succeeded": 1})
        changes = reconcile(observed(found, job_pod(found, deleted=True, tracked=False)))
        assert [c[0] for c in conditions(written_status(changes) or {})] == ["SuccessCriteriaMet"]

    def test_without_a_number_the_others_may_finish(self) -> None:
        found = job(parallelism=2, status=STARTED)
        pods = [job_pod(found, "Succeeded"), job_pod(found)]
        assert conditions(status(found, *pods)) == []
        pods[1] = job_pod(found, "Succeeded")
        assert [c[0] for c in conditions(status(found, *pods))] == ["SuccessCriteriaMet"]


class TestFailure:
    @pytest.mark.parametrize(("limit", "failures", "over"), [(0, 0, False), (0, 1, True), (2, 2, False), (2, 3, True)])
    def test_more_failures_than_the_limit_end_it(self, limit: int, failures: int, over: bool) -> None:
        found = job(backoffLimit=limit, completions=9, parallelism=2, status=STARTED)
        running = job_pod(found)
        changes = reconcile(observed(found, running, *(job_pod(found, "Failed") for _ in range(failures))))
        expected = [("FailureTarget", "True", "BackoffLimitExceeded")] if over else []
        assert conditions(written_status(changes) or {}) == expected
        name = running["metadata"]["name"]
        assert [line for line in told(changes) if name in line] == ([f"delete Pod {name}"] if over else [])

    @pytest.mark.parametrize(("limit", "restarts", "over"), [(0, 0, False), (0, 1, True), (3, 2, False), (3, 3, True)])
    def test_restarts_of_containers_count_where_there_are_any(self, limit: int, restarts: int, over: bool) -> None:
        found = job(backoffLimit=limit, status=STARTED)
        found["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
        assert bool(conditions(status(found, job_pod(found, restarts=restarts)))) is over
        found["spec"]["template"]["spec"]["restartPolicy"] = "Never"
        assert not conditions(status(found, job_pod(found, restarts=restarts)))

    @pytest.mark.parametrize(("after_s", "over"), [(29, False), (30, True), (31, True)])
    def test_a_job_has_its_time(self, after_s: float, over: bool) -> None:
        found = job(activeDeadlineSeconds=30, status=STARTED)
        changes = reconcile(observed(found, job_pod(found), after_s=after_s))
        assert conditions(written_status(changes) or {}) == (
            [("FailureTarget", "True", "DeadlineExceeded")] if over else []
        )
        assert waits(changes) == ([] if over else [1.0])

    @pytest.mark.parametrize("policy", ["TerminatingOrFailed", "Failed"])
    def test_what_still_runs_is_stopped_counted_as_failed_and_waited_for(self, policy: str) -> None:
        found = job(
            podReplacementPolicy=policy,
            backoffLimit=0,
            completions=3,
            parallelism=2,
            status=STARTED | {"failed": 1, "conditions": [TARGET]},
        )
        leaving = job_pod(found, deleted=True)
        changes = reconcile(observed(found, leaving))
        written = written_status(changes) or {}
        assert written["uncountedTerminatedPods"] == {"failed": [uid_of(leaving)]}
        assert [c[0] for c in conditions(written)] == ["FailureTarget"]
        found["status"] = written
        last = reconcile(observed(found))
        assert conditions(written_status(last) or {})[-1] == ("Failed", "True", "BackoffLimitExceeded")
        assert (written_status(last) or {})["failed"] == 2
        assert events(last) == ["BackoffLimitExceeded: m"]

    @pytest.mark.parametrize("kind", ["Complete", "Failed"])
    def test_what_is_over_is_over(self, kind: str) -> None:
        assert is_finished(job(status={"conditions": [{"type": kind, "status": "True"}]}))
        assert not is_finished(job(status={"conditions": [{"type": kind, "status": "False"}]}))


class TestSuspension:
    def test_the_pods_go_uncounted_and_the_clock_stops(self) -> None:
        found = job(suspend=True, activeDeadlineSeconds=30, status=STARTED)
        running = job_pod(found)
        name = running["metadata"]["name"]
        changes = reconcile(observed(found, running, after_s=100))
        assert told(changes) == [f"patch Pod {name}", f"delete Pod {name}"]
        written = written_status(changes) or {}
        assert conditions(written) == [("Suspended", "True", "JobSuspended")]
        assert written["uncountedTerminatedPods"] == {}
        assert "Suspended: Job suspended" in events(changes)

    def test_one_that_is_created_so_has_not_begun(self) -> None:
        written = status(job(suspend=True))
        assert "startTime" not in written
        assert conditions(written) == [("Suspended", "True", "JobSuspended")]

    def test_resumed_it_has_all_its_time_again(self) -> None:
        suspended = {"type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended"}
        found = job(activeDeadlineSeconds=30, status=STARTED | {"conditions": [suspended]})
        changes = reconcile(observed(found, after_s=20))
        written = written_status(changes) or {}
        assert conditions(written) == [("Suspended", "False", "JobResumed")]
        assert written["startTime"] == timestamp(NOW + timedelta(seconds=20))
        assert waits(changes) == [30.0]


class TestTimeToLive:
    @pytest.mark.parametrize(("after_s", "expected"), [(0, 5.0), (4, 1.0), (5, "Foreground"), (50, "Foreground")])
    def test_a_job_goes_with_its_pods_so_long_after_its_end(self, after_s: float, expected: Any) -> None:
        found = job(ttlSecondsAfterFinished=5, status={"conditions": [ENDED]})
        (change,) = ttl.reconcile(ttl.Observed(found, NOW + timedelta(seconds=after_s)))
        assert (change.propagation if isinstance(change, Delete) else waits([change])[0]) == expected

    def test_not_while_it_runs_nor_without_a_time_nor_twice(self) -> None:
        ended = {"conditions": [ENDED]}
        going = job(ttlSecondsAfterFinished=0, status=ended)
        going["metadata"]["deletionTimestamp"] = timestamp(NOW)
        for found in (job(ttlSecondsAfterFinished=0), job(status=ended), going):
            assert ttl.reconcile(ttl.Observed(found, NOW + timedelta(hours=1))) == []


class World:
    """A Job, its pods, a kubelet that is told what to do, and a controller that may be cut off after any change."""

    def __init__(self, **spec: Any) -> None:
        self.job = job(**spec)
        self.pods: dict[str, Object] = {}
        self.made = self.dropped = 0
        self.now = NOW
        self._memory: dict[str, Ending] = {}
        self._uids = count(1)

    def work(self, most: int | None = None) -> None:
        """most: how many changes are made before the controller is cut off, and forgets everything."""
        self.now += timedelta(seconds=700)
        if is_finished(self.job):
            return
        seen = Observed(copy.deepcopy(self.job), self.now, copy.deepcopy(list(self.pods.values())), self._memory)
        self._memory = endings_of(seen)
        for change in reconcile(seen)[:most]:
            self._make(change)
        if most is not None:
            self._memory = {}

    def _make(self, change: Change) -> None:
        match change:
            case Create(_, made):
                self.made += 1
                made["metadata"] |= {"uid": f"pod-{next(self._uids)}", "creationTimestamp": timestamp(self.now)}
                self.pods[made["metadata"]["uid"]] = made | {"status": {"phase": "Running"}}
            case Replace(_, written, "status"):
                self.job["status"] = written["status"]
            case Patch(_, found, body):
                self.dropped += found["status"]["phase"] == "Running" and not is_terminating(found)  # One too many.
                self.pods[uid_of(found)]["metadata"]["finalizers"] = body["metadata"]["finalizers"]
                self._forget(uid_of(found))
            case Delete(_, found):
                self.delete(uid_of(found))

    def delete(self, uid: str) -> None:
        self.pods[uid]["metadata"]["deletionTimestamp"] = timestamp(self.now)
        self._forget(uid)

    def end(self, uid: str, phase: str) -> None:
        """A phase is final."""
        if self.pods[uid]["status"]["phase"] == "Running":
            self.pods[uid]["status"]["phase"] = phase
        self._forget(uid)

    def _forget(self, uid: str) -> None:
        metadata, phase = self.pods[uid]["metadata"], self.pods[uid]["status"]["phase"]
        if "deletionTimestamp" in metadata and phase != "Running" and not metadata.get("finalizers"):
            del self.pods[uid]

    def counts(self) -> tuple[int, int]:
        told = self.job.get("status", {})
        return told.get("succeeded", 0), told.get("failed", 0)


ACTIONS = st.lists(st.tuples(st.sampled_from(["work", "cut", "good", "bad", "delete"]), st.integers(0, 9)), max_size=40)


@settings(max_examples=40)
@given(ACTIONS, st.integers(1, 4), st.integers(1, 3), st.integers(0, 9))
def test_no_pod_is_lost_or_counted_twice(
    actions: list[tuple[str, int]], completions: int, parallelism: int, limit: int
) -> None:
    world = World(completions=completions, parallelism=parallelism, backoffLimit=limit)
    before = (0, 0)
    for action, number in actions:
        uids = list(world.pods)
        if action in ("work", "cut"):
            world.work(number if action == "cut" else None)
        elif uids and action == "delete":
            world.delete(uids[number % len(uids)])
        elif uids:
            world.end(uids[number % len(uids)], "Succeeded" if action == "good" else "Failed")
        assert all(now >= then for now, then in zip(world.counts(), before, strict=True)), "a count went down"
        before = world.counts()
    for _ in range(60):
        world.work()
        for uid in list(world.pods):
            world.end(uid, "Succeeded")
    assert is_finished(world.job)
    succeeded, failed = world.counts()
    assert succeeded + failed + world.dropped == world.made
    assert failed > limit if is_true(world.job, "Failed") else succeeded >= completions
    assert is_true(world.job, "Failed") != is_true(world.job, "Complete")
