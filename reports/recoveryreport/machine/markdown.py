"""summary.md: one run in a few lines, for a pull request or a chat. GitHub's dialect of Markdown."""

from collections.abc import Iterator, Sequence

from chaosmongo.history.quantities import count, counted

from recoveryreport.words import SYMBOLS

from .escape import escaped
from .records import Phase, Summary, Writes

DOUBTS = 5
"""How many doubts are told; the rest is counted."""


def written(summary: Summary) -> bytes:
    """The file."""
    return "\n\n".join(_blocks(summary)).encode() + b"\n"


def _blocks(summary: Summary) -> Iterator[str]:
    """Paragraphs and tables, in order."""
    yield f"### {SYMBOLS[summary.verdict]} {summary.verdict}: {escaped(summary.run)}"
    if summary.title.strip():
        yield escaped(summary.title)
    yield f"**{summary.verdict.capitalize()}.** {escaped(summary.sentence)}"
    if summary.lanes:
        rows = [list(map(escaped, [lane.name, lane.recovery_time.text, lane.objective])) for lane in summary.lanes]
        yield table(["lane", "recovery time", "objective"], rows)
    yield _fates(summary.writes)
    if summary.phases:
        yield f"**Phases:** {' · '.join(map(_phase, summary.phases))}"
    if summary.doubts:
        yield doubts(summary.doubts)


def _fates(writes: Writes | None) -> str:
    if writes is None:
        return "**Writes:** unknown: the read-back is missing or not complete"
    acknowledged, unknown, failed = writes.acknowledged, writes.unknown, writes.failed
    bad = [
        _found(acknowledged.lost, "LOST"),
        _found(acknowledged.altered, "ALTERED"),
        _found(acknowledged.duplicated, "DUPLICATED"),
    ]
    rows = [
        ["acknowledged", ", ".join([f"{count(acknowledged.kept)} kept", *bad])],
        ["unknown", f"{count(unknown.recovered)} recovered, {count(unknown.absent)} absent"],
        ["failed", f"{count(failed.rejected)} rejected, {_found(failed.applied, 'APPLIED')}"],
        ["all", count(writes.writes)],
    ]
    found = {"documents that nobody wrote": writes.phantoms, "stale reads": writes.stale_reads}
    more = [f"{name}: {count(number)}" for name, number in found.items() if number]
    fates = table(["writes", "what became of them"], rows)
    return "\n\n".join([fates, *([f"**Also:** {', '.join(more)}"] if more else [])])


def _found(number: int, fate: str) -> str:
    """A fate that no write ought to have."""
    told = f"{count(number)} {fate}"
    return f"**{told}**" if number else told


def _phase(phase: Phase) -> str:
    told = f"{escaped(phase.name)} {escaped(phase.lasted.text)}"
    return f"**{told} (largest)**" if phase.largest else told


def doubts(told: Sequence[str]) -> str:
    """A list of the first of them."""
    lines = [escaped(doubt) for doubt in told[:DOUBTS]]
    if len(told) > DOUBTS:
        lines.append(f"and {counted(len(told) - DOUBTS, 'more doubt')}")
    return "\n".join(["**The instrument doubts:**\n", *(f"- {line}" for line in lines)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Of what is Markdown already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
