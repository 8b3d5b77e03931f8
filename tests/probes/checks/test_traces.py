"""What a real Kubernetes told of a fault is read rightly: phases, identity, one writer, proof.

The truth beside it (when the database's process appeared, listened and was gone) was seen by looking at the processes.
"""

import pytest
from chaosmongo.checks import judge

from . import traces

POD = ["terminating", "gone", "recreated", "scheduled", "started"]


def findings(verdict) -> dict[str, str]:
    return {f.check: f.verdict for f in verdict.findings if f.check in ("injection", "identity", "single_writer")}


def ends_s(verdict) -> dict[str, float]:
    """When each phase ended, in seconds after the fault."""
    return {phase.name: (phase.end_ns - verdict.faults[0].start_ns) / 1e9 for phase in verdict.phases}


ALL_WELL = {"injection": "passed", "identity": "passed", "single_writer": "passed"}


@pytest.mark.parametrize(
    ("name", "expect", "kind", "phases", "found"),
    [
        ("pod-delete", "replaced", "Pod", ["requested", *POD, "endpoint", "ready"], ALL_WELL),
        ("rollout-restart", "replaced", "Pod", ["requested", *POD, "endpoint", "ready"], ALL_WELL),
        ("scale-to-zero-and-back", "replaced", "Pod", ["requested", *POD, "endpoint", "ready"], ALL_WELL),
        # two servers did run on one volume: the API cannot show it, and it is not excluded
        (
            "pod-delete-force",
            "replaced",
            "Pod",
            ["requested", *POD, "endpoint", "ready"],
            ALL_WELL | {"single_writer": "unknown"},
        ),
        ("container-kill", "restarted", "Pod", ["requested", "started", "endpoint", "ready"], ALL_WELL),
        ("container-crash-loop", "restarted", "Pod", ["requested", "started", "endpoint", "ready"], ALL_WELL),
        ("node-drain", "moved", "Pod", [*POD, "endpoint", "ready"], ALL_WELL),
        ("node-drain", "moved", "Node", [*POD, "endpoint", "ready"], ALL_WELL),
        ("node-power-cut-then-back", "replaced", "Pod", ["requested", *POD, "ready", "endpoint"], ALL_WELL),
        ("node-power-cut-then-out-of-service", "moved", "Pod", ["requested", *POD, "endpoint", "ready"], ALL_WELL),
        (
            "node-power-cut-then-force-delete",
            "moved",
            "Pod",
            ["requested", *POD, "endpoint", "ready"],
            ALL_WELL | {"single_writer": "unknown"},
        ),
        # what the fault was to do to mongo-0 did not happen to it
        ("pacman-delete-all", "replaced", "Pod", ["requested"], ALL_WELL | {"injection": "unknown"}),
        ("process-frozen", "restarted", "Pod", ["requested"], ALL_WELL | {"injection": "unknown"}),
    ],
)
def test_a_fault_is_read_rightly(name, expect, kind, phases, found):
    verdict = judge(traces.history(name, expect, kind))
    assert [phase.name for phase in verdict.phases] == phases
    assert findings(verdict) == found


@pytest.mark.parametrize("name", ["pod-delete", "pod-delete-force", "container-kill", "node-drain"])
def test_started_is_the_start_of_the_process_that_came_to_listen(name):
    """The word arrives within a tenth of a second after the fact."""
    record = traces.history(name, "replaced")
    fault_ns = record.faults[0].start.time_ns
    truth = traces.processes(name)
    listening_ns = next(time_ns for what, time_ns, _ in truth if what == "listening" and time_ns > fault_ns)
    started_ns = max(time_ns for what, time_ns, _ in truth if what == "started" and time_ns < listening_ns)
    told_ns = next(phase.end_ns for phase in judge(record).phases if phase.name == "started")
    assert 0 <= told_ns - started_ns < 100_000_000


def test_ready_is_late_by_the_readiness_period():
    """The server listened after 3.6 s; the pod was Ready after 13.5 s."""
    ends = ends_s(judge(traces.history("pod-delete", "replaced")))
    assert 2.9 < ends["started"] < 3.1
    assert 13.4 < ends["ready"] < 13.6


def test_a_killed_container_waits_for_its_back_off():
    phases = {
        p.name: (p.end_ns - p.start_ns) / 1e9 for p in judge(traces.history("container-kill", "restarted")).phases
    }
    assert 27 < phases["started"] < 29


def test_a_dead_node_costs_its_grace_period_and_the_toleration():
    phases = {
        p.name: p.end_ns - p.start_ns for p in judge(traces.history("node-power-cut-then-back", "replaced")).phases
    }
    assert 20e9 < phases["terminating"] < 25e9
