"""`chaos recovery compare`"""

import sys
import time
from pathlib import Path

import click

from .common import console, judged, one_message
from .watching import watched

EXIT_CODES = {"better": 0, "no difference shown": 0, "worse": 1, "too few runs": 2}


@click.command(context_settings={"max_content_width": 100})
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--at-least",
    "at_least_s",
    type=click.FloatRange(min=0, max=1e6),
    default=0.0,
    metavar="SECONDS",
    help="The smallest difference of recovery times that matters; any if left out.",
)
@click.option(
    "--changed",
    multiple=True,
    metavar="NAME",
    help="A condition that was changed on purpose, or the beginning of several: these may differ.",
)
@click.option("--allow-unlike", is_flag=True, help="Compare even what was not measured alike; the result says so.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the result goes; beside NEW if left out.")
def compare(
    base: Path, new: Path, at_least_s: float, changed: tuple[str, ...], allow_unlike: bool, out: Path | None
) -> None:
    """Say whether NEW recovers sooner or later than BASE, and whether it loses more.

    Each is a run directory, a directory of runs, or a directory in which `chaos recovery trials` kept its result. The
    answer is better, worse, no difference shown, or too few runs; at most 5 % of comparisons of sets that do not differ
    say worse or better, all lanes and the losses taken together. Writes compare.json, compare.html, compare.md (for a
    pull request), compare.png and compare.svg.

    Exits 0 when better or when no difference was shown, 1 when worse, and 2 when there are too few runs, or when the
    two cannot be compared.
    """
    with one_message():
        from recoveryreport.compare import drawing, reading, store, terminal
        from recoveryreport.compare.decide import compare as decided

        store.prepare(out)
        wall_ns = time.time_ns()
        sets = [(path, reading.read(path, wall_ns, judged, watched)) for path in (base, new)]
        reading.check_apart(*(trials for _, trials in sets))
        found = decided(*sets, at_least_s=at_least_s, meant=changed, allow_unlike=allow_unlike, wall_ns=wall_ns)
        directory = out or store.new_directory(new)
        store.keep(found, directory)
        terminal.summary(console(), found, drawing.draw(found, directory))
        sys.exit(EXIT_CODES[found.answer])
