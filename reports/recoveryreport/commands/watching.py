"""How far a command is with what takes a second or so each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def shown(items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, with a bar on stderr where that is a terminal. what: is done with them, like "reading"."""
    from recoveryreport.steps import steps

    with steps(len(items)) as tell:
        for number, item in enumerate(items, 1):
            tell(f"{what} {number:,} of {len(items):,}")
            yield item


def watched(runs: Sequence[Path]) -> Iterator[Path]:
    """Runs that are judged."""
    return shown(runs, "judging run")
