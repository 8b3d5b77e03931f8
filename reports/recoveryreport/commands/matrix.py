"""`chaos recovery matrix`"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recoveryreport.exits import EXIT_CODES

from .common import console, judged, one_message
from .options import arguments, passed_on
from .repeating import busy, say_how_it_ended

if TYPE_CHECKING:
    from recoveryreport.matrix.records import Matrix
    from recoveryreport.matrix.running import Runs

MOST, LARGEST_SEED = 10_000, 2**31 - 1


@click.command(context_settings={"max_content_width": 100})
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[MATRIX.yaml]")
@click.option("-n", "number", type=click.IntRange(1, MOST), help="How many runs each cell has; goes before the file.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), help="Of the order of the runs; drawn if left out.")
@click.option("--out", type=click.Path(path_type=Path), help="Where matrix.json and the figure go.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with the matrix kept there.")
@passed_on
def matrix(
    file: Path | None,
    number: int | None,
    seed: int | None,
    out: Path | None,
    resume: Path | None,
    **options: tuple[str, ...] | str | None,
) -> None:
    """Run an experiment under every combination of some settings, and show what became of each.

    The file names an experiment, the settings with their values, and how many runs each combination (cell) has. Each
    run is a `chaos run` of its own; the cells take turns in an order that is drawn. Writes matrix.json after every run,
    and matrix.html, matrix.png and matrix.svg at the end, into runs/<matrix>/matrix-<time>.

    Ctrl-C stops the run under way in order and keeps what is done. --resume makes the runs that are missing (give the
    same --var again), and draws the figure again where none is.

    Exits 0 when all runs passed, 1 when one failed, 2 when one is unknown and none failed, or when not all of them
    could be made.
    """
    if (file is None) == (resume is None):
        raise click.UsageError("name a matrix file, or with --resume the directory of one that was begun")
    if resume is not None and (number is not None or seed is not None or out is not None):
        raise click.UsageError("--resume goes on as the matrix was begun: -n, --seed and --out say nothing")
    with one_message():
        from recoveryreport.matrix import reading, store

        if file is not None:
            store.prepare(out)
            begun = reading.read(file, number, seed)
            runs: Runs = [[] for _ in begun.cells]
        else:
            assert resume is not None
            begun = store.load(resume)
            runs = store.recorded(begun, judged)
        _refuse_settings_as_options(begun, options["var"] or ())
        sys.exit(_run(begun, runs, resume or out, arguments(options)))


def _refuse_settings_as_options(begun: "Matrix", given: tuple[str, ...] | str) -> None:
    """What a cell stands for cannot be set for all of them."""
    varied = {key for cell in begun.cells for key in cell.vars}
    for one in given:
        key = one.partition("=")[0].partition(":")[0]
        if key in varied:
            raise click.UsageError(f"--var {key}: a setting of the matrix decides it; change it there")


def _run(begun: "Matrix", runs: "Runs", directory: Path | None, given: list[str]) -> int:
    """Runs what is missing, keeping what is pooled after each run, whatever happens to this process afterwards."""
    from recoveryreport.matrix import drawing, running, store, terminal, words
    from recoveryreport.matrix.pool import pooled
    from recoveryreport.trials.running import Runner
    from recoveryreport.trials.showing import showing

    kept, place = begun, directory

    def keep() -> None:
        nonlocal kept, place
        kept = pooled(begun, runs, time.time_ns())
        place = place or store.new_directory(begun, next(run for made in runs for run in made))
        store.keep(kept, place)

    click.echo(terminal.asked(begun))
    runner = Runner(given)
    with runner.heeding_signals():  # a second Ctrl-C does not spoil what is drawn after the first
        with showing(console(), begun.asked, begun.made) as shown:
            wrong = running.run_on(begun, runs, runner, judged, keep, shown)
        say_how_it_ended(runner, running.made(runs), begun.asked, wrong)
        if place is not None and kept.made:
            with busy("Drawing the matrix"):
                page = drawing.draw(kept, place)
            terminal.summary(console(), kept, page)
    if place is not None and 0 < kept.made < kept.asked:
        click.echo(f"To make the runs that are missing: chaos recovery matrix --resume {place}", err=True)
    return EXIT_CODES[words.answer(kept)] or (2 if kept.made < kept.asked else 0)
