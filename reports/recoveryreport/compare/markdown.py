"""compare.md: a comparison in a few lines, for a pull request or a chat. GitHub's dialect of Markdown."""

from collections.abc import Iterator

from recoveryreport.machine.escape import escaped
from recoveryreport.machine.markdown import doubts, table
from recoveryreport.trials import words as of_trials
from recoveryreport.trials.records import Writes

from . import words
from .records import Comparison, Shift

FILE = "compare.md"


def written(found: Comparison) -> bytes:
    """The file."""
    return "\n\n".join(_blocks(found)).encode() + b"\n"


def _blocks(found: Comparison) -> Iterator[str]:
    yield f"### {words.SYMBOLS[found.answer]} {found.answer}: {escaped(found.new.experiment or found.base.experiment)}"
    yield escaped(found.sentence)
    yield f"BASE: {escaped(words.pooled(found.base))} · NEW: {escaped(words.pooled(found.new))}"
    if found.lanes:
        head = ["lane", "BASE", "NEW", "difference", f"{words.confidences(found.lanes)} interval", "answer"]
        yield table(head, [list(map(escaped, _row(lane))) for lane in found.lanes])
    lost = found.losses
    yield "\n".join(
        [
            "**Losses:**\n",
            f"- BASE: {escaped(_losses(lost.base))}",
            f"- NEW: {escaped(_losses(lost.new))}",
            *(f"- {escaped(one)}" for one in words.named(lost.new_lost)),
        ]
    )
    if found.unlike:
        yield "\n".join(["**Not alike:**\n", *(f"- {escaped(one)}" for one in words.unlikeness(found))])
    if found.doubts:
        yield doubts(found.doubts)


def _row(lane: Shift) -> list[str]:
    medians = [of_trials.brief_median(side) if side.values else "-" for side in (lane.base, lane.new)]
    return [lane.name, *medians, words.difference(lane), words.interval(lane.interval), lane.answer]


def _losses(found: Writes) -> str:
    return f"{of_trials.lost(found)}, {of_trials.runs_with_loss(found)}"
