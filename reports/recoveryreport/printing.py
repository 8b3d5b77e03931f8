"""What the summaries of all commands share at a terminal: the head, blocks of lines, and where the page is."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history.results import Answer

from .words import SYMBOLS, harmless

if TYPE_CHECKING:
    from rich.console import Console

COLOURS: dict[Answer, str] = {"passed": "green", "failed": "red", "unknown": "yellow"}


def answered(console: "Console", answer: Answer, about: str = "") -> None:
    """The head of a summary: its answer, and of what."""
    head(console, SYMBOLS[answer], answer, COLOURS[answer], about)


def head(console: "Console", symbol: str, answer: str, colour: str, about: str) -> None:
    from rich.text import Text

    console.print()
    told = Text(f" {symbol} {answer.upper()} ", style=f"bold reverse {colour}")
    console.print(told + Text(f"  {harmless(about)}", style="bold") if about else told)


def blocks(console: "Console", named: dict[str, Iterable[str]]) -> None:
    """Each under its name, line by line, the lines beneath each other; nothing for one without lines."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="bold", min_width=11)
    grid.add_column(overflow="fold")
    for name, lines in named.items():
        for place, line in enumerate(lines):
            grid.add_row(Text("" if place else f"  {name}"), Text(harmless(line)))
    if grid.row_count:
        console.print(grid)


def where(console: "Console", what: str, page: Path) -> None:
    """The last line: a path is there to be copied, and never broken over two lines."""
    from rich.text import Text

    console.print(Text(f"  {what:<10}", style="bold") + Text(harmless(str(page))), soft_wrap=True)
    console.print()
