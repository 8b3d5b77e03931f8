"""`chaos recovery verdict`"""

import sys
from pathlib import Path

import click

from recoveryreport.exits import EXIT_CODES

from .common import console, judged, keep, one_message, run_argument, run_directory


@click.command()
@run_argument
def verdict(run: Path | None) -> None:
    """Judge a run from its files.

    Writes verdict.json. Exits 0 when passed, 1 when failed, 2 when unknown or when it cannot be judged.
    """
    with one_message():
        from recoveryreport.terminal import summary

        directory = run_directory(run)
        history, answer = judged(directory)
        keep(answer, directory)
        summary(console(), history, answer)
        sys.exit(EXIT_CODES[answer.verdict])
