"""What a comparison says, for a terminal. Fits 80 columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recoveryreport.printing import blocks, head, where
from recoveryreport.trials import words as of_trials
from recoveryreport.words import harmless

from . import words
from .records import Answer, Comparison, Shift

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS: dict[Answer, str] = {
    "better": "green",
    "worse": "red",
    "no difference shown": "white",
    "too few runs": "yellow",
}


def summary(console: "Console", found: Comparison, page: Path) -> None:
    from rich.text import Text

    answer, about = found.answer, found.new.experiment or found.base.experiment
    head(console, words.SYMBOLS[answer], answer, _COLOURS[answer], about)
    console.print(Text(harmless(found.sentence)))
    console.print()
    sides = {"BASE": found.base, "NEW": found.new}
    blocks(console, {name: [f"{side.name}: {words.pooled(side)}"] for name, side in sides.items()})
    console.print()
    if found.lanes:
        console.print(_table("recovery", found.lanes))
        console.print()
    lost = found.losses
    losses = [
        f"BASE {of_trials.lost(lost.base)}, {of_trials.runs_with_loss(lost.base)}",
        f"NEW {of_trials.lost(lost.new)}, {of_trials.runs_with_loss(lost.new)}",
        f"{lost.answer} (p {words.chance(lost.p)}, corrected {words.chance(lost.corrected)})",
        *words.named(lost.new_lost),
    ]
    blocks(console, {"losses": losses})
    console.print()
    if found.phases:
        console.print(_table("phases", [phase.lasted for phase in found.phases]))
        console.print()
    blocks(
        console,
        {
            "unlike": words.unlikeness(found),
            "counted": filter(None, (words.correction(found), words.mattering(found))),
            "doubts": found.doubts or ["none"],
        },
    )
    where(console, "compare", page)


def _table(name: str, found: Sequence[Shift]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column(Text(f"  {name}", style="bold"), min_width=10, overflow="fold")
    for column in ("BASE", "NEW", "difference", f"{words.confidences(found)} interval", "p corr."):
        table.add_column(Text(column, style="dim"), no_wrap=True, justify="right")
    table.add_column("")
    for one in found:
        table.add_row(
            Text(f"  {harmless(one.name)}"),
            *(of_trials.brief_median(side) if side.values else "-" for side in (one.base, one.new)),
            words.difference(one),
            words.interval(one.interval),
            words.chance(one.corrected),
            words.SYMBOLS[one.answer],
        )
    return table
