"""What a trend says, for a terminal. Fits 80 columns."""

from pathlib import Path
from typing import TYPE_CHECKING

from recoveryreport.printing import COLOURS, answered, where
from recoveryreport.words import SYMBOLS

from . import words
from .records import Experiment, Trend

if TYPE_CHECKING:
    from rich.console import Console


def summary(console: "Console", trend: Trend, index: Path) -> None:
    from rich.padding import Padding
    from rich.text import Text

    answered(console, trend.answer)
    console.print(Text(words.overall(trend)))
    for experiment in trend.experiments:
        console.print()
        mark = Text(f"  {SYMBOLS[experiment.answer]} ", style=COLOURS[experiment.answer])
        console.print(mark + Text(experiment.name, style="bold"))
        for line in _lines(experiment):
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    console.print()
    where(console, "runs", index)


def _lines(experiment: Experiment) -> list[str]:
    return [f"Newest run: {words.newest(experiment)}", words.course(experiment), *words.told_shifts(experiment)]
