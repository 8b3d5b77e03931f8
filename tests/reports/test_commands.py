"""`chaos recovery`: exit codes that tell the truth, one message for whatever goes wrong, and never a traceback."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read
from click.testing import Result
from recoveryreport import terminal
from rich.console import Console

from .typed import typed

CHAOS = Path(sys.executable).with_name("chaos")


def only_message(result: Result) -> str:
    """The one message on stderr of a command that could not do its work."""
    assert result.exit_code == 2
    assert result.stdout == ""
    (message,) = result.stderr.splitlines()
    assert message.startswith("Error: ")
    return message


class TestVerdict:
    @pytest.mark.parametrize(
        ("what", "code", "word"),
        [({}, 0, "PASSED"), ({"lost": 5}, 1, "FAILED"), ({"stopped": False}, 2, "UNKNOWN")],
        ids=["passed", "failed", "unknown"],
    )
    def test_exits_with_the_answer(
        self, make_run: Callable[..., Path], what: dict[str, object], code: int, word: str
    ) -> None:
        run = make_run(**what)
        result = typed("verdict", run)
        assert result.exit_code == code
        assert word in result.stdout
        assert json.loads((run / "verdict.json").read_text())["verdict"] == word.lower()

    def test_a_run_of_nothing_is_unknown(self, make_run: Callable[..., Path]) -> None:
        assert typed("verdict", make_run(workload=False, cluster=False, fault=False, readback=False)).exit_code == 2

    def test_judging_again_gives_the_same_bytes(self, make_run: Callable[..., Path]) -> None:
        run = make_run()
        typed("verdict", run)
        first = (run / "verdict.json").read_bytes()
        (run / "verdict.json").write_text("{}")
        typed("verdict", run)
        assert (run / "verdict.json").read_bytes() == first


class TestReport:
    def test_draws_everything_into_the_run_directory(self, passed_run: Path) -> None:
        names = {file.name for file in passed_run.iterdir()}
        figures = {f"{name}.{kind}" for name in ("timeline", "phases", "latency") for kind in ("png", "svg")}
        assert {"report.html", "report.pdf", "verdict.json"} | figures <= names
        assert not [name for name in names if name.endswith(".part")]

    def test_exits_0_when_drawn_whatever_the_verdict(self, make_run: Callable[..., Path]) -> None:
        run = make_run(workload=False, cluster=False, fault=False, readback=False)
        result = typed("report", run)
        assert result.exit_code == 0
        assert "UNKNOWN" in result.stdout
        assert str(run / "report.html") in result.stdout

    def test_elsewhere_leaves_the_run_directory_as_it_was(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",))
        before = sorted(file.name for file in run.iterdir())
        assert typed("report", run, "--out", tmp_path / "a" / "b").exit_code == 0
        assert sorted(file.name for file in run.iterdir()) == before
        assert (tmp_path / "a" / "b" / "report.html").exists()
        assert (tmp_path / "a" / "b" / "verdict.json").exists()


class TestTheSummary:
    def test_says_what_a_person_wants_to_know(self, make_run: Callable[..., Path]) -> None:
        run = make_run(lost=7)
        shown = typed("verdict", run).stdout
        verdict = json.loads((run / "verdict.json").read_text())["durability"]
        acknowledged = verdict["kept"] + verdict["lost"]
        assert f"{acknowledged:,} acknowledged, 7 lost" in shown
        assert f"{verdict['recovered'] + verdict['absent']} unknown" in shown
        for lane in ("server", "driver", "user"):
            assert re.search(rf"{lane} +4\.\d+ ± 0\.\d+ s +objective 15 s: met|{lane} +3\.\d+ ± ", shown)
        assert re.search(r"gone +2\.160 s .* largest", shown)

    def test_fits_eighty_columns(self, make_run: Callable[..., Path]) -> None:
        result = typed("verdict", make_run())
        assert max(map(len, result.stdout.splitlines())) <= 80

    def test_what_steers_a_terminal_shows_as_its_code(self, failed_run: Path) -> None:
        shown = typed("verdict", failed_run).stdout
        assert "\x1b" not in shown
        assert "\\u001b[31m" in shown

    def test_the_path_of_the_report_stays_in_one_piece(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        report, history = tmp_path / ("long" * 30) / "report.html", read(make_run(lanes=("server",)))
        console = Console(width=80, file=io.StringIO(), record=True)
        terminal.summary(console, history, judge(history), report)
        assert str(report) in console.export_text()


class TestBadInput:
    @pytest.mark.parametrize("command", ["verdict", "report"])
    def test_no_such_directory(self, command: str, tmp_path: Path) -> None:
        assert "nowhere is no run directory" in only_message(typed(command, tmp_path / "nowhere"))

    def test_a_file_instead_of_a_directory(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert "is no run directory" in only_message(typed("verdict", tmp_path / "file"))

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"run": 1}', "\ufffd\x00"])
    def test_a_damaged_run(self, make_run: Callable[..., Path], content: str) -> None:
        run = make_run(workload=False)
        (run / "run.json").write_text(content)
        assert "is damaged" in only_message(typed("report", run))

    @pytest.mark.parametrize("file", ["run.json", "ops.jsonl"])
    def test_a_newer_format(self, make_run: Callable[..., Path], file: str) -> None:
        run = make_run()
        text = (run / file).read_text()
        (run / file).write_text(re.sub(r'"format": ?1', '"format":99', text, count=1))
        assert "has format 99" in only_message(typed("verdict", run))

    def test_a_damaged_line_leaves_a_report_that_says_so(self, make_run: Callable[..., Path]) -> None:
        run = make_run(lanes=("server",))
        content = (run / "ops.jsonl").read_bytes().splitlines(keepends=True)
        content[100] = b"\xff\xfenot json\n"
        (run / "ops.jsonl").write_bytes(b"".join(content))
        assert typed("report", run).exit_code == 0
        assert "Damaged: ops.jsonl line 101" in (run / "report.html").read_text()

    def test_no_run_named_and_none_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert "There is no run below ./runs" in only_message(typed("verdict"))

    def test_no_run_named_takes_the_newest(
        self, make_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_run(name="b/20260101T000000Z", lanes=("server",))
        make_run(name="a/20260301T000000Z", lanes=("server",), lost=3)
        monkeypatch.chdir(tmp_path)
        assert "a/20260301T000000Z" in typed("verdict").stdout

    @pytest.mark.parametrize("command", ["verdict", "report"])
    def test_a_place_that_cannot_be_written(self, command: str, make_run: Callable[..., Path]) -> None:
        run = make_run(lanes=("server",))
        (run / "verdict.json.part").mkdir()  # as good as no permission, and holds for root too
        assert "verdict.json cannot be written" in only_message(typed(command, run))

    def test_a_full_disk(self, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
        run = make_run(lanes=("server",))
        monkeypatch.setattr("secrets.token_hex", lambda _: "0")
        (run / "timeline.png.0.part").symlink_to("/dev/full")
        assert "timeline.png cannot be written: No space left on device" in only_message(typed("report", run))
        assert not (run / "timeline.png").exists()


class TestThePlugIn:
    def test_is_a_command_of_chaos(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",), rto_s={"server": 15.0})
        command = [CHAOS, "--no-version-check", "--no-log-file", "recovery", "verdict", run]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert "PASSED" in done.stdout

    def test_a_start_of_chaos_does_not_load_what_only_a_report_needs(self) -> None:
        heavy = ("matplotlib", "numpy", "rich", "msgspec", "chaosmongo")
        code = f"import sys, recoveryreport.commands; print([m for m in {heavy} if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.strip() == "[]"

    def test_draws_without_a_home(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",))
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        code = f"from recoveryreport.commands import recovery; recovery(['report', {str(run)!r}])"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
