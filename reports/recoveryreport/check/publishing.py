"""What is shown after every check, whatever came of it: the trend's pages, and metrics of all experiments."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from recoveryreport.errors import NoRuns
from recoveryreport.machine import openmetrics, together
from recoveryreport.machine.openmetrics import Family
from recoveryreport.report import write_file
from recoveryreport.trend import drawing
from recoveryreport.trend.assembling import gathered
from recoveryreport.trend.records import Experiment, Trend

from .outcome import Outcome

CHECKS = "checks.json"


class Last(msgspec.Struct, frozen=True):
    """The last check of an experiment: when it ended, and how."""

    wall_ns: int
    exit_code: int
    sentence: str


def note(runs: Path, outcome: Outcome) -> None:
    """Keeps it as its experiment's last check. Raises CannotWrite."""
    kept = {**_last(runs), outcome.experiment: Last(time.time_ns(), outcome.exit_code, outcome.sentence)}
    write_file(runs / CHECKS, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


def publish(runs: Path, every_s: float | None) -> Path | None:
    """Draws the pages and writes the metrics; the path of the page comes back, None where there is no run to show.

    Raises CannotWrite, and OSError where runs cannot be read.
    """
    trend = _trend(runs, every_s)
    page = None if trend is None else drawing.draw(trend, runs, runs, lambda items, _: items)
    write_file(runs / together.FILE, together.merged([together.newest(runs), *_metrics(_last(runs), trend)]))
    return page


def _trend(runs: Path, every_s: float | None) -> Trend | None:
    try:
        return gathered(runs, every_s, lambda directories: directories)
    except NoRuns:
        return None


def _last(runs: Path) -> dict[str, Last]:
    try:
        return msgspec.json.decode((runs / CHECKS).read_bytes(), type=dict[str, Last])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}  # it is written anew


def _metrics(last: dict[str, Last], trend: Trend | None) -> Iterator[bytes]:
    """Of each experiment those that no single run has."""
    experiments = {one.name: one for one in trend.experiments} if trend is not None else {}
    for name in sorted({*last, *experiments}):
        yield openmetrics.file_of(_families(last.get(name), experiments.get(name)), name)


def _families(last: Last | None, experiment: Experiment | None) -> Iterator[Family]:
    if last is not None:
        when = "When the last scheduled check ended, since the Unix epoch."
        yield Family("check_end_time_seconds", when, [({}, last.wall_ns / 1e9)])
        how = "How the last scheduled check ended: 0 passed, 1 failed, 2 unknown, refused or not possible."
        yield Family("check_exit_code", how, [({}, last.exit_code)])
    if experiment is not None:
        numbers = {**experiment.states, "missing": experiment.missing, "removed": experiment.removed}
        yield Family("runs", "Runs by their state.", [({"state": state}, number) for state, number in numbers.items()])
