"""One verdict from all findings: failed outranks unknown outranks passed, and no check can bring the judge down."""

import msgspec
import pytest
from chaosmongo.checks import durability, judge
from chaosmongo.history import History
from chaosmongo.history.records import Document, Note, Objectives
from chaosmongo.history.results import Verdict, worst
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .histories import (
    IN_CLUSTER,
    MONGO_0,
    MS,
    T0,
    at,
    documents,
    fault,
    history,
    plan,
    replacement,
    run,
    scan,
    seed_documents,
    stream,
    write,
)

HELLOS = stream("." * 500 + "x" * 50 + "." * 500, -5000, 10)
WRITES = [write(2000 + n, -5000 + 50 * n, "fail" if 100 <= n < 110 else "ok") for n in range(200)]
OPS = [*HELLOS, *WRITES]


def whole(**fields) -> History:
    defaults = {
        "plan": plan(server={"hello": 100.0, "write": 20.0}),
        "run": run(objectives=Objectives({"server": 1.0})),
    }
    return history(OPS, **(defaults | fields))


def test_a_good_run_passes_in_one_plain_sentence():
    verdict = judge(whole())
    assert verdict.verdict == "passed"
    assert verdict.sentence == (
        "passed: 190 acknowledged writes, none lost; the database answered again after 0.496 ± 0.006 s (objective 1 s)"
    )
    assert [finding.check for finding in verdict.findings] == [
        "validity",
        "injection",
        "recovery",
        "durability",
        "seeds",
    ]


def test_in_a_cluster_two_more_checks_apply():
    in_cluster = msgspec.structs.replace(IN_CLUSTER, objectives=Objectives({"server": 1.0}))
    verdict = judge(whole(run=in_cluster, cluster=replacement(), faults=[fault(MONGO_0)]))
    assert verdict.verdict == "passed"
    assert [finding.check for finding in verdict.findings][-2:] == ["identity", "single_writer"]


LOST = scan(documents(OPS)[1:] + seed_documents())


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ("passed", {}),
        ("failed", {"scan": LOST}),
        ("failed", {"scan": scan(documents(OPS) + seed_documents()[1:])}),
        ("failed", {"run": run(objectives=Objectives({"server": 0.2}))}),
        ("unknown", {"scan": None}),
        ("unknown", {"faults": []}),
        ("unknown", {"faults": [fault()]}),
        ("unknown", {"ops_notes": []}),
        ("unknown", {"run": run(objectives=Objectives({"user": 1.0}))}),
        ("unknown", {"course": [Note(at(-9000), "hypothesis", {"met": True})]}),  # and no end
        ("failed", {"course": [Note(at(9000), "hypothesis", {"met": False})]}),
        ("failed", {"scan": LOST, "ops_notes": []}),
        ("failed", {"scan": None, "run": run(objectives=Objectives({"server": 0.2}))}),
    ],
)
def test_failed_outranks_unknown_outranks_passed(expected, fields):
    verdict = judge(whole(**fields))
    assert verdict.verdict == expected
    assert verdict.sentence.startswith(f"{expected}: ")
    assert "\n" not in verdict.sentence


def test_nothing_at_all_is_unknown():
    assert judge(History(run=run())).verdict == "unknown"
    assert worst([]) == "unknown"


def test_a_failure_is_said_first():
    assert judge(whole(scan=LOST, ops_notes=[])).sentence == (
        "failed: 1 of 190 acknowledged writes LOST, with a HOLE: later ones survived (chaos-1-s2000)"
    )


def test_a_check_that_raises_is_unknown_and_the_others_stand(monkeypatch):
    def broken(_):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(durability, "check", broken)
    verdict = judge(whole())
    found = {finding.check: finding for finding in verdict.findings}
    assert (verdict.verdict, verdict.durability) == ("unknown", None)
    assert found["durability"].summary == "the check crashed: RuntimeError: no such thing"
    assert found["recovery"].verdict == "passed"


@pytest.mark.parametrize("thing", [{}, {"metadata": None}, {"metadata": {"name": []}}, {"status": {"conditions": 7}}])
def test_no_object_brings_the_judge_down(thing):
    events = replacement()
    strange = [msgspec.structs.replace(events[3], object=thing), msgspec.structs.replace(events[0], items=[thing, {}])]
    in_cluster = msgspec.structs.replace(IN_CLUSTER, objectives=Objectives({"server": 1.0}))
    assert judge(whole(run=in_cluster, cluster=[*events, *strange], faults=[fault(MONGO_0)])).verdict in (
        "passed",
        "unknown",
    )


# --- the same record, the same verdict ---


def written(verdict: Verdict) -> bytes:
    return msgspec.json.encode(verdict)


def test_judging_again_gives_the_same_bytes():
    in_cluster = msgspec.structs.replace(IN_CLUSTER, objectives=Objectives({"server": 1.0}))
    record = whole(run=in_cluster, cluster=replacement(), faults=[fault(MONGO_0)])
    assert written(judge(record)) == written(judge(record))
    assert msgspec.json.decode(written(judge(record)), type=Verdict) == judge(record)


@settings(max_examples=20, deadline=None)
@example(9_006_198_759_240_993, 0)  # beyond what a float holds
@given(st.integers(-T0 + 30_000 * MS, 10**17), st.integers(-(10**17), 10**17))
def test_no_clock_but_differences_of_the_monotonic_one_matters(shift_ns, wall_ns):
    before = judge(whole())
    record = whole()
    anchor = msgspec.structs.replace(record.run.anchor, wall_ns=record.run.anchor.wall_ns + wall_ns)
    moved = msgspec.structs.replace(_moved(record, shift_ns), run=msgspec.structs.replace(record.run, anchor=anchor))
    after = judge(moved)
    assert (after.sentence, after.findings, after.durability) == (before.sentence, before.findings, before.durability)
    assert [lane.rta for lane in after.recovery] == [lane.rta for lane in before.recovery]
    lengths = [[(p.name, p.end_ns - p.start_ns) for p in verdict.phases] for verdict in (before, after)]
    assert lengths[0] == lengths[1]


def _moved(thing, by_ns: int):
    """All monotonic times in it, shifted."""
    if isinstance(thing, list):
        return [_moved(item, by_ns) for item in thing]
    if not isinstance(thing, msgspec.Struct):
        return thing
    values = {name: getattr(thing, name) for name in thing.__struct_fields__}
    return type(thing)(
        **{
            name: value + by_ns if name.endswith("_ns") and name != "wall_ns" and value else _moved(value, by_ns)
            for name, value in values.items()
        }
    )


def test_half_a_million_operations_are_judged_within_seconds():
    hellos = stream(("." * 900 + "x" * 100) * 400, -200_000, 1)
    writes = [write(1_000_000 + n, -200_000 + 4 * n) for n in range(100_000)]
    ops = sorted([*hellos, *writes], key=lambda one: one.due_ns)
    found = [Document(one.key, one.digest) for one in writes]
    record = msgspec.structs.replace(whole(scan=scan(found, start_ms=900_000)), ops=ops)
    assert judge(record).durability.kept == 100_000
