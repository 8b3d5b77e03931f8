"""The options of `chaos run` that the commands which run experiments pass on."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

Given = dict[str, tuple[str, ...] | str | None]

_OPTIONS = (
    click.option("--var", multiple=True, help="As of `chaos run`: key=value for the experiment's configuration."),
    click.option("--var-file", multiple=True, type=click.Path(exists=True), help="As of `chaos run`."),
    click.option("--control-file", multiple=True, type=click.Path(exists=True), help="As of `chaos run`."),
    click.option("--rollback-strategy", help="As of `chaos run`."),
    click.option("--hypothesis-strategy", help="As of `chaos run`."),
)


def passed_on(command: Function) -> Function:
    """Gives a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def arguments(given: Given) -> list[str]:
    """Those that were given, as they go to `chaos run`."""
    found = []
    for name, values in given.items():
        for value in (values,) if isinstance(values, str) else values or ():
            found += [f"--{name.replace('_', '-')}", value]
    return found
