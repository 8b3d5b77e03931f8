"""`chaos recovery trials`"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recoveryreport.exits import EXIT_CODES

from .common import console, judged, one_message
from .options import arguments, passed_on
from .repeating import busy, say_how_it_ended

if TYPE_CHECKING:
    from recoveryreport.trials.recorded import Recorded
    from recoveryreport.trials.records import Trials
    from recoveryreport.trials.running import Runner

MOST = 10_000


@click.command(context_settings={"max_content_width": 100})
@click.argument("what", nargs=-1, required=True, metavar="EXPERIMENT | --pool RUN...")
@click.option("-n", "number", type=click.IntRange(1, MOST), help="How many runs; 20 if left out.")
@click.option("--pool", "pooling", is_flag=True, help="Pool runs that are recorded already, instead of running any.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where trials.json and trials.html go; beside the first run if left out.",
)
@passed_on
def trials(
    what: tuple[str, ...], number: int | None, pooling: bool, out: Path | None, **options: tuple[str, ...] | str | None
) -> None:
    """Run an experiment many times, and say what the runs say together.

    Each run is a `chaos run` of its own, one after the other, with its own record and report. Writes trials.json after
    every run: its values as they were measured, median and p95 of all with their intervals, and what became of the
    writes; at the end trials.html and its figures (PNG, SVG). Ctrl-C stops the run under way in order, keeps what is
    done and draws it. Runs that were not measured alike are not pooled. With --pool, directories of earlier trials are
    passed over: name runs/mongo-pod-delete/* for all runs.

    Exits 0 when all runs passed, 1 when one failed, 2 when one is unknown and none failed, or when not all of them
    could be made or pooled.
    """
    given = arguments(options)
    if pooling:
        if given or number is not None:
            raise click.UsageError(
                "--pool takes runs that are recorded already: -n and options of `chaos run` say nothing"
            )
        with one_message():
            sys.exit(_pool([Path(run) for run in what], out))
    if len(what) > 1:
        raise click.UsageError(
            f"one experiment at a time, not {len(what)}; to pool runs that are recorded: "
            f"chaos recovery trials --pool {' '.join(what)}"
        )
    with one_message():
        sys.exit(_run([*given, what[0]], number or 20, out))


def _pool(directories: Sequence[Path], out: Path | None) -> int:
    from recoveryreport.compare.store import is_comparison
    from recoveryreport.errors import ReportError
    from recoveryreport.trials import store, terminal
    from recoveryreport.trials.recorded import Recorded

    store.prepare(out)
    named: dict[Path, Path] = {}
    directories = [one for one in directories if not (store.is_trials(one) or is_comparison(one))]
    if not directories:
        raise ReportError("There is no run among what was named: only directories of trials")
    for directory in directories:
        if (twice := named.setdefault(directory.resolve(), directory)) is not directory:
            raise ReportError(f"{directory} and {twice} are the same run: name each once")
    runs = []
    for place, directory in enumerate(directories, 1):
        runs.append(Recorded.of(directory, *judged(directory)))
        click.echo(terminal.one_trial(place, len(directories), runs[-1].verdict))
    _show(*_keep(runs, len(runs), out))
    return _exit_code(runs)


def _run(command: Sequence[str], asked: int, out: Path | None) -> int:
    """Runs, keeping what is pooled after each run, so that it is there whatever happens to this process."""
    from chaosmongo.history import RecordError

    from recoveryreport.errors import ReportError
    from recoveryreport.trials import store
    from recoveryreport.trials.running import Runner
    from recoveryreport.trials.showing import showing

    store.prepare(out)
    runner, runs, kept, wrong = Runner(command), list["Recorded"](), None, None
    with runner.heeding_signals():  # a second Ctrl-C does not spoil what is drawn after the first
        with showing(console(), asked) as shown:
            while len(runs) < asked and not runner.stopped and wrong is None:
                try:
                    run = _one(runner, shown.heard)
                    shown.ended(run.verdict)
                    kept = _keep([*runs, run], asked, kept[1].parent if kept else out)
                except (ReportError, RecordError) as error:
                    wrong = error
                else:
                    runs.append(run)
        say_how_it_ended(runner, len(runs), asked, wrong)
        if kept is not None:
            _show(*kept)
    return _exit_code(runs) or (2 if len(runs) < asked else 0)


def _one(runner: "Runner", heard: Callable[[str], None]) -> "Recorded":
    """Raises NotRecorded where the run left no record: the next one would not either."""
    from recoveryreport.trials.recorded import Recorded

    directory = runner.run(heard).recorded()
    return Recorded.of(directory, *judged(directory))


def _keep(runs: Sequence["Recorded"], asked: int, directory: Path | None) -> "tuple[Trials, Path]":
    """Pools the runs and writes trials.json; both come back. Raises UnlikeRuns, CannotWrite."""
    from recoveryreport.trials import store
    from recoveryreport.trials.pool import pool

    pooled = pool(runs, asked, time.time_ns())
    return pooled, store.keep(pooled, directory or store.new_directory(runs[0].directory))


def _show(pooled: "Trials", file: Path) -> None:
    """Draws what was kept in `file` beside it, and tells it. Raises CannotWrite."""
    from recoveryreport.trials import drawing, terminal

    with busy("Drawing the trials"):
        page = drawing.draw(pooled, file.parent)
    terminal.summary(console(), pooled, page)


def _exit_code(runs: Sequence["Recorded"]) -> int:
    from chaosmongo.history.results import worst

    return EXIT_CODES[worst([run.verdict.verdict for run in runs])]
