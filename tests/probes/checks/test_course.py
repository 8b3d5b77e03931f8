"""The course of the experiment: what Chaos Toolkit passes over in silence changes the verdict."""

from pathlib import Path
from typing import Any

import pytest
from chaosmongo.checks.course import check
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import History
from chaosmongo.history.reader import Fault
from chaosmongo.history.records import FaultStart, Note
from chaosmongo.history.results import Finding

from tests.probes.test_history import a_run

FAULT_NS = 100
MET = {"met": True, "probes": []}
UNMET = {"met": False, "probes": ["the scores are served"]}
COMPLETED = {"status": "completed", "deviated": False}


def note(time_ns: int, what: str, **detail: Any) -> Note:
    return Note(time_ns, what, detail)


@pytest.mark.parametrize(
    ("notes", "verdict", "told"),
    [
        ([note(1, "hypothesis", **MET), note(200, "hypothesis", **MET), note(300, "ended", **COMPLETED)], "passed", ""),
        (
            [note(1, "hypothesis", **MET), note(200, "hypothesis", **UNMET), note(300, "ended", **COMPLETED)],
            "failed",
            "after the fault: not 'the scores are served'",
        ),
        ([note(1, "hypothesis", **UNMET), note(300, "ended", **COMPLETED)], "unknown", "before the fault"),
        ([note(1, "hypothesis", **MET)], "unknown", "runner was gone"),
        (
            [note(1, "hypothesis", **MET), note(300, "ended", status="completed", deviated=True)],
            "unknown",
            "deviated from its steady state, but nothing on record says when",
        ),
        ([note(1, "hypothesis", **MET), note(300, "ended", status="interrupted")], "unknown", "was interrupted"),
        ([note(1, "hypothesis", **MET), note(300, "ended", status="aborted")], "unknown", "was aborted"),
        (
            [
                note(1, "hypothesis", **MET),
                note(50, "activity", name="stop the load", status="failed", error="no answer"),
                note(200, "hypothesis", **MET),
                note(300, "ended", **COMPLETED),
            ],
            "unknown",
            "'stop the load' failed (no answer)",
        ),
        (
            [
                note(50, "activity", name="x", status="failed"),
                note(200, "hypothesis", **UNMET),
                note(300, "ended", **COMPLETED),
            ],
            "unknown",
            "after the fault: not 'the scores are served'; 'x' failed",
        ),
        (
            [
                note(200, "hypothesis", **UNMET),
                note(250, "activity", name="x", status="failed"),
                note(300, "ended", **COMPLETED),
            ],
            "failed",
            "after the fault",
        ),
    ],
    ids=[
        "all well",
        "unmet after",
        "unmet before",
        "no end",
        "deviated unseen",
        "interrupted",
        "aborted",
        "failed activity",
        "unmet after a failed activity",
        "unmet before a failed activity",
    ],
)
def test_the_course_of_the_experiment(tmp_path: Path, notes: list[Note], verdict: str, told: str) -> None:
    faults = [Fault(FaultStart(1, "delete_pod", FAULT_NS, [], "replaced"), None)]
    finding = check(Evidence(History(a_run(tmp_path), faults=faults, course=notes))).finding
    assert finding is not None
    assert finding.verdict == verdict
    assert told in finding.summary


def test_without_notes_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert check(Evidence(History(a_run(tmp_path)))).finding is None


class TestWhatItSays:
    WHOLE = (note(1, "hypothesis", **MET), note(300, "ended", **COMPLETED))

    def says(self, tmp_path: Path, *notes: Note, faults: tuple[int, ...] = (FAULT_NS,)) -> Finding | None:
        started = [Fault(FaultStart(n, "delete_pod", ns, [], "replaced"), None) for n, ns in enumerate(faults)]
        return check(Evidence(History(a_run(tmp_path), faults=started, course=list(notes)))).finding

    def test_of_an_experiment_that_ran_its_course(self, tmp_path: Path) -> None:
        assert self.says(tmp_path, *self.WHOLE) == Finding(
            "course",
            "passed",
            "the experiment ran its course, and the steady state was met whenever it was asked for",
        )

    def test_of_a_steady_state_that_was_not_met(self, tmp_path: Path) -> None:
        unmet = note(FAULT_NS, "hypothesis", met=False, probes=["a", "b"])
        assert self.says(tmp_path, unmet, *self.WHOLE) == Finding(
            "course", "failed", "the steady state was not met after the fault: not 'a', 'b'"
        )
        before = note(FAULT_NS - 1, "hypothesis", met=False)
        assert self.says(tmp_path, before, *self.WHOLE) == Finding(
            "course", "unknown", "the steady state was not met before the fault: not 'what was asked for'"
        )

    def test_of_the_last_of_several(self, tmp_path: Path) -> None:
        early, late = (note(ns, "hypothesis", met=False, probes=[str(ns)]) for ns in (150, 200))
        finding = self.says(tmp_path, early, late, *self.WHOLE)
        assert finding is not None and finding.summary == "the steady state was not met after the fault: not '200'"

    def test_of_a_steady_state_without_a_fault(self, tmp_path: Path) -> None:
        unmet = note(200, "hypothesis", met=False, probes=["a"])
        assert self.says(tmp_path, unmet, *self.WHOLE, faults=()) == Finding(
            "course", "unknown", "the steady state was not met before the fault: not 'a'"
        )

    def test_of_activities(self, tmp_path: Path) -> None:
        failed = note(50, "activity", name="a", status="failed", error="no answer")
        aborted = note(60, "activity", name="b", status="aborted")
        finding = self.says(tmp_path, failed, aborted, *self.WHOLE)
        assert finding is not None and finding.summary == "'a' failed (no answer); 'b' aborted"

    def test_of_how_it_ended(self, tmp_path: Path) -> None:
        finding = self.says(tmp_path, note(1, "hypothesis", **MET))
        assert finding is not None and finding.summary == "the runner was gone before the experiment's end"
        finding = self.says(tmp_path, note(300, "ended", status="aborted"))
        assert finding is not None and finding.summary == "the experiment was aborted"
        finding = self.says(tmp_path, note(300, "ended", status="aborted"), note(400, "ended", **COMPLETED))
        assert finding is not None and finding.verdict == "passed"

    def test_of_a_deviation_that_was_seen_it_tells_once(self, tmp_path: Path) -> None:
        unmet = note(50, "hypothesis", met=False, probes=["a"])
        finding = self.says(tmp_path, unmet, note(300, "ended", status="completed", deviated=True))
        assert finding is not None
        assert finding.summary == "the steady state was not met before the fault: not 'a'"
        finding = self.says(tmp_path, note(300, "ended", status="completed", deviated=True))
        assert finding is not None
        assert finding.summary == "the experiment deviated from its steady state, but nothing on record says when"

    def test_an_activity_that_failed_at_the_moment_of_asking_was_not_before_it(self, tmp_path: Path) -> None:
        unmet, broken = note(200, "hypothesis", **UNMET), note(200, "activity", name="x", status="failed")
        finding = self.says(tmp_path, unmet, broken, *self.WHOLE)
        assert finding is not None and finding.verdict == "failed"
