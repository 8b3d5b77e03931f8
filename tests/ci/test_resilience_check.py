"""The workflow that users copy: its shell, run on recorded runs. A regression is red, and so is what cannot be told."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.reports.scheduled_runs import Planned, make
from tests.reports.test_compare import about, kept, runs

from .steps import ROOT, Ended, run, scripts

STEPS = scripts(ROOT / "docs/examples/resilience-check.yml")

GH = """#!/bin/sh
printf '%s\\n' "$*" >> asked
case "$*" in *--paginate*) printf "$FOUND";; "run list"*) printf "$FOUND";; esac
"""
"""Stands for GitHub's command: writes down what it is asked, and finds what it is told to."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout in which an experiment was just run."""
    make(tmp_path / "runs", Planned())
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    return tmp_path


@pytest.fixture
def after(place: Path) -> Callable[..., tuple[Ended, str]]:
    """Compares, tells and judges as the workflow does, after runs that all passed: how it ended, and the comment."""

    def check(base: Sequence[float] | None, new: Sequence[float]) -> tuple[Ended, str]:
        if base is not None:
            kept(place / "baseline/result/trials", runs(base))
        kept(place / "result/trials", runs(new, 50))
        compared = run(STEPS["Compare"], place, AT_LEAST_S="1")
        assert compared.status == 0, compared.output
        told = run(STEPS["What to tell"], place, REPORTS="https://reports.example/1")
        assert told.status == 0, told.output
        comment = (place / "comment/comment.md").read_text()
        assert (place / "summary.md").read_text() == comment
        return run(STEPS["Verdict"], place, RUNS="0", COMPARED=compared.outputs["code"]), comment

    return check


class TestAPullRequest:
    def test_that_recovers_later_is_red_and_told_so(self, after: Callable[..., tuple[Ended, str]]) -> None:
        ended, comment = after(about(4), about(6))
        assert ended.status == 1
        assert "::error::worse than main" in ended.output
        assert comment.startswith("<!-- resilience-check -->\n### ✘ worse: mongo-pod-delete\n")
        assert "The newest of the runs:\n\n### ✔ passed: " in comment
        assert comment.endswith("[All reports](https://reports.example/1)\n")

    def test_that_changes_nothing_is_green(self, after: Callable[..., tuple[Ended, str]]) -> None:
        ended, comment = after(about(4), about(4.01))
        assert (ended.status, ended.output) == (0, "")
        assert "\n### – no difference shown: " in comment

    def test_that_can_be_compared_with_nothing_is_red(self, after: Callable[..., tuple[Ended, str]]) -> None:
        ended, comment = after(None, about(4))
        assert ended.status == 1
        assert "::error::unknown whether it is worse than main" in ended.output
        assert "### ? unknown: nothing was compared\n\n    Error: baseline/result/trials " in comment


class TestTheVerdict:
    @pytest.mark.parametrize("runs", ["0", "1", "2", "143", ""])
    @pytest.mark.parametrize("compared", ["0", "1", "2", "143", ""])
    def test_is_green_only_where_both_are(self, place: Path, runs: str, compared: str) -> None:
        ended = run(STEPS["Verdict"], place, RUNS=runs, COMPARED=compared)
        assert (ended.status == 0) == (runs == compared == "0")
        assert ended.output.count("::error::") == (runs != "0") + (compared != "0")

    def test_of_runs_that_could_not_be_made_is_handed_on(self, place: Path) -> None:
        ended = run(STEPS["Runs"], place, EXPERIMENT="nowhere.yaml")
        assert (ended.status, ended.outputs) == (0, {"code": "2"}), ended.output


OF_MAIN = {"GH_TOKEN": "", "GH_REPO": "us/it", "BASE": "main"}
OF_COMMENT = {"GH_TOKEN": "", "GH_REPO": "us/it", "NUMBER": "3"}


class TestTheBaseline:
    def test_is_fetched_where_there_is_one(self, place: Path) -> None:
        assert run(STEPS["Main's runs"], place, FOUND="7", **OF_MAIN).status == 0
        assert (place / "asked").read_text().endswith("\nrun download 7 --name runs --dir baseline\n")

    def test_may_be_missing(self, place: Path) -> None:
        assert run(STEPS["Main's runs"], place, FOUND="", **OF_MAIN).status == 0
        assert "download" not in (place / "asked").read_text()


class TestTheComment:
    def test_is_written_once(self, place: Path) -> None:
        assert run(STEPS["One comment, kept up to date"], place, FOUND="", **OF_COMMENT).status == 0
        assert (place / "asked").read_text().endswith("\npr comment 3 --body-file comment.md\n")

    def test_and_then_kept_up_to_date(self, place: Path) -> None:
        assert run(STEPS["One comment, kept up to date"], place, FOUND="41\\n42\\n", **OF_COMMENT).status == 0
        asked = (place / "asked").read_text()
        assert asked.endswith("\napi --method PATCH repos/us/it/issues/comments/41 --field body=@comment.md --silent\n")
        assert "pr comment" not in asked
