"""One verdict from all findings: failed outranks unknown outranks passed, and no check can bring the judge down."""

import msgspec
import pytest
from chaosmongo.checks import (
    alone,
    course,
    durability,
    identity,
    injection,
    judge,
    phases,
    ready_gap,
    recovery,
    seeds,
    single_writer,
    validity,
)
from chaosmongo.history import History
from chaosmongo.history.records import Document, Note, Objectives
from chaosmongo.history.results import Finding, Verdict, worst
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .histories import (
    IN_CLUSTER,
    MONGO_0,
    MS,
    T0,
    at,
    claim,
    documents,
    event,
    fault,
    history,
    plan,
    pod,
    replacement,
    run,
    scan,
    seed_documents,
    stream,
    write,
)

HELLOS = stream("." * 500 + "x" * 50 + "." * 500, -5000, 10)
WRITES = [write(2000 + n, -5000 + 50 * n, "fail" if 100 <= n < 110 else "ok") for n in range(210)]
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
        "passed: 200 acknowledged writes, none lost; the database answered again after 0.496 ± 0.006 s (objective 1 s)"
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


CHANGED = [*replacement(), event(950, "MODIFIED", claim("pv-2"), "persistentvolumeclaims")]
TWO_WRITERS = [*replacement(), event(950, "ADDED", pod("twin", name="mongo-1", started="2026-01-01T00:00:12Z"))]
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


def test_an_activity_that_failed_is_said_first_and_each_reason_once():
    failed = Note(at(0), "activity", {"name": "drain it", "status": "failed", "error": "not allowed"})
    course = [Note(at(-9000), "hypothesis", {"met": True}), failed, Note(at(9000), "ended", {"status": "completed"})]
    sentence = judge(whole(faults=[], ops_notes=[], course=course)).sentence
    assert sentence.startswith("unknown: 'drain it' failed (not allowed); the workload did not close its record; ")
    assert sentence.casefold().count("there was no fault;") == 1


def test_a_failure_is_said_first():
    assert judge(whole(scan=LOST, ops_notes=[])).sentence == (
        "failed: 1 of 200 acknowledged writes LOST, with a HOLE: later ones survived (chaos-1-s2000)"
    )


@pytest.mark.parametrize(
    ("check", "field", "otherwise"),
    [
        (validity, None, None),
        (injection, "faults", []),
        (recovery, "recovery", []),
        (durability, "durability", None),
        (seeds, "seeds", None),
        (identity, None, None),
        (single_writer, None, None),
        (phases, "phases", []),
        (ready_gap, "ready_gap", None),
        (course, None, None),
        (alone, None, None),
    ],
    ids=lambda value: value.__name__.rpartition(".")[2] if hasattr(value, "__name__") else "",
)
def test_a_check_that_raises_is_unknown_and_the_others_stand(monkeypatch, check, field, otherwise):
    def broken(_):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(check, "check", broken)
    verdict = judge(whole())
    name = check.__name__.rpartition(".")[2]
    crashed = Finding(name, "unknown", "the check crashed: RuntimeError: no such thing")
    assert [finding for finding in verdict.findings if finding.verdict != "passed"] == [crashed]
    assert verdict.verdict == "unknown"
    assert verdict.sentence == "unknown: the check crashed: RuntimeError: no such thing"
    if field is not None:
        assert getattr(verdict, field) == otherwise


class TestTheSentence:
    def lanes(self, objectives, lost: int = 0, **more):
        """server and driver were down, user was not; 200 writes were acknowledged."""
        rates = {"server": {"hello": 100.0, "write": 20.0}, "driver": {"read": 20.0}, "user": {"read": 20.0}}
        ops = [
            *OPS,
            *stream("." * 100 + "x" * 20 + "." * 90, -5000, 50, first=5000, lane="driver", f="read"),
            *stream("." * 210, -5000, 50, first=6000, lane="user", f="read"),
        ]
        kept = documents(OPS)[: 200 - lost]
        asked = run(objectives=Objectives(objectives, rpo_writes=lost))
        return judge(history(ops, plan=plan(**rates), run=asked, scan=scan(kept + seed_documents()), **more)).sentence

    def test_tells_of_each_lane_and_of_the_objective_that_they_share(self):
        assert self.lanes({"server": 2, "driver": 2, "user": 2}) == (
            "passed: 200 acknowledged writes, none lost; the database answered again after 0.496 ± 0.006 s, "
            "applications were served again after 0.98 ± 0.03 s, players were served without an outage longer than "
            "0.051 s (objective 2 s)"
        )

    def test_tells_the_objectives_one_by_one_where_they_differ(self):
        assert self.lanes({"server": 2, "user": 3.5}) == (
            "passed: 200 acknowledged writes, none lost; the database answered again after 0.496 ± 0.006 s "
            "(objective 2 s), applications were served again after 0.98 ± 0.03 s, players were served without an "
            "outage longer than 0.051 s (objective 3.5 s)"
        )

    def test_tells_no_objective_where_there_is_none(self):
        assert "objective" not in self.lanes({})

    def test_tells_of_losses_that_are_allowed(self):
        assert self.lanes({}, lost=2).startswith("passed: 200 acknowledged writes, 2 lost; the database answered")

    def test_calls_a_lane_that_it_does_not_know_by_its_name(self):
        other = [msgspec.structs.replace(one, lane="other") for one in OPS]
        in_cluster = {"run": IN_CLUSTER, "cluster": replacement(), "faults": [fault(MONGO_0)]}
        sentence = judge(history(other, plan=plan(other={"hello": 100.0, "write": 20.0}), **in_cluster)).sentence
        assert sentence.endswith("none lost; other was served again after 0.496 ± 0.006 s")


class TestADamagedFile:
    """What it tells of a failure is not believed."""

    UNMET = (Note(at(9000), "hypothesis", {"met": False}), Note(at(9001), "ended", {"status": "completed"}))

    @pytest.mark.parametrize(
        ("check", "file", "fields"),
        [
            ("recovery", "ops", {"run": run(objectives=Objectives({"server": 0.2}))}),
            ("recovery", "faults", {"run": run(objectives=Objectives({"server": 0.2}))}),
            ("course", "faults", {"course": list(UNMET)}),
            ("identity", "cluster", {"cluster": CHANGED}),
            ("identity", "faults", {"cluster": CHANGED}),
            ("single_writer", "cluster", {"cluster": TWO_WRITERS}),
        ],
    )
    def test_fails_no_run(self, check, file, fields):
        if check in ("identity", "single_writer"):
            fields = fields | {"run": IN_CLUSTER, "faults": [fault(MONGO_0)]}
        before = {finding.check: finding for finding in judge(whole(**fields)).findings}
        after = {f.check: f for f in judge(whole(**fields, damage=[f"{file}.jsonl line 3: bad"])).findings}
        assert (before[check].verdict, after[check].verdict) == ("failed", "unknown")
        assert after[check].summary == f"{before[check].summary} (but {file} is damaged)"
        others = whole(**fields, damage=["undo.jsonl line 3: bad"])
        assert before[check] in judge(others).findings

    def test_takes_nothing_from_what_is_not_failed(self):
        verdict = judge(whole(damage=["ops.jsonl line 3: bad"]))
        assert {finding.check: finding.verdict for finding in verdict.findings} == {
            "validity": "unknown",
            "injection": "passed",
            "recovery": "passed",
            "durability": "unknown",
            "seeds": "passed",
        }


def test_every_doubt_is_told():
    record = whole(ops_notes=[Note(at(90_000), "stopped", {"reason": "SIGTERM"})])
    assert judge(record).doubts == ["the workload was stopped by something else than the experiment: SIGTERM"]


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


@settings(max_examples=20)
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
