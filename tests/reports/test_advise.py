"""Advice: what a change would save is worked out from phases that are known, and nothing is advised without them."""

import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.history import Fault, History
from chaosmongo.history import records as r
from chaosmongo.history.results import (
    Bracket,
    Durability,
    Finding,
    LaneRecovery,
    Loss,
    Outage,
    Phase,
    Seeds,
    Verdict,
)
from recoveryreport.advisor import advise
from recoveryreport.advisor.records import Advice, Advised
from recoveryreport.advisor.words import saving
from recoveryreport.errors import UnlikeRuns

from .conftest import HOSTILE
from .typed import typed
from .verdicts import durability, lane_recovery

S = 1_000_000_000
FAULT_NS = 1_000 * S
PROBE = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
    "successThreshold": 1,
}
DELETED = {"terminating": 0.1, "gone": 1.1, "recreated": 1.2, "scheduled": 1.3, "started": 1.5, "server answers": 3.0}
"""When each mark of a deletion was reached, in seconds after the fault."""
LATE_READY = DELETED | {"ready": 12.0, "endpoint": 12.1, "driver writes": 12.3, "user scores": 12.5}
"""The database served after 3 s, and the kubelet looked again after 12 s."""

LASTED_OUT = {
    "terminating": 0.1,
    "gone": 30.3,
    "recreated": 30.4,
    "scheduled": 30.5,
    "started": 31.0,
    "server answers": 32.0,
}
"""The process was waited for until it was killed."""
EVICTED = {
    "terminating": 341.0,
    "gone": 342.0,
    "recreated": 342.1,
    "scheduled": 342.2,
    "started": 343.0,
    "server answers": 345.0,
}
"""Of a node that was no longer heard of."""
STARTED_TWICE = {
    "terminating": 0.1,
    "gone": 1.1,
    "recreated": 1.2,
    "scheduled": 1.3,
    "started": 21.3,
    "server answers": 30.3,
}
"""The start that led to service was not the first."""
PROBED_POD = {
    "metadata": {"name": "mongo-0", "ownerReferences": [{"kind": "StatefulSet", "name": "mongo"}]},
    "spec": {"containers": [{"name": "mongo", "livenessProbe": {"exec": {"command": ["ping"]}, "periodSeconds": 5}}]},
}


def ns(seconds: float) -> int:
    return round(seconds * S)


def settings(**probe: int) -> dict[str, Any]:
    """What is recorded of the demo. probe: values of its readiness probe."""
    looked = {f"mongo.mongo.readinessProbe.{key}": value for key, value in (PROBE | probe).items()}
    return {
        "mongo.replicas": 1,
        "mongo.terminationGracePeriodSeconds": 30,
        "mongo.tolerationSeconds.unreachable": 300,
        "mongo.mongo.image": "mongo:8",
        "mongo.mongo.readinessProbe": "tcpSocket",
        **looked,
    }


def lane(name: str, recovered_s: float | None, down_s: float = 0.2) -> LaneRecovery:
    """Known to 10 ms on either side."""
    start = Bracket(FAULT_NS + ns(down_s - 0.01), FAULT_NS + ns(down_s + 0.01))
    rta = Bracket(ns(recovered_s - 0.01), ns(recovered_s + 0.01)) if recovered_s is not None else None
    end = Bracket(FAULT_NS + rta.lo_ns, FAULT_NS + rta.hi_ns) if rta else None
    return lane_recovery(
        name,
        rta,
        outages=[Outage(start, end, end, 100, 100, caused=True)],
        censored_ns=ns(60) if rta is None else None,
    )


def lost_by_lane(lost: dict[str, int]) -> Durability:
    """lost: writes by lane."""
    losses = [Loss(f"{name}-{number}", name, FAULT_NS) for name, many in lost.items() for number in range(many)]
    return durability(500, len(losses), lost_writes=losses)


def recorded(
    marks: dict[str, float],
    *,
    name: str = "mongo-pod-delete/20260101T000000Z",
    gap: tuple[float, float] | None = None,
    fault: str = "delete_pod",
    arguments: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
    recovered: dict[str, float | None] | None = None,
    down_s: float = 0.2,
    lost: dict[str, int] | None = None,
    concern: dict[str, Any] | None = None,
    missing_seeds: int = 0,
    cluster: tuple[r.ClusterEvent, ...] = (),
    findings: tuple[Finding, ...] = (),
    answer: str = "passed",
    statefulset: str = "mongo",
) -> tuple[History, Verdict]:
    """A run of which this is known. marks: when phases ended; gap: of Ready; recovered: by lane."""
    start = r.FaultStart(0, fault, FAULT_NS, [], "replaced", arguments or {"grace_period_s": -1})
    plans = {one: r.LanePlan({"write": 20.0}, 0.5, via) for one, via in (("server", "pod"), ("driver", "service"))}
    run = r.Run(
        run=name,
        marker="cw-",
        title="Do the scores survive?",
        description="",
        experiment={},
        anchor=r.Anchor(0, 0),
        target=r.Target("pacman", statefulset, "pacman", "highscore"),
        objectives=r.Objectives({"server": 30.0}),
        environment=r.Environment(settings=settings() if given is None else given),
        horizon_s=60.0,
    )
    ends = [(mark, FAULT_NS + ns(at)) for mark, at in sorted(marks.items(), key=lambda one: one[1])]
    starts = [FAULT_NS, *(end for _, end in ends)]
    lanes = recovered or {
        "server": marks.get("server answers"),
        "driver": marks.get("driver writes"),
        "user": marks.get("user scores"),
    }
    verdict = Verdict(
        run=name,
        verdict=answer,  # type: ignore[arg-type]
        sentence=f"{answer}: as the test wants it",
        findings=list(findings),
        faults=[],
        recovery=[lane(one, at, down_s) for one, at in lanes.items() if at is not None],
        phases=[Phase(mark, begun, end, 0, "the test") for (mark, end), begun in zip(ends, starts, strict=False)],
        durability=lost_by_lane(lost or {}),
        seeds=Seeds(1000, 1000 - missing_seeds, missing_seeds, 0, 0),
        ready_gap=Bracket(ns(gap[0]), ns(gap[1])) if gap else None,
        doubts=[],
    )
    plan = r.Plan(FAULT_NS, plans, {"w": 1} if concern is None else concern, False, 64)
    return History(run, plan=plan, faults=[Fault(start, None)], cluster=list(cluster)), verdict


def late_ready(number: int = 0, **what: Any) -> tuple[History, Verdict]:
    """The kubelet's next look was nine seconds away."""
    return recorded(LATE_READY, gap=(8.9, 9.0), **({"name": f"mongo-pod-delete/2026010{number}T000000Z"} | what))


def only(found: Advised) -> Advice:
    (one,) = found.advice
    return one


def nothing(found: Advised, setting: str) -> str:
    """Why a change of that setting is not advised."""
    assert setting not in [one.setting for one in found.advice]
    (reason,) = [one.reason for one in found.nothing if one.setting == setting]
    return reason


class TestTheReadinessPeriod:
    def test_saves_no_more_than_the_wait_and_no_less_than_what_one_period_and_one_look_leave_of_it(self) -> None:
        found = only(advise([late_ready()]))
        assert (found.setting, found.now, found.then) == ("readiness period", 10, 1)
        assert (found.saving.low, found.saving.high) == (pytest.approx(8.9 - 1 - 1), pytest.approx(9.0))
        assert found.saving.of == "the recovery time of driver and user"
        assert found.field == "spec.template.spec.containers[mongo].readinessProbe.periodSeconds"

    def test_keeps_a_slow_server_in_its_service_for_as_long_as_before(self) -> None:
        patch = patched(only(advise([late_ready()])))
        assert patch == {
            "containers": [{"name": "mongo", "readinessProbe": {"periodSeconds": 1, "failureThreshold": 30}}]
        }

    def test_of_a_probe_that_must_succeed_twice_leaves_two_periods(self) -> None:
        found = only(advise([late_ready(given=settings(successThreshold=2))]))
        assert found.saving.low == pytest.approx(8.9 - 2 - 1)

    def test_of_several_runs_lies_between_the_least_and_the_most(self) -> None:
        short = recorded(LATE_READY, gap=(3.0, 3.1), name="mongo-pod-delete/20260102T000000Z")
        found = only(advise([late_ready(1), short]))
        assert (found.saving.low, found.saving.high) == (pytest.approx(1.0), pytest.approx(9.0))
        assert found.runs == 2

    def test_that_not_every_run_bears_out_may_save_nothing(self) -> None:
        before = recorded(DELETED, gap=(-0.01, 0.01), name="mongo-pod-delete/20260102T000000Z")
        found = only(advise([late_ready(1), before]))
        assert (found.runs, found.saving.low) == (1, 0)

    def test_is_not_advised_where_every_lane_recovered_before_the_endpoint(self) -> None:
        early = {"server": 3.0, "driver": 3.4, "user": 3.5}
        found = advise([recorded(LATE_READY, gap=(8.9, 9.0), recovered=early)])
        assert "nobody waited for Ready" in nothing(found, "readiness period")

    def test_is_not_advised_where_ready_was_no_phase_of_the_recovery(self) -> None:
        found = advise([recorded(DELETED | {"driver writes": 3.4, "user scores": 3.5}, gap=(0.5, 0.6))])
        assert found.advice == []

    def test_is_not_advised_where_a_look_every_second_might_have_come_as_late(self) -> None:
        found = advise([recorded(LATE_READY, gap=(1.9, 2.0))])
        assert "is not known to save anything" in nothing(found, "readiness period")

    def test_is_not_advised_where_ready_came_with_the_first_write(self) -> None:
        assert "nobody waited" in nothing(advise([recorded(LATE_READY, gap=(-0.01, 0.05))]), "readiness period")

    def test_is_not_advised_where_ready_came_too_early(self) -> None:
        assert "Ready came before" in nothing(advise([recorded(LATE_READY, gap=(-0.9, -0.8))]), "readiness period")

    def test_is_not_advised_where_ready_was_not_seen(self) -> None:
        assert "is not known" in nothing(advise([recorded(LATE_READY)]), "readiness period")

    def test_is_not_advised_where_it_is_as_short_as_it_can_be(self) -> None:
        found = advise([recorded(LATE_READY, gap=(1.2, 1.3), given=settings(periodSeconds=1))])
        assert "the shortest there is" in nothing(found, "readiness period")

    def test_is_not_advised_where_the_probe_itself_failed_for_longer_than_a_period(self) -> None:
        found = advise([late_ready(given=settings(periodSeconds=2))])
        assert "longer than the probe's period and delay explain" in nothing(found, "readiness period")

    def test_that_is_not_recorded_is_not_advised(self) -> None:
        assert advise([late_ready(given={})]).advice == []


class TestTheInitialDelay:
    def test_saves_the_wait_that_it_caused(self) -> None:
        """Started between 1.3 and 1.5 s, not looked at before 9.3 to 9.5 s, served from 3.0 to 3.1 s on."""
        found = advise([late_ready(given=settings(initialDelaySeconds=8, periodSeconds=2))])
        by_name = {one.setting: one for one in found.advice}
        delay, period = by_name["readiness initial delay"], by_name["readiness period"]
        assert (delay.now, delay.then) == (8, 0)
        assert (delay.saving.low, delay.saving.high) == (pytest.approx(8.9 - 2 - 1), pytest.approx(9.0))
        assert patched(delay) == {"containers": [{"name": "mongo", "readinessProbe": {"initialDelaySeconds": 0}}]}
        # What the delay takes, no period gives back: at least 9.3 - 3.1 s of it.
        assert (period.saving.low, period.saving.high) == (pytest.approx(8.9 - 6.5 - 2), pytest.approx(9.0 - 6.2))

    def test_that_was_over_before_the_server_served_is_not_advised(self) -> None:
        found = advise([late_ready(given=settings(initialDelaySeconds=1))])
        assert "not known to have held anybody up" in nothing(found, "readiness initial delay")


class TestTheGracePeriod:
    def test_that_the_process_lasts_out_is_advised(self) -> None:
        found = only(advise([recorded(LASTED_OUT, down_s=0.6)]))
        assert (found.setting, found.now, found.then) == ("termination grace period", 30, 2)
        assert (found.saving.low, found.saving.high) == (pytest.approx(30 - 2 - 1), pytest.approx(30.2 - 0.51))
        assert patched(found) == {"terminationGracePeriodSeconds": 2}
        assert "process 1" in found.cost

    def test_that_a_hook_takes_part_of_is_told(self) -> None:
        with_hook = settings() | {"mongo.mongo.preStop": "exec"}
        assert "the preStop hook of mongo (exec)" in only(advise([recorded(LASTED_OUT, given=with_hook)])).reason

    def test_is_not_advised_where_the_process_ended_by_itself(self) -> None:
        told = nothing(advise([recorded(DELETED, gap=None)]), "termination grace period")
        assert told.startswith("its process ended by itself, 1.00 s after it was asked, of 30 s")

    def test_is_not_advised_where_the_fault_gave_its_own(self) -> None:
        found = advise([recorded(LASTED_OUT, arguments={"grace_period_s": 30})])
        assert "a grace period of its own" in nothing(found, "termination grace period")

    def test_is_not_advised_where_it_served_until_it_was_killed(self) -> None:
        found = advise([recorded(LASTED_OUT, down_s=29.5)])
        assert "makes the outage begin sooner" in nothing(found, "termination grace period")

    def test_is_not_advised_where_something_else_held_the_pod(self) -> None:
        stuck = LASTED_OUT | {
            "gone": 90.0,
            "recreated": 90.1,
            "scheduled": 90.2,
            "started": 90.5,
            "server answers": 92.0,
        }
        assert "not in every run was it the period" in nothing(advise([recorded(stuck)]), "termination grace period")

    def test_is_no_question_after_a_forced_deletion(self) -> None:
        found = advise([recorded(LASTED_OUT, fault="kill_pod")])
        assert "termination grace period" not in [one.setting for one in (*found.advice, *found.nothing)]


class TestTheToleration:
    def found(self, marks: dict[str, float], **what: Any) -> Advised:
        return advise([recorded(marks, fault="crash_node", arguments={"node": "node-0"}, **what)])

    def test_that_was_waited_out_is_advised(self) -> None:
        found = only(self.found(EVICTED))
        assert (found.setting, found.now, found.then) == ("toleration of an unreachable node", 300, 30)
        assert (found.saving.low, found.saving.high) == (269, 271)

    def test_is_patched_together_with_what_else_the_pod_tolerated(self) -> None:
        other = {"key": "spot", "operator": "Exists"}
        default = {"key": "node.kubernetes.io/unreachable", "tolerationSeconds": 300}
        pod = {
            "metadata": {"name": "mongo-0", "ownerReferences": [{"kind": "StatefulSet", "name": "mongo"}]},
            "spec": {"tolerations": [other, default]},
        }
        found = only(self.found(EVICTED, cluster=(r.ClusterEvent(0, "pods", "LIST", items=[pod]),)))
        tolerations = patched(found)["tolerations"]
        assert tolerations[0] == other
        assert [(one["key"], one["tolerationSeconds"]) for one in tolerations[1:]] == [
            ("node.kubernetes.io/not-ready", 30),
            ("node.kubernetes.io/unreachable", 30),
        ]

    def test_is_not_what_holds_a_pod_that_waits_for_its_node(self) -> None:
        stuck = EVICTED | {
            "gone": 700.0,
            "recreated": 700.1,
            "scheduled": 700.2,
            "started": 701.0,
            "server answers": 702.0,
        }
        assert "it waited for its node" in nothing(self.found(stuck), "toleration of an unreachable node")

    def test_is_not_advised_where_the_pod_was_given_up_before(self) -> None:
        released = EVICTED | {"terminating": 45.0}
        assert "before the 300 s were over" in nothing(self.found(released), "toleration of an unreachable node")

    def test_is_not_advised_where_the_run_ended_before(self) -> None:
        assert "not on record" in nothing(self.found({"not ready": 41.0}), "toleration of an unreachable node")

    def test_is_no_question_where_no_node_failed(self) -> None:
        found = advise([recorded(EVICTED)])
        assert "toleration of an unreachable node" not in [one.setting for one in (*found.advice, *found.nothing)]


class TestTheLivenessProbe:
    def found(self, silent_s: float, **what: Any) -> Advised:
        thawed = {"requested": 0.1, "thawed": 0.2 + silent_s, "server answers": 0.2 + silent_s}
        return advise([recorded(thawed, fault="freeze_container", arguments={"container": ""}, **what)])

    def test_saves_at_most_what_a_frozen_server_was_silent_beyond_its_patience(self) -> None:
        found = only(self.found(60.0))
        assert (found.setting, found.now) == ("liveness probe", None)
        assert (found.saving.low, found.saving.high) == (0, pytest.approx(60.02 - 11))
        assert "not measured" in found.reason
        assert "only slow" in found.cost

    def test_that_would_not_have_acted_is_not_advised(self) -> None:
        assert "acts after 11 s at the earliest" in nothing(self.found(10.0), "liveness probe")

    def test_that_is_there_is_not_advised(self) -> None:
        assert self.found(60.0, given=settings() | {"mongo.mongo.livenessProbe": "exec"}).advice == []


class TestTheStartupProbe:
    def killed(
        self, at_s: float, told: str = "Container mongo failed liveness probe, will be restarted"
    ) -> r.ClusterEvent:
        event = {"reason": "Killing", "message": told, "involvedObject": {"kind": "Pod", "name": "mongo-0"}}
        return r.ClusterEvent(FAULT_NS + ns(at_s), "events", "ADDED", event)

    def found(self, *events: r.ClusterEvent) -> Advised:
        return advise(
            [recorded(STARTED_TWICE, cluster=(r.ClusterEvent(0, "pods", "LIST", items=[PROBED_POD]), *events))]
        )

    def test_is_advised_where_a_liveness_probe_ended_a_start(self) -> None:
        found = only(self.found(self.killed(12.0)))
        assert found.setting == "startup probe"
        assert (found.saving.low, found.saving.high) == (0, pytest.approx(20.0))
        # Three times the start on record, 9 s, in looks every 5 s.
        probe = {"exec": {"command": ["ping"]}, "periodSeconds": 5, "failureThreshold": 6}
        assert patched(found) == {"containers": [{"name": "mongo", "startupProbe": probe}]}

    @pytest.mark.parametrize(
        ("at_s", "told"),
        [(12.0, "Stopping container mongo"), (-3.0, "failed liveness probe"), (31.0, "failed liveness probe")],
    )
    def test_is_no_question_where_none_did(self, at_s: float, told: str) -> None:
        found = self.found(self.killed(at_s, told))
        assert "startup probe" not in [one.setting for one in (*found.advice, *found.nothing)]


class TestTheWriteConcern:
    def found(self, **what: Any) -> Advised:
        return advise([recorded(DELETED, answer="failed", **what)])

    def test_without_the_journal_is_advised_against_where_it_lost_writes(self) -> None:
        found = only(self.found(lost={"driver": 7}))
        assert (found.setting, found.now, found.then) == ("write concern", "w: 1", "w: 1, j: true")
        assert (found.saving.low, found.saving.high, found.saving.unit) == (0, 7, "acknowledged writes")
        assert found.try_it == found.take_back == ""
        assert found.prove[1] == (
            "chaos recovery trials -n 10 --out runs/mongo-pod-delete/write-concern --var write_j=true "
            "experiments/mongo-pod-delete.yaml"
        )

    def test_that_waited_for_the_journal_is_not(self) -> None:
        found = self.found(lost={"driver": 7}, concern={"w": "majority", "j": True})
        assert "waited for the journal already" in nothing(found, "write concern")

    def test_is_not_blamed_for_a_volume_that_is_gone(self) -> None:
        found = self.found(lost={"driver": 7}, missing_seeds=1000)
        assert "what held the data is gone" in nothing(found, "write concern")

    def test_is_not_blamed_for_the_writes_of_another_lane(self) -> None:
        assert "none of the lost writes" in nothing(self.found(lost={"user": 7}), "write concern")

    def test_is_no_question_where_nothing_was_lost(self) -> None:
        assert "write concern" not in [one.setting for one in advise([recorded(DELETED)]).nothing]


class TestTheRuns:
    def test_that_cannot_vouch_for_their_times_take_no_part(self) -> None:
        doubtful = (Finding("validity", "unknown", "the prober was late"),)
        found = advise([late_ready(findings=doubtful, answer="unknown")])
        assert (found.runs, found.advice, found.nothing) == ([], [], [])
        assert found.left_out == ["mongo-pod-delete/20260100T000000Z: As the test wants it."]

    def test_that_were_not_measured_alike_are_refused(self) -> None:
        with pytest.raises(UnlikeRuns, match="periodSeconds is 10 in"):
            advise([late_ready(1), late_ready(2, given=settings(periodSeconds=2))])

    def test_without_a_cluster_have_nothing_to_advise(self) -> None:
        found = advise([recorded({"server answers": 3.0}, given={}, statefulset="")])
        assert (found.advice, found.nothing) == ([], [])


class TestTheCommands:
    def test_measure_before_and_after_the_change_and_compare_the_two(self) -> None:
        before, patch, settled, after, compare = only(advise([late_ready()], "my/delete.yaml", "out")).prove
        assert before == "chaos recovery trials -n 10 --out out/before my/delete.yaml"
        assert patch.startswith("kubectl patch statefulset/mongo -n pacman -p ")
        assert settled == "kubectl rollout status statefulset/mongo -n pacman"
        assert after == "chaos recovery trials -n 10 --out out/readiness-period my/delete.yaml"
        assert compare == (
            "chaos recovery compare out/before out/readiness-period "
            "--changed environment.settings.mongo.mongo.readinessProbe"
        )

    def test_are_quoted_for_a_shell(self) -> None:
        name = "m'o; rm -rf ~"
        given = {f"{name}{key.removeprefix('mongo')}": value for key, value in settings().items()}
        found = only(advise([late_ready(given=given, statefulset=name)]))
        assert shlex.split(found.try_it)[2] == f"statefulset/{name}"


def patched(found: Advice) -> dict[str, Any]:
    """What the command changes in the pod's template."""
    command = shlex.split(found.try_it)
    assert command[:2] == ["kubectl", "patch"]
    changed: dict[str, Any] = json.loads(command[-1])["spec"]["template"]["spec"]
    return changed


def test_bounds_stay_bounds_when_they_are_rounded() -> None:
    assert saving(only(advise([late_ready()])).saving) == "6.9 to 9 s of the recovery time of driver and user"


chaos = partial(typed, "advise")


@pytest.fixture
def waited(make_run: Callable[..., Path]) -> Path:
    """A recorded run whose clients waited for Ready: the server served after 3.05 s, Ready came after 5.23 s."""
    return make_run(
        up_s={"server": 3.05, "driver": 5.6, "user": 5.8}, elsewhere={"environment": {"settings": settings()}}
    )


class TestTheCommand:
    def test_advises_from_a_record(self, waited: Path) -> None:
        result = chaos(waited)
        assert result.exit_code == 0, result.output
        told = " ".join(result.stdout.split())
        assert "readiness period: 10 → 1" in told
        assert "saves 0.1 to 2.2 s of the recovery time of driver and user, in 1 of 1 run" in told
        assert "termination grace period its process ended by itself, 2.16 s after it was asked" in told

    def test_prints_the_same_as_json(self, waited: Path) -> None:
        found = json.loads(chaos(waited, "--json").stdout)
        (one,) = found["advice"]
        assert one["saving"]["high"] == pytest.approx(2.18, abs=0.06)
        assert one["field"] == "spec.template.spec.containers[mongo].readinessProbe.periodSeconds"
        assert found["format"] == 1

    def test_says_that_there_is_nothing_to_advise(self, make_run: Callable[..., Path]) -> None:
        result = chaos(make_run(elsewhere={"environment": {"settings": settings()}}))
        assert result.exit_code == 0, result.output
        assert "Nothing is to be advised" in result.stdout
        assert "nobody waited for Ready" in " ".join(result.stdout.split())

    def test_exits_2_where_no_run_vouches_for_its_numbers(self, make_run: Callable[..., Path]) -> None:
        result = chaos(make_run(stopped=False, lanes=("server",)))
        assert result.exit_code == 2
        assert "no run vouches for its numbers" in result.stdout

    def test_names_a_directory_that_is_no_run(self, tmp_path: Path) -> None:
        result = chaos(tmp_path / "nowhere")
        assert result.exit_code == 2
        assert "nowhere is no run directory" in result.stderr

    def test_shows_hostile_names_as_text(self, make_run: Callable[..., Path]) -> None:
        name = f"{HOSTILE}\x1b[31m"
        given = {f"{name}{key.removeprefix('mongo')}": value for key, value in settings().items()}
        target = {"namespace": "pacman", "statefulset": name, "database": "pacman", "collection": "highscore"}
        what = {"environment": {"settings": given}, "target": target}
        assert "\x1b" not in chaos(make_run(elsewhere=what)).stdout
