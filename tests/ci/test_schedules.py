"""The crontab and the units that users copy: they say what cron and systemd take, and what `chaos` takes."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from recoveryreport.commands import recovery

from .steps import BIN, ROOT

EXAMPLES = ROOT / "docs/examples"
INSTALLED = "/opt/chaostoolkit-mongodb"
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def jobs(crontab: str) -> list[tuple[dict[str, str], str]]:
    """When, by field, and the command of each line that is neither a comment nor a variable. Raises ValueError."""
    found = []
    for line in filter(None, map(str.strip, crontab.splitlines())):
        if line.startswith("#") or re.match(r"[A-Za-z_]+\s*=", line):
            continue
        *when, command = line.split(None, 5)
        fields = dict(zip(FIELDS, when, strict=True))
        for name, (low, high) in FIELDS.items():
            for part in fields[name].split(","):
                span, _, step = part.partition("/")
                ends = [low, high] if span == "*" else [int(end) for end in span.split("-")]
                if not low <= ends[0] <= ends[-1] <= high or (step and int(step) < 1):
                    raise ValueError(f"{name} is {part}")
        found.append((fields, command))
    return found


def parsed(command: str) -> dict[str, Any]:
    """What a check was asked, as click reads it before it does anything."""
    words = shlex.split(command)
    begin = words.index("recovery")
    assert [Path(word).name for word in words[begin - 2 : begin]] == ["chaos", "--no-version-check"]
    assert words[begin + 1] == "check"
    return recovery.commands["check"].make_context("check", words[begin + 2 :]).params


def service() -> str:
    return (EXAMPLES / "recovery-check.service").read_text()


def command_of(unit: str) -> str:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return parser["Service"]["ExecStart"]


def verified(folder: Path, *files: str) -> str:
    """What systemd finds wrong with units."""
    for name in files:
        text = (EXAMPLES / name).read_text() if not (folder / name).exists() else (folder / name).read_text()
        (folder / name).write_text(text.replace(f"{INSTALLED}/.venv/bin", str(BIN)))
    asked = ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in files)]
    return subprocess.run(asked, capture_output=True, text=True).stderr


class TestTheCrontab:
    def test_has_one_line_with_a_time_that_there_is(self) -> None:
        ((when, _),) = jobs((EXAMPLES / "crontab").read_text())
        assert when == {"minute": "10", "hour": "*/6", "day": "*", "month": "*", "weekday": "*"}

    @pytest.mark.parametrize(
        "line", ["61 * * * * true", "* * * 0 * true", "* */0 * * * true", "* * * *", "a * * * * b"]
    )
    def test_would_be_refused_with_another(self, line: str) -> None:
        with pytest.raises(ValueError):
            jobs(line)

    def test_has_no_percent_sign_which_ends_a_command(self) -> None:
        ((_, command),) = jobs((EXAMPLES / "crontab").read_text())
        assert "%" not in command


@pytest.mark.parametrize("name", ["crontab", "recovery-check.service"])
def test_a_check_is_asked_for_what_there_is(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    command = jobs(text)[0][1] if name == "crontab" else command_of(text)
    told = parsed(command)
    (experiment,) = told["experiments"]
    assert (ROOT / Path(experiment).relative_to(INSTALLED)).is_file()
    assert (told["every"], told["keep"]) == ("6h", "90d")
    with pytest.raises(click.NoSuchOption):
        parsed(command.replace("--keep", "--retain"))


class TestTheUnits:
    @NEEDS_SYSTEMD
    def test_are_as_systemd_wants_them(self, tmp_path: Path) -> None:
        assert verified(tmp_path, "recovery-check.service", "recovery-check.timer") == ""

    @NEEDS_SYSTEMD
    def test_would_be_refused_otherwise(self, tmp_path: Path) -> None:
        timer = (EXAMPLES / "recovery-check.timer").read_text()
        (tmp_path / "recovery-check.timer").write_text(timer.replace("00/6:10:00", "every six hours"))
        (tmp_path / "recovery-check.service").write_text(service().replace("KillMode=mixed", "KillMode=never"))
        told = verified(tmp_path, "recovery-check.service", "recovery-check.timer")
        assert "every six hours" in told
        assert "recovery-check.service:17: Failed to parse kill mode" in told

    def test_leave_a_check_the_time_to_take_everything_back(self) -> None:
        assert "\nKillMode=mixed\n" in service()
        assert "\nTimeoutStopSec=5min\n" in service()

    def test_make_up_for_a_missed_check_and_do_not_repeat_a_failed_one(self) -> None:
        assert "\nPersistent=yes\n" in (EXAMPLES / "recovery-check.timer").read_text()
        assert "Restart=" not in service()
