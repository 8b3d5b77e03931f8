"""What the commands share that make many runs: saying how it ended, and that something is being drawn."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from .common import console

if TYPE_CHECKING:
    from recoveryreport.trials.running import Runner


def say_how_it_ended(runner: "Runner", made: int, asked: int, wrong: Exception | None) -> None:
    """wrong: why no other run was made, where it was not that somebody stopped it in order."""
    from recoveryreport.errors import NotRecorded
    from recoveryreport.matrix.running import BrokenOff

    if runner.stopped:
        click.echo(f"Stopped after {made} of {asked} runs.", err=True)
    if runner.stopped and isinstance(wrong, NotRecorded):
        click.echo(
            "The run under way came to no verdict. What it left behind, if anything: chaos recovery undo", err=True
        )
    elif wrong is not None:
        click.echo(f"{'' if isinstance(wrong, BrokenOff) else 'Error: '}{wrong}", err=True)


def busy(what: str) -> AbstractContextManager[object]:
    """Shows at a terminal that something takes a while."""
    out = console()
    return out.status(what) if out.is_terminal else nullcontext()
