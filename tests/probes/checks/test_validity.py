"""Is the instrument to be believed? Every doubt that matters makes the run unknown, whatever else the record says.

The record as it should be: 10.5 s of one hello every 10 ms and one write every 50 ms, the fault at 0, an outage of
0.5 s.
"""

import msgspec
import pytest
from chaosmongo.checks import judge, validity
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Scan
from chaosmongo.history.records import Note, ScanEnd, ScanStart, Target
from chaosmongo.history.results import Finding

from .histories import (
    IN_CLUSTER,
    MONGO_0,
    STOPPED,
    at,
    documents,
    fault,
    history,
    op,
    plan,
    replacement,
    run,
    scan,
    stream,
    write,
)

HELLOS = stream("." * 500 + "x" * 50 + "." * 500, -5000, 10)
WRITES = [write(2000 + n, -5000 + 50 * n, "fail" if 100 <= n < 110 else "ok") for n in range(210)]
OPS = [*HELLOS, *WRITES]
PLAN = plan(server={"hello": 100.0, "write": 20.0})


WITH_READS = plan(server={"hello": 100.0, "write": 20.0, "read": 10.0})


def less(ops, keep):
    return [one for number, one in enumerate(ops) if keep(number, one)]


def check(ops=OPS, **fields):
    return validity.check(Evidence(history(list(ops), **({"plan": PLAN} | fields))))


def test_a_good_record_is_believed():
    checked = check()
    assert (checked.finding.verdict, checked.doubts) == ("passed", ())
    assert judge(history(OPS, plan=PLAN)).verdict == "passed"


@pytest.mark.parametrize(
    ("says", "ops", "fields"),
    [
        ("the record is damaged: ops.jsonl line 3: bad", OPS, {"damage": ["ops.jsonl line 3: bad"]}),
        ("cut off in the middle of a line: ops.jsonl", OPS, {"torn": ["ops.jsonl"]}),
        ("did not close its file, so that lines may be missing: faults.jsonl", OPS, {"unclosed": ["faults.jsonl"]}),
        ("the workload's plan is not on record", OPS, {"plan": None}),
        ("no operation is on record", [], {}),
        ("did not close its record", OPS, {"ops_notes": []}),
        ("1 operation never ended", [*OPS, op(9999, -100, "info", sent_ns=0, done_ns=0)], {}),
        ("there was no fault", OPS, {"faults": []}),
        ("no scores were seeded", OPS, {"seeded": []}),
        ("the database was not read back", OPS, {"scan": None}),
        ("the read-back broke off: its end", OPS, {"scan": Scan(ScanStart(at(99_000)))}),
        (
            "the read-back broke off: lost",
            OPS,
            {"scan": Scan(ScanStart(at(99_000)), [], end=ScanEnd(at(99_001), 0, "lost"))},
        ),
        ("counted 7 documents, and 0 are", OPS, {"scan": Scan(ScanStart(at(99_000)), [], end=ScanEnd(at(99_001), 7))}),
        ("began before the last operation was over", OPS, {"scan": scan(documents(OPS), start_ms=2000)}),
        ("began before the fault had shown its effect", OPS, {"scan": scan(documents(OPS), start_ms=5)}),
        ("watches have gaps: pods", OPS, {"cluster_notes": [Note(at(5), "gap", {"resource": "pods"})]}),
        ("no pod of namespace pacman", OPS, {"run": run(target=Target("pacman", "mongo", "d", "c"))}),
        ("server gave no good answer before the fault", OPS, {"faults": [fault(start_ms=-5000)]}),
        ("server was watched for 0.99 s only before the fault", OPS, {"faults": [fault(start_ms=-4010)]}),
        (
            "server began 442 of 549 planned hello operations after the fault",
            less(OPS, lambda n, _: not 600 <= n < 708),
            {},
        ),
        ("server began 0 of 55 planned read operations after the fault", OPS, {"plan": WITH_READS}),
        ("server was down already when the fault began", OPS, {"faults": [fault(start_ms=300)]}),
        (
            "server was down already when the fault began",
            HELLOS[:530] + WRITES[:105],
            {"faults": [fault(start_ms=4000)]},
        ),
        ("server sent 467 of 500 planned hello", less(OPS, lambda n, _: n >= 500 or n % 15 != 7), {}),
        ("server sent 0 of 500 planned hello", WRITES, {}),
        ("server sent 0 of 100 planned write", HELLOS, {}),
        ("server did not send 1 operation: too many in flight", [*OPS, *stream("-", 200, 10, first=9999)], {}),
        (
            "server was late: 99 % within 12.00 ms, its tick is 10.00 ms",
            [*OPS, *stream("." * 20, 6, 9, first=9000, late_ms=12)],
            {},
        ),
    ],
)
def test_what_makes_a_run_unknown(says, ops, fields):
    checked = check(ops, **fields)
    assert checked.finding.verdict == "unknown"
    assert says in checked.finding.summary


def test_the_bound_of_the_load_is_95_percent():
    assert check(less(OPS, lambda n, _: n >= 500 or n % 20 != 7)).finding.verdict == "passed"
    assert check(less(OPS, lambda n, _: n >= 500 or n % 19 != 7)).finding.verdict == "unknown"


def test_what_was_due_but_not_sent_is_no_load():
    unsent = stream("." * 480 + "-" * 20, -5000, 10)
    assert "sent 480 of 500" not in check([*unsent, *HELLOS[500:], *WRITES]).finding.summary
    unsent = stream("." * 460 + "-" * 40, -5000, 10)
    assert "server sent 460 of 500 planned hello" in check([*unsent, *HELLOS[500:], *WRITES]).finding.summary


def test_reads_may_begin_when_there_is_something_to_read():
    planned = plan(server={"hello": 100.0, "write": 20.0, "read": 20.0})
    reads = stream("." * 190, -4000, 50, first=5000, f="read")
    assert check([*OPS, *reads], plan=planned).finding.verdict == "passed"
    assert "of 60 planned read" in check([*OPS, *reads[50:]], plan=planned).finding.summary


class TestTheWatchOverTheLanes:
    """mongo-0 is deleted at 0; the record proves it at 320 ms, and the answer to the request came at 50 ms."""

    def problems(self, last_ms: float, **fields) -> str:
        ops = [one for one in [*stream("." * 900, -5000, 10), *WRITES] if one.due_ns <= at(last_ms)]
        in_cluster = {"run": IN_CLUSTER, "cluster": replacement(), "faults": [fault(MONGO_0)]}
        return check(ops, **(in_cluster | fields)).finding.summary

    def test_goes_on_for_a_second_after_the_effect_has_shown(self):
        """Else a lane would seem to have had no outage, because nobody asked when it came."""
        assert "server was watched until 1.31 s after the fault began only, and all of its effect showed at 0.32 s" in (
            self.problems(1310)
        )
        assert "was watched" not in self.problems(1320)

    def test_goes_on_for_a_second_after_the_work_of_the_fault_was_done(self):
        long_fault = {"faults": [fault(MONGO_0, end_ms=2000)]}
        assert "was watched until 2.99 s" in self.problems(2990, **long_fault)
        assert "was watched" not in self.problems(3000, **long_fault)

    def test_goes_on_for_a_second_after_the_last_of_several_faults(self):
        two = {"faults": [fault(MONGO_0), fault(start_ms=3000, end_ms=None)]}
        assert "was watched until 3.99 s" in self.problems(3990, **two)
        assert "was watched" not in self.problems(4000, **two)

    def test_begins_a_second_before_the_fault(self):
        late = [one for one in OPS if one.due_ns >= at(-1000)]
        assert check(late).finding.verdict == "passed"
        assert (
            "server was watched for 0.99 s only before the fault"
            in check([one for one in late if one.due_ns > at(-1000)]).finding.summary
        )


def test_a_read_that_had_nothing_to_read_yet_was_not_left_out():
    nothing_yet = stream("-", -2900, 10, first=9999, f="read")
    assert check([*OPS, *nothing_yet]).finding.verdict == "passed"
    left_out = stream("-", -2900, 10, first=9999, f="read", key="chaos-1-s1")
    assert "server did not send 1 operation" in check([*OPS, *left_out]).finding.summary


def test_an_outage_before_the_fault_that_was_over_is_a_doubt():
    checked = check([msgspec.structs.replace(one, outcome="fail") if one.op == 100 else one for one in OPS])
    assert checked.finding.verdict == "passed"
    assert checked.doubts == ("server had 1 outage before the fault",)


def test_a_share_of_the_load_that_ended_early_is_not_believed_however_much_is_left():
    ended = [STOPPED, Note(at(5000), "stopped", {"reason": "SIGTERM"})]
    two = msgspec.structs.replace(PLAN, shards=2)
    assert check(plan=two, ops_notes=[STOPPED, STOPPED]).finding.verdict == "passed"
    finding = check(plan=two, ops_notes=ended).finding
    assert finding.verdict == "unknown"
    assert finding.summary == ("1 of the workload's 2 shards ended early (SIGTERM): their share of the load is missing")


def test_what_could_not_be_watched_and_who_stopped_the_workload_are_doubts():
    notes = [Note(at(-9000), "not watched", {"resource": "nodes", "reason": "forbidden"})]
    checked = check(
        run=IN_CLUSTER,
        cluster=replacement(),
        cluster_notes=notes,
        faults=[fault(MONGO_0)],
        ops_notes=[Note(at(90_000), "stopped", {"reason": "SIGTERM"})],
    )
    assert checked.finding.verdict == "passed"
    assert checked.doubts == (
        "the workload was stopped by something else than the experiment: SIGTERM",
        "nodes could not be watched: forbidden",
    )


def test_other_notes_say_nothing():
    assert check(ops_notes=[Note(at(-1), "target", {"place": "here"}), STOPPED]).finding.verdict == "passed"


class TestWhatItSays:
    def says(self, ops=OPS, **fields) -> str:
        finding = check(ops, **fields).finding
        assert (finding.check, finding.verdict) == ("validity", "unknown")
        return finding.summary

    def test_of_a_record_to_be_believed(self):
        assert check(OPS).finding == Finding(
            "validity",
            "passed",
            "record whole, load on time (99 % within 0.00 ms), undisturbed before the fault",
            {"lateness_p99_ms": {"server": 0.0}},
        )

    @pytest.mark.parametrize(
        ("summary", "fields"),
        [
            ("the record is damaged: a, b and 1 more", {"damage": ["a", "b", "c"]}),
            ("a writer was cut off in the middle of a line: a, b", {"torn": ["b", "a", "b"], "unclosed": ["a", "b"]}),
            ("a writer did not close its file, so that lines may be missing: a, b", {"unclosed": ["b", "a"]}),
            ("the workload's plan is not on record", {"plan": None}),
            ("the workload did not close its record", {"ops_notes": [Note(at(0), "target", {})]}),
            ("there was no fault", {"faults": []}),
            ("no scores were seeded", {"seeded": []}),
            ("the database was not read back", {"scan": None}),
            (
                "watches have gaps: nodes, pods",
                {"cluster_notes": [Note(at(5), "gap", {"resource": name}) for name in ("pods", "nodes", "pods")]},
            ),
            ("watches have gaps: ", {"cluster_notes": [Note(at(5), "gap")]}),
            ("no pod of namespace pacman is on record", {"run": run(target=Target("pacman", "mongo", "d", "c"))}),
            ("the read-back began before the last operation was over", {"scan": scan(documents(OPS), 4940)}),
        ],
    )
    def test_of_one_that_is_not(self, summary, fields):
        assert self.says(**fields) == summary

    def test_of_operations_that_never_ended(self):
        never = [op(9990 + number, -100, "info", sent_ns=0, done_ns=0) for number in range(2)]
        assert self.says([*OPS, *never]) == "2 operations never ended on record"

    def test_of_no_operation(self):
        assert self.says([], plan=plan()) == "no operation is on record"

    def test_of_a_lane_that_was_down(self):
        assert self.says(faults=[fault(start_ms=300)]) == "server was down already when the fault began"

    def test_of_operations_that_were_left_out(self):
        assert self.says([*OPS, *stream("-", 200, 10, first=9999)]) == (
            "server did not send 1 operation: too many in flight"
        )
        both = [*stream("--", 200, 10, first=9990), *stream("-", 200, 10, first=9999, lane="user", f="write")]
        assert self.says([*OPS, *both]).endswith(
            "server did not send 2 operations: too many in flight; user did not send 1 operation: too many in flight"
        )

    def test_of_a_late_prober(self):
        late = [msgspec.structs.replace(one, sent_ns=one.sent_ns + 12_000_000) for one in OPS[:13]]
        assert self.says([*late, *OPS[13:]]) == (
            "server was late: 99 % within 12.00 ms, its tick is 10.00 ms (is this machine too busy, or its disk?)"
        )

    def test_of_several_problems(self):
        assert self.says(seeded=[], ops_notes=[]) == "the workload did not close its record; no scores were seeded"


class TestLateness:
    """99 % of what was sent must have been sent within the tick of the lane's most frequent function."""

    def of(self, late_ms: float, count: int):
        late = [msgspec.structs.replace(one, sent_ns=one.due_ns + round(late_ms * 1e6)) for one in OPS[:count]]
        return check([*late, *OPS[count:]])

    def test_one_in_a_hundred_may_be_late(self):
        assert len(OPS) == 1260
        assert self.of(12, 12).finding.verdict == "passed"
        assert self.of(12, 13).finding.verdict == "unknown"

    def test_up_to_the_tick(self):
        assert self.of(9.999, 13).finding.verdict == "passed"
        assert self.of(10, 13).finding.verdict == "unknown"

    def test_is_told_by_lane(self):
        checked = self.of(2.3456, 100)
        assert checked.finding.details == {"lateness_p99_ms": {"server": 2.346}}
        assert checked.finding.summary == (
            "record whole, load on time (99 % within 2.35 ms), undisturbed before the fault"
        )

    def test_the_worst_of_all_lanes_is_told(self):
        user = stream("." * 105, -5000, 100, first=7000, lane="user", late_ms=7)
        checked = check([*OPS, *user], plan=plan(server=PLAN.lanes["server"].rates, user={"hello": 10.0}))
        assert checked.finding.details == {"lateness_p99_ms": {"server": 0.0, "user": 7.0}}
        assert "99 % within 7.00 ms" in checked.finding.summary

    def test_of_a_lane_of_a_single_operation(self):
        only = op(9999, -100, lane="user", late_ms=3)
        assert check([*OPS, only]).finding.details == {"lateness_p99_ms": {"server": 0.0, "user": 3.0}}

    def test_of_what_was_never_sent_says_nothing(self):
        unsent = stream("-" * 40, -5000, 10, first=8000, lane="user", f="read")
        assert check([*OPS, *unsent]).finding.details == {"lateness_p99_ms": {"server": 0.0}}


class TestWhenTheLoadBegins:
    """A function may begin two seconds after the first operation: reads wait for something to read."""

    PLANNED = plan(server={"hello": 100.0, "write": 20.0, "read": 20.0})

    def problems(self, first_read_ms: float) -> str:
        reads = stream("." * round((5490 - first_read_ms) / 50), first_read_ms, 50, first=5000, f="read")
        return check([*OPS, *reads], plan=self.PLANNED).finding.summary

    def test_two_seconds_later_is_soon_enough(self):
        assert "planned read" not in self.problems(-3000)
        assert "planned read" not in self.problems(-2900)

    def test_later_is_less_than_was_planned(self):
        assert "server sent 56 of 60 planned read operations before the fault" in self.problems(-2800)

    def test_a_function_that_was_not_planned_is_not_missed(self):
        idle = plan(server={"hello": 100.0, "write": 20.0, "read": 0.0})
        assert check(OPS, plan=idle).finding.verdict == "passed"

    def test_one_operation_at_least_must_have_been_sent(self):
        rare = plan(server={"hello": 100.0, "write": 20.0, "read": 0.1})
        assert "server sent 0 of 0 planned read operations before the fault" in check(OPS, plan=rare).finding.summary


class TestDoubts:
    def test_of_outages_before_the_fault(self):
        broken = {100: "fail", 350: "fail"}
        ops = [msgspec.structs.replace(one, outcome=broken.get(one.op, one.outcome)) for one in OPS]
        assert check(ops).doubts == ("server had 2 outages before the fault",)
        assert check(ops, faults=[]).doubts == ()

    def test_of_who_stopped_the_workload(self):
        notes = [Note(at(1), "stopped", {"reason": "the runner is gone"}), Note(at(2), "target", {"reason": "no"})]
        assert check(ops_notes=notes).doubts == (
            "the workload was stopped by something else than the experiment: the runner is gone",
        )
        assert check(ops_notes=[Note(at(1), "stopped", {})]).doubts == ()

    def test_of_what_was_not_watched(self):
        notes = [Note(at(1), "not watched", {}), Note(at(1), "other", {"resource": "pods"})]
        assert check(cluster_notes=notes).doubts == ("a resource could not be watched: ",)

    def test_stand_beside_what_makes_the_run_unknown(self):
        notes = [Note(at(1), "not watched", {"resource": "nodes", "reason": "forbidden"})]
        assert check(cluster_notes=notes, seeded=[]).doubts == ("nodes could not be watched: forbidden",)


def test_an_answer_that_came_when_the_fault_began_came_before_it():
    """The first operation is answered at -4,999 ms."""
    assert "gave no good answer" not in check(faults=[fault(start_ms=-4999)]).finding.summary
    assert "gave no good answer" in check(faults=[fault(start_ms=-4999.001)]).finding.summary


def test_a_watch_that_broke_and_went_on_is_a_doubt_and_no_gap():
    notes = [Note(at(100), "broken", {"resource": resource}) for resource in ("pods", "nodes", "pods")]
    checked = check(run=IN_CLUSTER, cluster=replacement(), cluster_notes=notes, faults=[fault(MONGO_0)])
    assert checked.finding.verdict == "passed"
    assert checked.doubts == (
        "watches broke and went on from where they were: what nodes, pods did meanwhile was told late",
    )
