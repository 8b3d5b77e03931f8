"""`chaos recovery trend`"""

import sys
from pathlib import Path

import click

from recoveryreport.exits import EXIT_CODES

from .common import RUNS, console, one_message
from .watching import shown


@click.command(context_settings={"max_content_width": 100})
@click.argument("runs", metavar="[DIR]", default=RUNS, type=click.Path(path_type=Path))
@click.option("--every", metavar="INTERVAL", help="How often each experiment is expected to run: 30m, 6h, 1d or 2w.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to draw; the directory of the runs if left out.")
def trend(runs: Path, every: str | None, out: Path | None) -> None:
    """Show all runs below a directory over time, experiment by experiment.

    DIR holds runs as `chaos run` records them, DIR/<experiment>/<time>; ./runs if left out. Writes index.html, a list
    of all runs that leads to their reports, trend.html, recovery times and losses over time with the points at which
    they changed, trend.json, and trend.png and trend.svg in each experiment's directory. Reads of each run its run.json
    and its verdict.json alone: `chaos recovery verdict RUN` judges one again.

    With --every, runs that were expected and are not there are shown as missing. What is missing, unknown, damaged,
    from a newer version, or has no verdict, is shown as such, and never counts as passed.

    Exits 0 when the newest run of every experiment passed, 1 when one failed, and 2 when one is unknown, overdue or
    cannot be read and none failed, or when nothing can be drawn.
    """
    from recoveryreport.trend.schedule import interval_s

    try:
        every_s = None if every is None else interval_s(every)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--every") from None
    with one_message():
        from recoveryreport.trend import drawing, terminal
        from recoveryreport.trend.assembling import gathered

        made = gathered(runs, every_s, lambda directories: shown(directories, "reading run"))
        terminal.summary(console(), made, drawing.draw(made, runs, out or runs, shown))
        sys.exit(EXIT_CODES[made.answer])
