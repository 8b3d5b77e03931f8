"""Is the instrument to be believed? Every doubt that matters makes the run unknown, whatever else the record says.

The record as it should be: 10 s of one hello every 10 ms and one write every 50 ms, the fault at 0, an outage of 0.5 s.
"""

import msgspec
import pytest
from chaosmongo.checks import judge, validity
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Scan
from chaosmongo.history.records import Note, ScanEnd, ScanStart, Target

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
WRITES = [write(2000 + n, -5000 + 50 * n, "fail" if 100 <= n < 110 else "ok") for n in range(200)]
OPS = [*HELLOS, *WRITES]
PLAN = plan(server={"hello": 100.0, "write": 20.0})


def check(ops=OPS, **fields):
    return validity.check(Evidence(history(list(ops), **({"plan": PLAN} | fields))))


def test_a_good_record_is_believed():
    checked = check()
    assert (checked.finding.verdict, checked.doubts) == ("passed", ())
    assert judge(history(OPS, plan=PLAN)).verdict == "passed"


def less(ops, keep):
    return [one for number, one in enumerate(ops) if keep(number, one)]


@pytest.mark.parametrize(
    ("says", "ops", "fields"),
    [
        ("the record is damaged: ops.jsonl line 3: bad", OPS, {"damage": ["ops.jsonl line 3: bad"]}),
        ("cut off in the middle of a line: ops.jsonl", OPS, {"torn": ["ops.jsonl"]}),
        ("the workload's plan is not on record", OPS, {"plan": None}),
        ("no operation is on record", [], {}),
        ("did not close its record", OPS, {"ops_notes": []}),
        ("1 operation never ended", [*OPS, op(9999, -100, "info", sent_ns=0, done_ns=0)], {}),
        ("there was no fault", OPS, {"faults": []}),
        ("no scores were seeded", OPS, {"seeded": []}),
        ("the database was not read back", OPS, {"scan": None}),
        ("the read-back is not complete", OPS, {"scan": Scan(ScanStart(at(99_000)))}),
        ("the read-back is not complete", OPS, {"scan": Scan(ScanStart(at(99_000)), [], ScanEnd(at(1), 0, "lost"))}),
        ("counted 7 documents, and 0 are", OPS, {"scan": Scan(ScanStart(at(99_000)), [], ScanEnd(at(99_001), 7))}),
        ("began before the last operation was over", OPS, {"scan": scan(documents(OPS), start_ms=2000)}),
        ("watches have gaps: pods", OPS, {"cluster_notes": [Note(at(5), "gap", {"resource": "pods"})]}),
        ("no pod of namespace pacman", OPS, {"run": run(target=Target("pacman", "mongo", "d", "c"))}),
        ("server gave no good answer before the fault", OPS, {"faults": [fault(start_ms=-5000)]}),
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
    reads = stream("." * 180, -4000, 50, first=5000, f="read")
    assert check([*OPS, *reads], plan=planned).finding.verdict == "passed"
    assert "of 60 planned read" in check([*OPS, *reads[50:]], plan=planned).finding.summary


def test_an_outage_before_the_fault_that_was_over_is_a_doubt():
    checked = check([msgspec.structs.replace(one, outcome="fail") if one.op == 100 else one for one in OPS])
    assert checked.finding.verdict == "passed"
    assert checked.doubts == ("server had 1 outage before the fault",)


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
