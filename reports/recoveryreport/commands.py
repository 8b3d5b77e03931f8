"""`chaos recovery`: from the files of a run to its verdict and its report. A plug-in of the chaos command line.

Loaded at every start of `chaos`: whatever is heavy is imported where it is used.
"""

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

EXIT_CODES = {"passed": 0, "failed": 1, "unknown": 2}
RUNS = Path("runs")

_run = click.argument("run", required=False, type=click.Path(path_type=Path))


@click.group()
def recovery() -> None:
    """What became of the data, and how long the service was away.

    RUN is a run directory, like runs/mongo-pod-delete/20260101T120000Z; the newest below ./runs if left out.
    """


@recovery.command()
@_run
@click.option("--out", type=click.Path(path_type=Path), help="Where to draw; the run directory if left out.")
def report(run: Path | None, out: Path | None) -> None:
    """Judge a run from its files and draw its report.

    Writes verdict.json, report.html, and the figures as PNG and SVG. Exits 0 when drawn, 2 when that was not possible.
    """
    with _one_message():
        from . import report as drawing
        from .terminal import summary

        directory = run or newest(RUNS)
        history, verdict = _judged(directory)
        drawing.make_directory(out or directory)
        _keep(verdict, out or directory)
        page = drawing.draw(history, verdict, out or directory)
        summary(_console(), history, verdict, page)


@recovery.command()
@_run
def verdict(run: Path | None) -> None:
    """Judge a run from its files.

    Writes verdict.json. Exits 0 when passed, 1 when failed, 2 when unknown or when it cannot be judged.
    """
    with _one_message():
        from .terminal import summary

        directory = run or newest(RUNS)
        history, answer = _judged(directory)
        _keep(answer, directory)
        summary(_console(), history, answer)
        sys.exit(EXIT_CODES[answer.verdict])


def newest(runs: Path) -> Path:
    """The run directory below `runs` that began last, by the UTC time in its name. Raises NoRuns."""
    from .errors import NoRuns

    found = sorted(runs.glob("*/*/run.json"), key=lambda file: (file.parent.name, file.parent.parent.name))
    if not found:
        raise NoRuns(f"There is no run below ./{runs}: name a run directory, or record a run with `chaos run`")
    return found[-1].parent


def _judged(directory: Path) -> "tuple[History, Verdict]":
    from chaosmongo.checks import judge
    from chaosmongo.history import read

    history = read(directory)
    return history, judge(history)


def _keep(verdict: "Verdict", directory: Path) -> None:
    from chaosmongo.history import RunDirectory, write_whole

    from .errors import CannotWrite

    file = RunDirectory(directory).verdict
    try:
        write_whole(file, verdict)
    except OSError as error:
        raise CannotWrite(
            f"{file} cannot be written: {error.strerror}. "
            f"To draw elsewhere: chaos recovery report {directory} --out DIR"
        ) from None


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)


@contextmanager
def _one_message() -> Iterator[None]:
    """What can go wrong with a record or a report is one message on stderr and exit code 2, never a traceback."""
    from chaosmongo.history import RecordError

    from .errors import ReportError

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
