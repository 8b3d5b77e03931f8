"""How far the judging of several runs is: it takes a second or so a run."""

from collections.abc import Iterator, Sequence
from pathlib import Path


def watched(runs: Sequence[Path]) -> Iterator[Path]:
    """The runs one by one, with a bar on stderr where that is a terminal."""
    from recoveryreport.steps import steps

    with steps(len(runs)) as tell:
        for number, run in enumerate(runs, 1):
            tell(f"judging run {number:,} of {len(runs):,}")
            yield run
