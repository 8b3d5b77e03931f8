"""The experiment's own text and its journal on the page: as recorded, in order, and without secrets."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from chaosmongo.checks import judge
from chaosmongo.history import History, read
from chaosmongo.history import records as r
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport import experiment, report
from recoveryreport.journal import journal

from .conftest import HOSTILE
from .recorded_runs import at
from .test_page import rendered

ACTIVITY = {"name": "delete mongo-0", "type": "action", "status": "succeeded", "duration_s": 0.25}
NOTES = (
    r.Note(at(-6), "company", {"state": "alone"}),
    r.Note(at(-5), "hypothesis", {"met": True}),
    r.Note(at(0.06), "done", ACTIVITY),
    r.Note(at(6), "activity", {**ACTIVITY, "name": HOSTILE, "status": "failed", "error": "mongodb://a:hunter2@b: no"}),
    r.Note(at(7), "hypothesis", {"met": False, "probes": ["the scores are served"]}),
    r.Note(at(8), "safeguard", {"reason": "down for too long", "token": "hunter2"}),
    r.Note(at(9), "ended", {"status": "completed", "deviated": True}),
)
TEXT = {
    "title": "Does it?",
    "method": [
        {"type": "action", "name": HOSTILE, "provider": {"type": "process", "arguments": "--password hunter2 --all"}}
    ],
}


@pytest.fixture
def run(make_run: Callable[..., Path]) -> Path:
    return make_run(lanes=("server",), notes=NOTES, elsewhere={"experiment": TEXT})


class TestTheJournal:
    def test_tells_what_was_done_when_and_how_it_went(self, run: Path, tmp_path: Path) -> None:
        shown = rendered(run, tmp_path)
        begin = next(number for number, row in enumerate(shown.rows) if row[:2] == ["At", "What"])
        assert shown.rows[begin + 1 : begin + 10] == [
            ["−6.000 s", "other runs", "none", ""],
            ["−5.000 s", "steady state", "met", ""],
            ["+0.000 s", "fault begins", "delete_pod: Pod pacman/mongo-0", ""],
            ["+0.050 s", "fault done", "delete_pod: asked for", "0.050 s"],
            ["+0.060 s", "action", "delete mongo-0: succeeded", "0.250 s"],
            ["+6.000 s", "action", f"✘ {HOSTILE}: failed (mongodb://[redacted]@b: no)", "0.250 s"],
            ["+7.000 s", "steady state", "✘ not met: the scores are served", ""],
            ["+8.000 s", "safeguard", "reason: down for too long, token: [redacted]", ""],
            ["+9.000 s", "experiment ended", "✘ completed, deviated from its steady state", ""],
        ]

    def test_of_an_older_record_says_that_activities_are_missing(
        self, make_run: Callable[..., Path], tmp_path: Path
    ) -> None:
        shown = rendered(make_run(lanes=("server",)), tmp_path)
        assert "Activities that succeeded are not in this record" in shown.text
        assert "fault begins" in shown.text

    def test_of_nothing_says_so(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(workload=False, fault=False, cluster=False, readback=False), tmp_path)
        assert "Nothing of the experiment's course is on record." in shown.text

    @given(
        st.sampled_from(["done", "activity", "hypothesis", "mark", "ended", "company", "?"]),
        st.dictionaries(
            st.sampled_from(["name", "type", "status", "error", "duration_s", "met", "probes", "deviated", "x"]),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text()
            | st.lists(st.integers()),
        ),
    )
    def test_survives_notes_of_any_shape(self, what: str, detail: dict[str, object]) -> None:
        target = r.Target("", "", "pacman", "highscore")
        run = r.Run("x/y", "m-", "", "", {}, r.Anchor(0, 0), target, r.Objectives({}), r.Environment(), 60)
        history = History(run, course=[r.Note(1, what, detail)])
        assert len(journal(history)) == 1


class TestTheText:
    def test_is_the_experiment_less_its_secrets(self, run: Path) -> None:
        shown = yaml.safe_load(experiment.text(read(run)))
        assert shown["title"] == "Does it?"
        assert shown["method"][0]["provider"]["arguments"] == "--password [redacted] --all"

    def test_shows_as_text(self, run: Path, tmp_path: Path) -> None:
        assert f"name: {HOSTILE}" in rendered(run, tmp_path).text

    def test_that_is_not_on_record_is_said_to_be_missing(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(lanes=("server",), elsewhere={"experiment": {}}), tmp_path)
        assert "The experiment's text is not on record." in shown.text


def test_no_secret_is_in_any_file_of_the_report(run: Path, tmp_path: Path) -> None:
    history = read(run)
    verdict = judge(history)
    assert [finding for finding in verdict.findings if "hunter2" in finding.summary]  # as older records have it
    report.draw(history, verdict, tmp_path / "out")
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert "report.html" in files
    assert [name for name, data in files.items() if b"hunter2" in data] == []
