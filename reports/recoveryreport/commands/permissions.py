"""`chaos recovery permissions`"""

import re
import sys
from pathlib import Path
from typing import Any

import click

from .common import one_message

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _name(_: click.Context, parameter: click.Parameter, value: str) -> str:
    if not LABEL.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no name of Kubernetes'", param=parameter)
    return value


@click.command()
@click.argument("experiments", metavar="EXPERIMENT...", nargs=-1, required=True)
@click.option("--namespace", default="chaos", show_default=True, callback=_name, help="Where they run.")
@click.option("--service-account", default="recovery-check", show_default=True, callback=_name, help="As whom.")
@click.option("--var", multiple=True, help="As of `chaos run`: key=value for the experiment's configuration.")
@click.option("--var-file", multiple=True, type=click.Path(exists=True), help="As of `chaos run`.")
def permissions(
    experiments: tuple[str, ...],
    namespace: str,
    service_account: str,
    var: tuple[str, ...],
    var_file: tuple[str, ...],
) -> None:
    """Print the least roles that let experiments run in a pod of the cluster, and be taken back.

    Roles, ClusterRoles and their bindings to the ServiceAccount, as YAML for `kubectl apply -f -`. They follow from the
    experiments' text and configuration, by the list that `chaos recovery preflight` asks the API server for; no cluster
    is asked. Names of objects are in the rules as far as they are known beforehand.

    Exits 0; 1 when activities that are none of ours may ask for more, which are named; and 2 when it cannot be told.
    """
    from chaosmongo.errors import ChaosMongoError
    from chaosmongo.preflight import Account, grants, load, needed

    values = _values(var)
    with one_message():
        try:
            read = [load(experiment, values, var_file) for experiment in experiments]
            account = Account(namespace, service_account)
            requests = needed(read, account)
        except ChaosMongoError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)
        click.echo(f"# What {namespace}/{service_account} needs for {', '.join(_stem(one) for one in experiments)}:")
        click.echo("# made by `chaos recovery permissions`, the least with which it runs and is taken back")
        for line in grants(requests, account):
            click.echo(line)
        strangers = [step for experiment in read for step in experiment.strangers]
        for step in strangers:
            click.echo(f"Warning: {step} is none of ours: what it asks for is not known, and not in it", err=True)
        sys.exit(1 if strangers else 0)


def _values(var: tuple[str, ...]) -> dict[str, Any]:
    from chaoslib import convert_vars

    try:
        return dict(convert_vars(list(var)))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--var") from None


def _stem(experiment: str) -> str:
    return " ".join(Path(experiment).stem.split())
