"""`chaos recovery summary`"""

from pathlib import Path

import click

from .common import one_message, run_argument, run_directory


@click.command()
@run_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "junit", "openmetrics", "markdown"]),
    default="json",
    show_default=True,
    help="As in summary.json, junit.xml, metrics.prom or summary.md beside the report.",
)
def summary(run: Path | None, form: str) -> None:
    """Print a run for other programs, as it was judged.

    The same as the file that the report puts beside its page. Exits 0 when printed, whatever the verdict, and 2 where
    the run was not judged or cannot be read.
    """
    with one_message():
        from recoveryreport import machine
        from recoveryreport.machine import reading, summary

        judged = reading.as_judged(run_directory(run))
        click.echo(machine.FORMS[form].written(summary.of(*judged)), nl=False)
