"""What a trend says, for a terminal. Fits 80 columns."""

from pathlib import Path
from typing import TYPE_CHECKING

from recoveryreport.words import SYMBOLS, harmless

from . import words
from .records import Experiment, Trend

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {"passed": "green", "failed": "red", "unknown": "yellow"}


def summary(console: "Console", trend: Trend, index: Path) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    head = Text(f" {SYMBOLS[trend.answer]} {trend.answer.upper()} ", style=f"bold reverse {_COLOURS[trend.answer]}")
    console.print(head)
    console.print(Text(words.overall(trend)))
    for experiment in trend.experiments:
        console.print()
        mark = Text(f"  {SYMBOLS[experiment.answer]} ", style=_COLOURS[experiment.answer])
        console.print(mark + Text(experiment.name, style="bold"))
        for line in _lines(experiment):
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    console.print()
    # A path is there to be copied: never broken over two lines.
    console.print(Text("  runs      ", style="bold") + Text(harmless(str(index))), soft_wrap=True)
    console.print()


def _lines(experiment: Experiment) -> list[str]:
    return [f"Newest run: {words.newest(experiment)}", words.course(experiment), *words.told_shifts(experiment)]
