"""What a real Kubernetes told of fifteen faults is read rightly: phases, identity, writers, proof, what stayed away.

The truth beside it: when the database's process appeared, listened and was gone. The server lane is what clients would
have recorded of a server that answers while its process listens; everything else is the recording.
"""

import functools

import pytest
from chaosmongo.checks import judge
from chaosmongo.history.results import Bracket, Verdict

from .simulated import Down
from .traces import NAMES, Trace

POD = ["terminating", "gone", "recreated", "scheduled", "started"]
BACK = [*POD, "server answers"]
SEEN_WITHIN_NS = 100_000_000
"""How far the kubelet's word of a start and the sight of the process lie apart at most: either may be the first."""

ALL_WELL = {"injection": "passed", "identity": "passed", "single_writer": "passed"}
UNPROVEN = ALL_WELL | {"injection": "unknown"}
PERHAPS_TWO = ALL_WELL | {"single_writer": "unknown"}

CASES = {
    # a graceful end, however it was asked for
    "pod-delete": ("replaced", "Pod", ["requested", *BACK], ALL_WELL),
    "rollout-restart": ("replaced", "Pod", ["requested", *BACK], ALL_WELL),
    "scale-to-zero-and-back": ("replaced", "Pod", ["requested", *BACK], ALL_WELL),
    "node-drain": ("moved", "Node", BACK, ALL_WELL),
    "node-drain-blocked-by-pdb": ("moved", "Node", BACK, ALL_WELL),
    # two servers did run on one volume: what the API tells neither shows nor excludes it
    "pod-delete-force": ("replaced", "Pod", ["requested", *BACK], PERHAPS_TWO),
    # the pod stays
    "container-kill": ("restarted", "Pod", ["requested", "started", "server answers"], ALL_WELL),
    # the kubelet is silent, its containers serve on; when it is back it ends them before the next one begins
    "kubelet-stopped-containers-serve": ("replaced", "Node", ["requested", *BACK], ALL_WELL),
    # the node is dead
    "node-power-cut-then-back": ("replaced", "Node", ["requested", *BACK], ALL_WELL),
    "node-power-cut-then-out-of-service": ("moved", "Node", ["requested", *BACK], ALL_WELL),
    "node-power-cut-then-force-delete": ("moved", "Node", ["requested", *BACK], PERHAPS_TWO),
    # the application's pods are other pods: they are replaced, and nothing happens to the database
    "pacman-delete-all": ("replaced", "Web", ["requested"], ALL_WELL),
    # scaled up and down: a pod that was there before is not replaced
    "pacman-scale-to-ten": ("replaced", "Web", ["requested"], UNPROVEN),
    # Kubernetes does not notice a frozen process; the lane does
    "process-frozen": ("restarted", "Pod", ["requested", "server answers"], UNPROVEN),
}


@functools.cache
def trace(name: str) -> Trace:
    return Trace(name)


def downs(name: str) -> list[Down]:
    """The truth about the service, in ms after the fault."""
    found = trace(name)
    if name == "process-frozen":
        return [Down(0, (found.starts[1] - found.starts[0]) / 1e6, "frozen")]
    return found.down()


@functools.cache
def judged(name: str) -> Verdict:
    expect, kind, _, _ = CASES[name]
    found = trace(name)
    last_s = max([20, *(down.end_ms / 1000 for down in downs(name))]) + 3
    return judge(found.history(expect, kind, found.lane(downs(name), last_s)))


def findings(verdict: Verdict) -> dict[str, str]:
    return {f.check: f.verdict for f in verdict.findings if f.check in ALL_WELL}


def ends_s(verdict: Verdict) -> dict[str, float]:
    """When each phase ended, in seconds after the fault."""
    return {phase.name: (phase.end_ns - verdict.faults[0].start_ns) / 1e9 for phase in verdict.phases}


def test_every_recording_has_its_test():
    assert sorted([*CASES, "container-crash-loop"]) == NAMES


@pytest.mark.parametrize("name", CASES)
def test_the_story_is_told_rightly(name):
    _, _, phases, _ = CASES[name]
    assert [phase.name for phase in judged(name).phases] == phases


@pytest.mark.parametrize("name", CASES)
def test_what_is_shown_is_found_and_what_is_not_is_unknown(name):
    assert findings(judged(name)) == CASES[name][3]


def covers(bracket: Bracket, truth_ms: float) -> bool:
    return bracket.lo_ns <= truth_ms * 1e6 <= bracket.hi_ns


@pytest.mark.parametrize("name", [name for name in CASES if "server answers" in CASES[name][2]])
def test_the_recovery_is_that_of_the_process_within_the_uncertainty_that_is_stated(name):
    verdict, (down,) = judged(name), downs(name)
    (lane,) = verdict.recovery
    assert lane.rta is not None and lane.detection is not None
    assert covers(lane.rta, down.end_ms)
    assert covers(lane.detection, down.start_ms)
    last = verdict.phases[-1]
    assert abs(last.end_ns - verdict.faults[0].start_ns - down.end_ms * 1e6) <= last.uncertainty_ns


@pytest.mark.parametrize("name", [name for name in CASES if "started" in CASES[name][2]])
def test_started_is_the_start_of_the_process_that_came_to_listen(name):
    told_ns = next(phase.end_ns for phase in judged(name).phases if phase.name == "started")
    assert abs(told_ns - trace(name).started_ns()) < SEEN_WITHIN_NS


@pytest.mark.parametrize("name", ["pacman-delete-all", "pacman-scale-to-ten"])
def test_a_database_that_nothing_happened_to_has_no_outage(name):
    (lane,) = judged(name).recovery
    assert (lane.outages, lane.rta) == ([], None)
    assert lane.shorter_than_ns is not None


class TestReady:
    def without_lanes(self, name: str, expect: str, kind: str = "Pod") -> Verdict:
        return judge(trace(name).history(expect, kind))

    @pytest.mark.parametrize(
        ("name", "expect", "order"),
        [
            ("pod-delete", "replaced", ["endpoint", "ready"]),
            ("container-kill", "restarted", ["endpoint", "ready"]),
            ("node-power-cut-then-back", "replaced", ["ready", "endpoint"]),
        ],
    )
    def test_ready_and_endpoint_come_in_the_order_in_which_their_word_arrived(self, name, expect, order):
        assert [phase.name for phase in self.without_lanes(name, expect).phases][-2:] == order

    def test_is_late_by_the_readiness_period(self):
        """The server listened after 3.6 s; the pod was Ready after 13.5 s."""
        ends = ends_s(self.without_lanes("pod-delete", "replaced"))
        assert 2.9 < ends["started"] < 3.1
        assert 13.4 < ends["ready"] < 13.6

    def test_the_gap_is_what_that_cost(self):
        found = trace("pod-delete")
        writes = found.lane(downs("pod-delete"), 20)
        for op in writes:
            op.f = "write"
        gap = judge(found.history("replaced", "Pod", writes)).ready_gap
        assert gap is not None
        listening_s = downs("pod-delete")[0].end_ms / 1000
        ready_s = ends_s(self.without_lanes("pod-delete", "replaced"))["ready"]
        assert abs(gap.middle_ns / 1e9 - (ready_s - listening_s)) < 0.02


class TestTheCrashLoop:
    """The container process was killed four times; each time its pod waited longer, and the last time to the end."""

    def test_three_came_back_and_the_last_one_never_did(self):
        verdict = judge(trace("container-crash-loop").history("restarted", faults=4))
        assert [fault.proven for fault in verdict.faults] == [True] * 4
        restarts = [f"mongo-0 restarted (restart {number})" for number in (3, 4, 5)]
        assert all(told in fault.proof for told, fault in zip(restarts, verdict.faults, strict=False))
        assert verdict.faults[3].proof.startswith("mongo-0 was seen without a running container after 0.")

    def test_the_waits_are_those_of_the_back_off(self):
        found = trace("container-crash-loop")
        exited = [ns for event, ns in found.processes if event == "exited"]
        started = [ns for event, ns in found.processes if event == "started"][1:]
        truth_s = [(back - gone) / 1e9 for gone, back in zip(exited, started, strict=False)]
        verdict = judge(found.history("restarted", faults=4))
        told_s = [float(fault.proof.split(" after ")[1].removesuffix(" s")) for fault in verdict.faults[:3]]
        assert told_s == pytest.approx(truth_s, abs=0.1)

    def test_one_pod_stayed_and_wrote_alone(self):
        verdict = judge(trace("container-crash-loop").history("restarted", faults=4))
        assert findings(verdict) == ALL_WELL


def test_a_killed_container_waits_for_its_back_off():
    phases = {phase.name: (phase.end_ns - phase.start_ns) / 1e9 for phase in judged("container-kill").phases}
    assert 27 < phases["started"] < 29


def test_a_dead_node_costs_its_grace_period_and_the_toleration():
    phases = {phase.name: phase.end_ns - phase.start_ns for phase in judged("node-power-cut-then-back").phases}
    assert 20e9 < phases["terminating"] < 25e9


def test_a_disruption_budget_delays_the_drain_that_it_blocks():
    """It was removed after 13 s; only then the pod was asked to go."""
    assert 13 < ends_s(judged("node-drain-blocked-by-pdb"))["terminating"] < 16


def test_the_reason_why_two_writers_are_not_excluded_is_said():
    finding = next(f for f in judged("pod-delete-force").findings if f.check == "single_writer")
    assert "(de18afe7) and mongo-0 (6c67bd40) on claim mongo-storage, identity mongo-0" in finding.summary
    assert "nothing on record shows that the first had stopped before the other began" in finding.summary


def test_in_that_recording_two_did_run():
    """The process of the new pod was there from 0.6 s to 1.0 s, that of the old one until 2.1 s after the fault."""
    found = trace("pod-delete-force")
    moments = [(event, (ns - found.starts[0]) / 1e9) for event, ns in found.processes]
    assert ("started", pytest.approx(0.618, abs=0.01)) in moments
    assert ("exited", pytest.approx(2.115, abs=0.01)) in moments
