"""Where the seconds went: marks on one time axis, and the phases between them.

mongo-0: terminating 60 ms, gone 310, recreated 320, scheduled 330, started 500, Ready 900
"""

import pytest
from chaosmongo.checks import phases, recovery
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Fault
from chaosmongo.history.records import FaultEnd, FaultStart, Hit, Note
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import IN_CLUSTER, MONGO_0, MS, T0, at, event, fault, history, listing, pod, replacement, stream

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


@pytest.mark.parametrize(("answered_ms", "ended_ms"), [(110, 695.5), (310, 695.5), (330, 325.5)])
def test_an_answer_that_came_before_the_successor_was_there_is_not_its_own(answered_ms, ended_ms):
    """The old server fails at 100 ms and may answer once more before it ends; its successor is created at 320 ms."""
    failing = (answered_ms - 100) // 10
    ops = stream("." * 310 + "x" * failing + "." + "x" * (59 - failing) + "." * 300, -3000, 10)
    assert ends(record(ops))["server answers"] == ended_ms


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


class TestWhatAFaultTellsOfItself:
    def test_is_a_phase_that_ends_where_it_says(self):
        marks = [Note(at(20), "mark", {"name": "requested"}), Note(at(50), "mark", {"name": "blocked by budget"})]
        found = shown(record(lane(100, 690), course=marks, faults=[fault(MONGO_0, end_ms=400)]))
        assert found[:3] == [("requested", 0, 20), ("blocked by budget", 20, 50), ("terminating", 50, 60)]

    def test_takes_the_place_of_the_answer_to_its_request(self):
        marks = [Note(at(20), "mark", {"name": "requested"})]
        assert shown(record(course=marks, faults=[fault(MONGO_0, end_ms=30)]))[0] == ("requested", 0, 20)

    def test_is_told_by_the_fault(self):
        second = Fault(FaultStart(2, "delete_pod", at(600), [MONGO_0], "replaced"), FaultEnd(2, at(610)))
        marks = [Note(at(20), "mark", {"name": "blocked by budget"})]
        evidence = record(lane(100, 690), course=marks, faults=[fault(MONGO_0), second])
        sources = {phase.name: phase.source for phase in phases.check(evidence).result}
        assert (sources["blocked by budget"], sources["fault 2"]) == ("fault", "fault")

    def test_is_no_phase_of_the_recovery_where_it_comes_after_it(self):
        marks = [Note(at(900), "mark", {"name": "taken back"})]
        assert "taken back" not in names(record(lane(100, 690), course=marks))


def test_a_second_fault_begins_a_phase_of_its_own():
    second = Fault(FaultStart(2, "delete_pod", at(600), [MONGO_0], "replaced"), FaultEnd(2, at(610)))
    assert ("fault 2", 500, 600) in shown(record(lane(100, 690), faults=[fault(MONGO_0), second]))


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


class TestWhoseStoryIsTold:
    """mongo-0 goes at 70 ms, mongo-1 at 170 ms; both were on n1."""

    CLUSTER = (
        listing(-9, pod("a0", name="mongo-0"), pod("a1", name="mongo-1")),
        event(70, "DELETED", pod("a0", name="mongo-0")),
        event(80, "ADDED", pod("b0", name="mongo-0")),
        event(170, "DELETED", pod("a1", name="mongo-1")),
        event(180, "ADDED", pod("b1", name="mongo-1")),
    )

    def gone_ms(self, *hits):
        return ends(record(cluster=list(self.CLUSTER), faults=[fault(*hits)])).get("gone")

    def test_that_of_the_pod_that_was_hit(self):
        assert self.gone_ms(Hit("Pod", "mongo-1", "pacman", "a1", "n1")) == 170

    def test_of_two_that_were_hit_the_first(self):
        hits = [Hit("Pod", f"mongo-{number}", "pacman", f"a{number}", "n1") for number in (1, 0)]
        assert self.gone_ms(*hits) == 70

    def test_that_of_a_pod_that_was_hit_before_that_of_one_on_a_node(self):
        assert self.gone_ms(Hit("Node", "n1"), Hit("Pod", "mongo-1", "pacman", "a1", "n1")) == 170

    def test_a_hit_without_a_namespace_is_in_the_target_s(self):
        assert self.gone_ms(Hit("Pod", "mongo-1")) == 170

    @pytest.mark.parametrize(
        "hit",
        [Hit("Pod", "mongo-1", "other"), Hit("Pod", "pacman-1", "pacman"), Hit("Node", "n2")],
        ids=["in another namespace", "not of the StatefulSet", "a node without its pods"],
    )
    def test_none_where_no_pod_of_the_statefulset_was_hit(self, hit):
        assert self.gone_ms(hit) is None

    def test_that_of_the_first_pod_where_the_fault_names_neither_pod_nor_node(self):
        assert self.gone_ms(Hit("StatefulSet", "mongo", "pacman")) == 70
        assert self.gone_ms(Hit("StatefulSet", "mongo-1", "pacman")) == 70


@settings(max_examples=60)
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


PIECE = {"metadata": {"name": "mongo-1", "namespace": "pacman", "uid": "slice"}}


def endpoints(ms: float, uid: str, kind: str = "MODIFIED", **conditions):
    thing = PIECE | {"endpoints": [{"targetRef": {"uid": uid}, "conditions": conditions}]}
    return event(ms, kind, thing, "endpointslices")


def test_what_showed_each_mark_is_told():
    reads = lane(100, 700, f="read", every_ms=50, first=2001)
    writes = lane(100, 650, f="write", every_ms=50, first=1001)
    connected = stream("." * 310 + "x" * 45 + "?" * 15 + "." * 300, -3000, 10, first=5001)
    others = [*lane(100, 1190, "driver", "write", first=3001), *lane(100, 1390, "user", "write", first=4001)]
    cluster = [*replacement(), endpoints(950, "new", ready=True)]
    found = phases.check(record([*connected, *writes, *reads, *others], cluster)).result
    assert {phase.name: phase.source for phase in found} == {
        "requested": "answer to the fault's request",
        "terminating": "pod: deletionTimestamp",
        "gone": "pod: DELETED",
        "recreated": "pod: ADDED",
        "scheduled": "pod: PodScheduled",
        "started": "pod: container running",
        "listening": "server lane",
        "server answers": "server lane: hello",
        "server reads and writes": "server lane: write and read",
        "ready": "pod: Ready",
        "endpoint": "endpointslice: ready",
        "driver writes": "driver lane",
        "user scores": "user lane",
    }
    started = event(450, "MODIFIED", {"reason": "Started", "involvedObject": {"uid": "new"}, "metadata": {}}, "events")
    found = phases.check(record(cluster=[*cluster, started])).result
    assert next(phase.source for phase in found if phase.name == "started") == "event: Started"


class TestInPlace:
    """The pod stays; its container had been restarted twice before the fault."""

    def story(self, *events, ops=(), before=2):
        first = listing(-9, pod("old", restarts=before))
        return ends(record(ops, [first, *events], faults=[fault(MONGO_0, expect="restarted", end_ms=5)]))

    def test_a_status_of_the_run_before_is_no_start(self):
        assert "started" not in self.story(event(50, "MODIFIED", pod("old", restarts=2, ready=False)))

    def test_nor_is_one_of_a_run_that_was_told_before(self):
        found = self.story(
            event(100, "MODIFIED", pod("old", restarts=3, ready=False)),
            event(200, "MODIFIED", pod("old", restarts=3, ready=False)),
            event(300, "MODIFIED", pod("old", restarts=3)),
        )
        assert (found["started"], found["ready"]) == (100, 300)

    def test_the_status_at_the_moment_of_the_fault_was_before_it(self):
        at_fault = event(0, "MODIFIED", pod("old", restarts=3))
        assert "started" not in self.story(at_fault, event(50, "MODIFIED", pod("old", restarts=3, ready=False)))

    def test_started_events_of_before_do_not_count(self):
        told = {"reason": "Started", "involvedObject": {"uid": "old"}, "metadata": {}}
        assert "started" not in self.story(event(-5, "ADDED", told, "events"), event(0, "ADDED", told, "events"))
        assert self.story(event(7, "ADDED", told, "events"))["started"] == 7
        assert "started" not in self.story(event(7, "DELETED", told, "events"))
        assert "started" not in self.story(event(7, "ADDED", told | {"reason": "Pulled"}, "events"))
        assert "started" not in self.story(event(7, "ADDED", told | {"involvedObject": None}, "events"))

    def test_a_start_after_the_server_answered_is_not_the_one_that_led_to_it(self):
        ops = lane(100, 690)
        first = event(400, "MODIFIED", pod("old", restarts=3, ready=False))
        late = event(800, "MODIFIED", pod("old", restarts=4, ready=False))
        assert self.story(first, late, ops=ops)["started"] == 400
        assert self.story(first, late)["started"] == 800

    def test_a_start_at_the_moment_of_the_answer_is(self):
        """The server answers by 701 ms."""
        answered = event(701, "MODIFIED", pod("old", restarts=3, ready=False))
        user = lane(100, 1390, "user", "write", first=4001)
        assert self.story(answered, ops=[*lane(100, 690), *user])["started"] == 701

    def test_the_word_of_the_last_start_counts_from_when_the_container_had_stopped(self):
        told = {"reason": "Started", "involvedObject": {"uid": "old"}, "metadata": {}}
        found = self.story(
            event(100, "ADDED", told, "events"),
            event(150, "MODIFIED", pod("old", restarts=2, state="terminated")),
            event(400, "ADDED", told, "events"),
            event(450, "MODIFIED", pod("old", restarts=3, ready=False)),
        )
        assert found["started"] == 400

    def test_ready_counts_only_after_it_was_not(self):
        assert "ready" not in self.story(event(100, "MODIFIED", pod("old", restarts=3)))
        lost_and_found = [
            event(100, "MODIFIED", pod("old", restarts=3, ready=False)),
            event(300, "MODIFIED", pod("old", restarts=3)),
        ]
        assert self.story(*lost_and_found)["ready"] == 300
        going = event(300, "MODIFIED", pod("old", restarts=3, deleting=True))
        assert "ready" not in self.story(lost_and_found[0], going)


class TestASuccessorThatIsReadyWhenItIsFirstSeen:
    def test_is_ready_then(self):
        found = ends(
            record(cluster=[listing(-9, pod("old")), event(70, "DELETED", pod("old")), listing(90, pod("new"))])
        )
        assert (found["recreated"], found["started"], found["ready"]) == (90, 90, 90)

    def test_has_its_endpoint_when_that_is_first_seen(self):
        assert ends(record(cluster=[*replacement(), endpoints(600, "new", ready=True)]))["endpoint"] == 600

    def test_not_so_where_the_pod_that_is_ready_is_another(self):
        cluster = [listing(-9, pod("old")), event(70, "MODIFIED", pod("old")), event(80, "DELETED", pod("old"))]
        assert "ready" not in ends(record(cluster=[*cluster, event(90, "ADDED", pod("new", state="waiting"))]))


class TestTheEndpoint:
    def of(self, *events, **fields):
        return ends(record(cluster=[*replacement(), *events], **fields)).get("endpoint")

    def test_is_that_of_the_new_pod(self):
        assert self.of(endpoints(600, "old", ready=True)) is None
        assert self.of(endpoints(600, "old", ready=True), endpoints(700, "new", ready=True)) == 700

    def test_without_a_condition_is_ready(self):
        assert self.of(endpoints(600, "new")) == 600
        assert self.of(endpoints(600, "new", ready=False)) is None

    def test_is_gone_with_its_slice(self):
        assert self.of(endpoints(600, "new", "DELETED", ready=True)) is None

    def test_of_a_pod_that_stayed_counts_after_it_was_away(self):
        cluster = [listing(-9, pod("old")), endpoints(-8, "old", ready=True), endpoints(50, "old", ready=True)]
        away = [endpoints(100, "old", ready=False), endpoints(300, "old", ready=True)]
        faults = [fault(MONGO_0, expect="restarted")]
        assert "endpoint" not in ends(record(cluster=cluster, faults=faults))
        assert ends(record(cluster=[*cluster, *away], faults=faults))["endpoint"] == 300
        at_fault = [listing(-9, pod("old")), endpoints(0, "old", ready=False), endpoints(50, "old", ready=True)]
        assert "endpoint" not in ends(record(cluster=at_fault, faults=faults))


class TestListening:
    """started at 500 ms; the server answers from 695 ms on, where nothing else is said."""

    def of(self, *ops):
        user = lane(100, 1990, "user", "write", first=9001)
        found = phases.check(record([*stream("." * 300, -3000, 10), *ops, *user])).result
        return next((((p.end_ns - T0) / MS, p.uncertainty_ns / MS) for p in found if p.name == "listening"), None)

    def test_is_between_the_last_refusal_and_the_first_connection(self):
        ops = [*stream("x" * 60, 10, 10, first=1001), *stream("?" * 5 + "." * 300, 610, 10, first=2001)]
        assert self.of(*ops) == (605, 5)

    def test_begins_with_the_start_where_nothing_was_refused_after_it(self):
        ops = [*stream("x" * 40, 10, 10, first=1001), *stream("?" * 5 + "." * 300, 510, 10, first=2001)]
        assert self.of(*ops) == (505, 5)

    def test_at_the_moment_of_the_start_is_after_it(self):
        ops = [*stream("x" * 40, 10, 10, first=1001), *stream("?" * 5 + "." * 300, 500, 10, first=2001)]
        assert self.of(*ops) == (500, 0)

    def test_is_none_where_the_first_connection_was_answered(self):
        assert self.of(*stream("x" * 60 + "." * 300, 10, 10, first=1001)) is None

    def test_looks_at_hellos_alone(self):
        writes = stream("x" * 60 + "?" * 5 + "." * 300, 10, 10, first=1001, f="write")
        assert self.of(*writes) is None
