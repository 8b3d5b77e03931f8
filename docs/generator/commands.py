"""`{commands} MODULE:FUNCTION`: the help of every command of an argparse parser, as `--help` prints it."""

import argparse
import contextlib
import os
import re
from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx

from . import text
from .directive import FromCode

COLUMNS = "92"


class Commands(FromCode):
    """FUNCTION makes the parser. One section a command."""

    def run(self) -> list[nodes.Node]:
        of, _, name = self.arguments[0].partition(":")
        parser = getattr(self.module(of), name)()
        with _width():
            return [
                self.section(one.prog, text.code(one.prog), nodes.literal_block(told, told, language="text"))
                for one in _each(parser)
                for told in [one.format_help().rstrip()]
            ]


def plain(app: Sphinx, context: click.Context, lines: list[str]) -> None:  # noqa: ARG001
    """FILE:LINE in the help of a click command is none of reStructuredText's links."""
    lines[:] = [re.sub(r"(?<=[A-Z]):(?=[A-Z])", r"\:", line) for line in lines]


@contextlib.contextmanager
def _width() -> Iterator[None]:
    """argparse fits its help to the terminal; a page has its own."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = COLUMNS
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _each(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser, and those of its commands, depth first."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _each(one)
