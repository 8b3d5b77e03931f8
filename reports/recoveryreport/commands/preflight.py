"""`chaos recovery preflight`"""

import sys

import click

from .common import one_message


@click.command()
@click.argument("experiment")
@click.option("--var", multiple=True, help="As of `chaos run`: key=value for the experiment's configuration.")
@click.option("--var-file", multiple=True, type=click.Path(exists=True), help="As of `chaos run`.")
def preflight(experiment: str, var: tuple[str, ...], var_file: tuple[str, ...]) -> None:
    """Look ahead: what an experiment would hit, what stands in its way, and what the settings say of the recovery time.

    Changes nothing, in the cluster or in the database. Exits 0 when all of it could be done and taken back, 1 when a
    fault would be refused, would hit nothing, lacks a permission or could not be taken back, and 2 when the experiment
    or the cluster cannot be read.
    """
    from chaoslib import convert_vars
    from chaosmongo.cluster import Cluster
    from chaosmongo.errors import ChaosMongoError
    from chaosmongo.preflight import lines, load, look_ahead

    try:
        values = convert_vars(list(var))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--var") from None
    with one_message():
        try:
            read = load(experiment, values, var_file)
            ahead = look_ahead(read, Cluster() if read.config.namespace else None)
        except ChaosMongoError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)
        for line in lines(ahead):
            click.echo(line)
        sys.exit(0 if ahead.could_be_done else 1)
