"""Advice for a terminal. Commands are never broken: they are there to be copied."""

from typing import TYPE_CHECKING

from recoveryreport.words import harmless

from . import words
from .records import Advice, Advised

if TYPE_CHECKING:
    from rich.console import Console


def show(console: "Console", found: Advised) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(harmless(f"{words.headline(found)}."), style="bold"))
    for number, one in enumerate(found.advice, 1):
        _one(console, number, one, len(found.runs))
    if found.nothing:
        console.print()
        console.print(Text("  Looked at, and nothing to save", style="bold"))
        for nothing in found.nothing:
            _line(console, nothing.setting, nothing.reason)
    if found.left_out:
        console.print()
        console.print(Text("  Left out", style="bold"))
        for left in found.left_out:
            _line(console, "its times", left)
    console.print()


def _one(console: "Console", number: int, one: Advice, runs: int) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(harmless(f"{number}. {one.setting}: {words.change(one)}"), style="bold"))
    for name, told in (
        ("saves", f"{words.saving(one.saving)}, {words.borne_out(one, runs)}"),
        ("because", one.reason),
        ("costs", one.cost),
        ("field", one.field),
    ):
        _line(console, name, told)
    _commands(console, "to try it", [one.try_it])
    _commands(console, "to take it back", [one.take_back])
    _commands(console, "to prove or refute it: better bears it out, anything else does not", one.prove)


def _line(console: "Console", name: str, told: str) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, min_width=10)
    grid.add_column(overflow="fold")
    grid.add_row(Text(f"  {name}", style="dim"), Text(harmless(told)))
    console.print(grid)


def _commands(console: "Console", name: str, commands: list[str]) -> None:
    from rich.text import Text

    commands = [command for command in commands if command]
    if commands:
        console.print(Text(f"  {name}:", style="dim"))
    for command in commands:
        console.print(Text(f"    {harmless(command)}"), soft_wrap=True)
