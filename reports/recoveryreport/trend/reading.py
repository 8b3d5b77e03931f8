"""One run of a directory, as far as its run.json and verdict.json tell: never its operations, of which there may be a
million.

The verdict is taken as it was judged when the run ended. What cannot be read, contradicts itself or comes from a newer
version has no verdict here, and says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from chaosmongo.history import History, NewerFormat, RecordError, RunDirectory, read_run, read_verdict
from chaosmongo.history.records import Run
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Verdict, worst

from recoveryreport import words
from recoveryreport.trials.conditions import Conditions, conditions
from recoveryreport.trials.recorded import Recorded

from .finding import NAME
from .records import State
from .words import moment

APART_NS = 60_000_000_000
"""Name and record of a run are made within seconds: if they tell of moments further apart, the clock was set."""

_EARLIEST_NS, _LATEST_NS = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**9 for year in (2000, 2200))
_LARGEST = 2**62
"""Of times in nanoseconds and of counts: a hundred years. What is larger was not measured."""


@dataclass(frozen=True)
class Loaded:
    """What was found in the directory of a run. wall_ns: when it began, by its record, else by its name. run,
    conditions: where run.json can be read. recorded: where there is a verdict.
    """

    directory: Path
    state: State
    sentence: str
    wall_ns: int | None
    run: Run | None = None
    conditions: Conditions | None = None
    recorded: Recorded | None = None
    doubts: list[str] = field(default_factory=list)

    @property
    def report(self) -> bool:
        """Whether there is a page to link: a file of the run's own."""
        page = RunDirectory(self.directory).report
        return page.is_file() and not page.is_symlink()

    @property
    def place(self) -> tuple[bool, int, str, int]:
        """Sort key: by time, then by name; those of which nothing tells when are the last."""
        stamp, number = _name(self.directory.name)
        return (self.wall_ns is None, self.wall_ns or 0, stamp, number)


def load(directory: Path) -> Loaded:
    """Never raises for what is in the files."""
    named_ns = moment_of_name(directory.name)
    run: Run | None = None
    found: Conditions | None = None
    state: State = "damaged"
    try:
        _check_files(RunDirectory(directory))
        run = read_run(directory)
        found = conditions(History(msgspec.structs.replace(run, experiment=redacted(run.experiment))))
        verdict = read_verdict(directory)
        if verdict is not None:
            _check(run, verdict, directory)
            recorded = Recorded(directory, run.title, verdict, found)
            doubts = list(_doubts(directory, run))
            told = words.sentence(verdict)
            return Loaded(directory, verdict.verdict, told, _moment(run, named_ns), run, found, recorded, doubts)
        state, told = "no verdict", "There is no verdict.json: the run was killed, or is still under way"
        if any(directory.glob("undone-*.jsonl")):
            told = "There is no verdict.json: the run was killed; what it left behind was taken back afterwards"
    except NewerFormat as error:
        state, told = "newer format", str(error)
    except RecordError as error:
        told = str(error)
    except OSError as error:
        told = f"{error.filename} cannot be read: {error.strerror}"
    except (RecursionError, OverflowError):
        told = "run.json or verdict.json is nested too deeply, or holds a number that is too large"
    # A report is shown to others: it tells nobody where on a machine it was made.
    here = f"{directory.parent.name}/{directory.name}"
    told = f"{told.replace(f'{directory}/', '').replace(str(directory), here).removesuffix('.')}."
    return Loaded(directory, state, told, _moment(run, named_ns), run, found)


def moment_of_name(name: str) -> int | None:
    """Nanoseconds since the Unix epoch; None where a name tells no moment."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return round(datetime.strptime(f"{found[1]}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()) * 10**9
    except ValueError:
        return None


def _check_files(files: RunDirectory) -> None:
    """Raises RecordError where there is no run.json, or where opening a file may lead elsewhere or never come back."""
    for file in (files.run, files.verdict):
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise RecordError(f"{file.name} is no ordinary file, and is not read")
    if not files.run.exists():
        raise RecordError(f"There is no {files.run.name}: the run was killed at once, or the file was taken away")


def _check(run: Run, verdict: Verdict, directory: Path) -> None:
    """Raises RecordError where the two cannot belong together, or hold what no run can have measured."""
    answer = worst([finding.verdict for finding in verdict.findings])
    numbers = [verdict.durability.lost, words.acknowledged(verdict.durability)] if verdict.durability else []
    numbers += [verdict.durability.rpa_ns or 0] if verdict.durability else []
    for lane in verdict.recovery:
        low, high = (lane.rta.lo_ns, lane.rta.hi_ns) if lane.rta else (0, 0)
        numbers += [abs(low), high - low, abs(high), lane.censored_ns or 0, lane.shorter_than_ns or 0]
    if verdict.run != run.run:
        wrong = f"verdict.json is of another run, {verdict.run}"
    elif verdict.verdict != answer:
        wrong = f"verdict.json contradicts itself: it says {verdict.verdict}, and its findings {answer}"
    elif not all(0 <= number < _LARGEST for number in numbers):
        wrong = "verdict.json holds numbers that cannot have been measured"
    else:
        return
    raise RecordError(f"{wrong}; judge again with: chaos recovery verdict {directory}")


def _doubts(directory: Path, run: Run) -> Iterator[str]:
    if run.run != f"{directory.parent.name}/{directory.name}":
        yield f"it was recorded as {run.run}"
    named_ns, wall_ns = moment_of_name(directory.name), _wall_ns(run)
    if wall_ns is None:
        yield "its record tells no possible time"
    elif named_ns is not None and abs(wall_ns - named_ns) > APART_NS:
        yield f"its clock was set: its name tells another time than its record, {moment(wall_ns)}"


def _moment(run: Run | None, named_ns: int | None) -> int | None:
    return named_ns if run is None else _wall_ns(run) or named_ns


def _wall_ns(run: Run) -> int | None:
    return run.anchor.wall_ns if _EARLIEST_NS <= run.anchor.wall_ns < _LATEST_NS else None


def _name(name: str) -> tuple[str, int]:
    found = NAME.fullmatch(name)
    return (found[1], int(found[2] or 1)) if found else (name, 0)
