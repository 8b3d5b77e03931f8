"""`chaos recovery summary`: prints what stands beside the report, or says in one message why that is not possible."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from recoveryreport import machine
from recoveryreport.commands.summary import summary

from tests.reports.recorded_runs import Recorded, record
from tests.reports.test_commands import only_message
from tests.reports.typed import typed


@pytest.fixture(scope="module")
def judged_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = record(tmp_path_factory.mktemp("judged") / "run", Recorded(lanes=("server",), rto_s={"server": 15.0}))
    assert typed("verdict", run).exit_code == 0
    return run


@pytest.mark.parametrize("form", machine.FORMS)
def test_prints_the_file_to_the_byte(form: str, failed_run: Path) -> None:
    result = typed("summary", failed_run, "--format", form)
    assert result.exit_code == 0
    assert result.stdout_bytes == (failed_run / machine.FORMS[form].file).read_bytes()
    assert result.stderr == ""


def test_offers_every_form() -> None:
    (option,) = [one for one in summary.params if one.name == "form"]
    assert list(option.type.choices) == list(machine.FORMS)  # type: ignore[attr-defined]


def test_prints_json_unless_told_otherwise_and_writes_nothing(judged_once: Path) -> None:
    before = sorted(file.name for file in judged_once.iterdir())
    assert json.loads(typed("summary", judged_once).stdout)["verdict"] == "passed"
    assert sorted(file.name for file in judged_once.iterdir()) == before


def test_no_run_named_takes_the_newest(judged_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "20260301T000000Z").symlink_to(judged_once)
    monkeypatch.chdir(tmp_path)
    assert typed("summary").exit_code == 0


class TestBadInput:
    def test_no_such_run(self, tmp_path: Path) -> None:
        assert "nowhere is no run directory" in only_message(typed("summary", tmp_path / "nowhere"))

    def test_a_run_that_crashed_before_it_was_judged(self, make_run: Callable[..., Path]) -> None:
        run = make_run(lanes=("server",))
        message = only_message(typed("summary", run))
        assert "has no verdict" in message
        assert message.endswith(f"Judge it with: chaos recovery verdict {run}")

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (r'"format": \d+', '"format": 99', "has format 99; this version reads up to"),
            (r'"format": \d+', '"format": 0', "has format 0, and this version writes"),
            (r'"doubts"', '"dubs"', "is damaged (Object missing required field `doubts`); judge again"),
            (r'"run": "[^"]*"', '"run": "another/run"', "is the verdict of another run (another/run)"),
        ],
        ids=["newer", "older", "damaged", "of another run"],
    )
    def test_a_verdict_that_is_none_of_this_run_and_version(
        self, judged_once: Path, tmp_path: Path, old: str, new: str, said: str
    ) -> None:
        text = (judged_once / "verdict.json").read_text()
        (tmp_path / "run.json").write_bytes((judged_once / "run.json").read_bytes())
        (tmp_path / "verdict.json").write_text(re.sub(old, new, text, count=1))
        message = only_message(typed("summary", tmp_path))
        assert said in message
        assert str(tmp_path / "verdict.json") in message

    def test_an_older_verdict_that_lacks_what_came_later(self, judged_once: Path, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_bytes((judged_once / "run.json").read_bytes())
        (tmp_path / "verdict.json").write_text('{"format": 0, "run": "x"}')
        assert "has format 0" in only_message(typed("summary", tmp_path))

    def test_a_verdict_that_cannot_be_read(self, judged_once: Path, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_bytes((judged_once / "run.json").read_bytes())
        (tmp_path / "verdict.json").mkdir()
        assert "verdict.json cannot be read: Is a directory" in only_message(typed("summary", tmp_path))
