"""Where the seconds went: marks on one time axis, and the phases between them.

mongo-0: terminating 60 ms, gone 310, recreated 320, scheduled 330, started 500, Ready 900
"""

import pytest
from chaosmongo.checks import phases, recovery
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Hit
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import IN_CLUSTER, MONGO_0, MS, T0, event, fault, history, listing, pod, replacement, stream

POD = ["requested", "terminating", "gone", "recreated", "scheduled", "started"]


def lane(first_ms: float, last_ms: float, lane: str = "server", f: str = "hello", every_ms: float = 10, first: int = 1):
    """A function of a lane that fails from first_ms to last_ms, the fault being at 0."""
    failing = round((last_ms - first_ms) / every_ms) + 1
    before = round((first_ms + 3000) / every_ms)
    return stream("." * before + "x" * failing + "." * 300, -3000, every_ms, first=first, lane=lane, f=f)


def record(ops=(), cluster=None, **fields):
    fields = {"run": IN_CLUSTER, "faults": [fault(MONGO_0)]} | fields
    return Evidence(history(list(ops), cluster=replacement() if cluster is None else cluster, **fields))


def shown(evidence) -> list[tuple[str, float, float]]:
    """Name, start and end in ms after the fault."""
    return [(p.name, (p.start_ns - T0) / MS, (p.end_ns - T0) / MS) for p in phases.check(evidence).result]


def ends(evidence) -> dict[str, float]:
    return {name: end for name, _, end in shown(evidence)}


def names(evidence) -> list[str]:
    return [name for name, *_ in shown(evidence)]


def test_each_phase_runs_from_one_mark_to_the_next():
    ops = [
        *lane(100, 690),
        *lane(100, 790, "driver", "write", first=1001),
        *lane(100, 990, "user", "write", first=2001),
    ]
    assert shown(record(ops)) == [
        ("requested", 0, 50),
        ("terminating", 50, 60),
        ("gone", 60, 310),
        ("recreated", 310, 320),
        ("scheduled", 320, 330),
        ("started", 330, 500),
        ("server answers", 500, 695.5),
        ("driver writes", 695.5, 795.5),
        ("ready", 795.5, 900),
        ("user scores", 900, 995.5),
    ]


def test_what_comes_after_the_last_outage_is_no_phase_of_the_recovery():
    assert names(record(lane(100, 690))) == [*POD, "server answers"]


def test_a_mark_that_may_lie_before_the_end_or_after_it_is_kept():
    """The first read is answered at some time from 690 to 751 ms; the last outage ends at 705.5 ms."""
    reads = stream("." * 18 + "x" * 5 + "." * 40, -2700, 150, first=2001, f="read")
    found = shown(record([*lane(100, 690), *lane(100, 700, "user", "write", first=3001), *reads]))
    assert [name for name, *_ in found][-3:] == ["server answers", "server reads and writes", "user scores"]
    assert found[-1][2] == 705.5


def test_writing_and_reading_come_after_answering():
    reads = lane(100, 700, f="read", every_ms=50, first=2001)
    writes = lane(100, 650, f="write", every_ms=50, first=1001)
    user = lane(100, 990, "user", "write", first=3001)
    found = shown(record([*lane(100, 690), *writes, *reads, *user]))
    assert found[len(POD) :][:2] == [("server answers", 500, 695.5), ("server reads and writes", 695.5, 725.5)]


def test_a_server_that_stabilises_late_has_a_mark_of_its_own():
    unstable = stream("." * 310 + "x" * 60 + "." * 10 + "x" + "." * 300, -3000, 10)
    assert names(record(unstable))[-2:] == ["server answers", "server stable"]


def test_the_story_of_a_container_that_restarts_in_place_is_short():
    cluster = [
        listing(-9, pod("old", restarts=2)),
        event(100, "MODIFIED", pod("old", state="terminated", restarts=2)),
        event(400, "MODIFIED", pod("old", restarts=3, ready=False)),
        event(600, "MODIFIED", pod("old", restarts=3)),
    ]
    evidence = record(cluster=cluster, faults=[fault(MONGO_0, expect="restarted", end_ms=5)])
    assert shown(evidence) == [("requested", 0, 5), ("started", 5, 400), ("ready", 400, 600)]


def test_an_answer_that_comes_after_its_effect_is_no_phase():
    assert "requested" not in names(record(faults=[fault(MONGO_0, end_ms=400)]))
    assert "requested" not in names(record(faults=[fault(MONGO_0, end_ms=None)]))


class TestStarted:
    def started_event(self, ms: float, uid: str = "new"):
        return event(ms, "ADDED", {"reason": "Started", "involvedObject": {"uid": uid}, "metadata": {}}, "events")

    def test_is_told_by_the_event_or_by_the_status_whichever_comes_first(self):
        assert ends(record())["started"] == 500
        cluster = [*replacement(), self.started_event(450), self.started_event(440, uid="other")]
        assert ends(record(cluster=cluster))["started"] == 450
        cluster = [*replacement(), self.started_event(510)]
        assert ends(record(cluster=cluster))["started"] == 500

    def test_is_the_one_that_led_to_service(self):
        cluster = [
            listing(-9, pod("old")),
            event(60, "DELETED", pod("old")),
            event(70, "ADDED", pod("new", state="waiting")),
            event(100, "MODIFIED", pod("new", ready=False)),
            event(200, "MODIFIED", pod("new", state="terminated")),
            event(300, "MODIFIED", pod("new", ready=False, restarts=1)),
            event(800, "MODIFIED", pod("new", restarts=1)),
        ]
        assert ends(record(cluster=cluster))["started"] == 300


def test_listening_is_a_phase_where_connections_come_before_answers():
    pattern = "." * 310 + "x" * 45 + "?" * 15 + "." * 300
    ops = [*stream(pattern, -3000, 10), *lane(100, 990, "user", "write", first=2001)]
    found = ends(record(ops))
    assert found["listening"] == 545
    assert found["server answers"] == 695.5


def test_the_endpoint_has_a_mark():
    ready = {"targetRef": {"uid": "new"}, "conditions": {"ready": True}}
    not_ready = {"targetRef": {"uid": "new"}, "conditions": {"ready": False}}
    piece = {"metadata": {"name": "mongo-1", "namespace": "pacman", "uid": "slice"}}
    cluster = [
        *replacement(),
        event(600, "MODIFIED", piece | {"endpoints": [not_ready]}, "endpointslices"),
        event(890, "MODIFIED", piece | {"endpoints": [ready]}, "endpointslices"),
    ]
    assert shown(record(cluster=cluster))[-2:] == [("endpoint", 500, 890), ("ready", 890, 900)]


class TestWhatIsAbsent:
    def test_without_a_cluster_only_the_lanes_have_marks(self):
        evidence = Evidence(history([*lane(100, 690), *lane(100, 790, "driver", "write", first=2001)]))
        assert names(evidence) == ["requested", "server answers", "driver writes"]

    def test_without_a_fault_there_are_no_phases(self):
        assert shown(record(lane(100, 690), faults=[])) == []

    def test_a_lane_that_did_not_recover_has_no_mark_and_no_invented_end(self):
        ops = [*lane(100, 690), *stream("." * 310 + "x" * 200, -3000, 10, first=1001, lane="driver", f="write")]
        found = names(record(ops))
        assert found[-1] == "ready"
        assert "driver writes" not in found

    def test_a_lane_without_an_outage_has_no_mark(self):
        ops = [*lane(100, 690), *stream("." * 600, -3000, 10, first=1001, lane="driver", f="write")]
        assert "driver writes" not in names(record(ops))

    def test_a_pod_that_never_came_back_leaves_what_was_seen(self):
        assert names(record(cluster=replacement()[:5])) == ["requested", "terminating", "gone"]


def test_a_fault_on_a_node_tells_the_story_of_the_pod_that_was_on_it():
    others = [listing(-9, pod("a", name="mongo-0", node="n2"), pod("old", name="mongo-1", node="n1"))]
    after = [event(70, "DELETED", pod("old", name="mongo-1")), event(80, "ADDED", pod("b", name="mongo-1", node="n2"))]
    evidence = record(cluster=[*others, *after], faults=[fault(Hit("Node", "n1"), expect="moved")])
    assert [name for name, *_ in shown(evidence)][:4] == ["requested", "gone", "recreated", "scheduled"]


@settings(max_examples=60, deadline=None)
@given(st.floats(10, 900), st.floats(0, 2000), st.floats(0, 2000), st.sampled_from([5, 10, 50]))
def test_phases_add_up_to_the_recovery_time(start_ms, server_ms, user_ms, every_ms):
    """None is negative, each begins where the one before ended, and the last ends with the last outage."""
    start = start_ms // every_ms * every_ms
    ops = [
        *lane(start, start + server_ms // every_ms * every_ms, every_ms=every_ms),
        *lane(start, start + user_ms // every_ms * every_ms, "user", "write", every_ms, first=5001),
    ]
    evidence = record([o for o in ops if o.due_ns < T0 + 6000 * MS] + stream("." * 100, 6000, 50, first=9001))
    found = phases.check(evidence).result
    ends = [lane.rta.middle_ns for lane in recovery.check(evidence).result if lane.rta]
    assert sum(p.end_ns - p.start_ns for p in found) == pytest.approx(max(ends), abs=1)
    assert all(p.start_ns <= p.end_ns and p.uncertainty_ns >= 0 for p in found)
    assert [p.start_ns for p in found] == [T0, *(p.end_ns for p in found[:-1])]
    assert len({p.name for p in found}) == len(found)


def test_uncertainty_is_that_of_both_ends():
    ops = [*lane(100, 690), *lane(100, 790, "driver", "write", first=1001)]
    by_name = {p.name: p.uncertainty_ns / MS for p in phases.check(record(ops)).result}
    assert (by_name["gone"], by_name["server answers"], by_name["driver writes"]) == (0, 5.5, 11)


def test_a_lane_of_another_name_has_a_mark_too():
    assert names(record(lane(100, 690, "other")))[-1] == "other stable"
