"""`chaos recovery report`"""

from pathlib import Path

import click

from .common import console, judged, keep, one_message, run_argument, run_directory


@click.command()
@run_argument
@click.option("--out", type=click.Path(path_type=Path), help="Where to draw; the run directory if left out.")
def report(run: Path | None, out: Path | None) -> None:
    """Judge a run from its files and draw its report.

    Writes verdict.json, report.html, report.pdf, each figure as PNG and SVG, and what `chaos recovery summary` prints:
    summary.json, junit.xml, metrics.prom and summary.md. Exits 0 when drawn, 2 when that was not possible.
    """
    with one_message():
        from recoveryreport import report as drawing
        from recoveryreport.steps import steps
        from recoveryreport.terminal import summary

        directory = run_directory(run)
        with steps(1 + drawing.STEPS) as tell:
            tell("reading and judging the record")
            history, verdict = judged(directory)
            drawing.make_directory(out or directory)
            keep(verdict, out or directory)
            page = drawing.draw(history, verdict, out or directory, tell)
        summary(console(), history, verdict, page)
