"""What the commands share: finding a run, judging it, and telling what is wrong in one message."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from chaosmongo.history import History
    from chaosmongo.history.results import Verdict
    from rich.console import Console

RUNS = Path("runs")

run_argument = click.argument("run", required=False, type=click.Path(path_type=Path))


def run_directory(run: Path | None) -> Path:
    """The one that was named, else the newest below ./runs. Raises NoRuns."""
    return run or newest(RUNS)


def newest(runs: Path) -> Path:
    """The run directory below `runs` that began last, by the UTC time in its name. Raises NoRuns."""
    from recoveryreport.errors import NoRuns

    found = sorted(runs.glob("*/*/run.json"), key=lambda file: (file.parent.name, file.parent.parent.name))
    if not found:
        raise NoRuns(f"There is no run below ./{runs}: name a run directory, or record a run with `chaos run`")
    return found[-1].parent


def judged(directory: Path) -> "tuple[History, Verdict]":
    from chaosmongo.checks import judge
    from chaosmongo.history import read

    history = read(directory)
    return history, judge(history)


def keep(verdict: "Verdict", directory: Path) -> None:
    from chaosmongo.history import RunDirectory, write_whole

    from recoveryreport.errors import CannotWrite

    file = RunDirectory(directory).verdict
    try:
        write_whole(file, verdict)
    except OSError as error:
        raise CannotWrite(
            f"{file} cannot be written: {error.strerror}. "
            f"To draw elsewhere: chaos recovery report {directory} --out DIR"
        ) from None


def console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)


@contextmanager
def one_message() -> Iterator[None]:
    """What can go wrong with a record or a report is one message on stderr and exit code 2, never a traceback."""
    from chaosmongo.history import RecordError

    from recoveryreport.errors import ReportError

    try:
        yield
    except (RecordError, ReportError) as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}"
    else:
        return
    click.echo(f"Error: {message}", err=True)
    sys.exit(2)
