"""The course of the experiment: what Chaos Toolkit passes over in silence changes the verdict."""

from pathlib import Path
from typing import Any

import pytest
from chaosmongo.checks.course import check
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import History
from chaosmongo.history.reader import Fault
from chaosmongo.history.records import FaultStart, Note

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
