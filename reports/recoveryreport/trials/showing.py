"""How far the trials are: a bar and what is going on where there is a terminal, one line a run everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chaosmongo.history.results import Verdict

from recoveryreport.words import harmless

from .terminal import one_trial

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

WIDEST = 48
"""Characters of the line that is shown of the run under way."""


class Showing:
    def __init__(self, progress: "Progress", task: "TaskID", asked: int, done: int = 0) -> None:
        self._progress, self._task, self._asked = progress, task, asked
        self._ended = done

    def heard(self, line: str) -> None:
        """The run under way said this. Of Chaos Toolkit's log, what comes after the time and the level is shown."""
        time_and_level, _, message = line.partition("] ")
        if time_and_level.startswith("["):
            self._progress.update(self._task, now=harmless(message)[:WIDEST])

    def ended(self, verdict: Verdict, of: str = "") -> None:
        """of: what the run was one of, where there are several kinds."""
        from rich.text import Text

        self._ended += 1
        told = one_trial(self._ended, self._asked, verdict) + (f"  ({harmless(of)})" if of else "")
        self._progress.console.print(Text(told), soft_wrap=True)
        self._progress.update(self._task, completed=self._ended, now="")


@contextmanager
def showing(console: "Console", asked: int, done: int = 0) -> Iterator[Showing]:
    """done: how many runs had been made before."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Showing(progress, progress.add_task("", total=asked, completed=done, now=""), asked, done)
