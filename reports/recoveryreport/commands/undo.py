"""`chaos recovery undo`"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import one_message, run_argument, run_directory

if TYPE_CHECKING:
    from chaosmongo.undo import Leftovers, Place, Taken


@click.command()
@run_argument
@click.option(
    "--mongo-uri",
    envvar="MONGO_URI",
    default="",
    help="Where MongoDB is, if not to be found through the cluster. Better given as MONGO_URI: no password in sight.",
)
@click.option("--timeout-s", default=30.0, show_default=True, help="Seconds in which the database must be found.")
def undo(run: Path | None, mongo_uri: str, timeout_s: float) -> None:
    """Take back what a run left behind, also after its runner was killed.

    Takes back what the run's undo.jsonl says, and nothing that anybody else has put there or changed since. A second
    time finds nothing left. Exits 0 when all is taken back, 1 when something could not be, which is named, and 2 when
    there is no such run.
    """
    with one_message():
        from chaosmongo.errors import ChaosMongoError
        from chaosmongo.undo import Afterwards, Leftovers

        directory = run_directory(run)
        try:
            with Leftovers.of(directory) as leftovers:
                place = Afterwards(leftovers.run, mongo_uri, timeout_s)
                if leftovers.pending:
                    leftovers.wait_until_over(place)
                whole = _taken_back(leftovers, place, directory)
        except ChaosMongoError as error:
            click.echo(f"Error: {error}", err=True)
            whole = False
        sys.exit(0 if whole else 1)


def _taken_back(leftovers: "Leftovers", place: "Place", directory: Path) -> bool:
    """Tells what was taken back, one line each; whether that is all."""
    from chaosmongo.undo import take_back

    whole = not leftovers.damage
    for damage in leftovers.damage:
        click.echo(f"Cannot be read, so nobody knows whether something stays behind: {damage}", err=True)
    for taken in take_back(place, leftovers.pending, leftovers.undone):
        click.echo(_line(taken), err=not taken.done)
        whole = whole and taken.done is not None
    if not leftovers.pending:
        click.echo(f"Nothing is left behind by {directory}")
    return whole


def _line(taken: "Taken") -> str:
    if taken.done is not None:
        return f"Taken back: {taken.done.said}"
    return f"NOT taken back: {taken.undo.action}: {taken.error}"
