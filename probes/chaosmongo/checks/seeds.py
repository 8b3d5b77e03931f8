"""The seeded scores, compared with what their seed says, which is drawn again and not kept (`chaosmongo.comparison`).

intact    there once, as seeded
missing   not there. altered: there once, with other content. duplicated: there more than once, whatever the content
"""

from collections.abc import Iterable
from typing import Any

from chaosmongo import scores
from chaosmongo.comparison import Read, compare
from chaosmongo.history.quantities import counted, listed
from chaosmongo.history.records import DIGEST_DIGITS, Seeded
from chaosmongo.history.results import LISTED, Finding, Seeds

from .check import Checked
from .evidence import Evidence

NOT_INTACT = ("missing", "altered", "duplicated")


def check(evidence: Evidence) -> Checked[Seeds | None]:
    seeded = evidence.history.seeded
    if not seeded:
        return Checked(None, None)
    if evidence.unread:
        return Checked(None, Finding("seeds", "unknown", f"whether the seeded scores are intact: {evidence.unread}"))
    counts = _counts(seeded)
    if max(counts.values()) > scores.SEEDS_MOST:
        return Checked(None, Finding("seeds", "unknown", "the record says of a seed more scores than any seed has"))
    read = _read(evidence)
    tally = _Tally()
    for seed, count in counts.items():
        tally.add(seed, count, read.get(seed, []))
    result = Seeds(tally.count, tally.intact, **tally.numbers)
    return Checked(result, _finding(result, tally.names))


def _counts(seeded: Iterable[Seeded]) -> dict[int, int]:
    """How many scores of each seed there must be; a seed that was used twice counts with its longer list."""
    counts: dict[int, int] = {}
    for record in seeded:
        counts[record.seed] = max(record.count, counts.get(record.seed, 0))
    return counts


def _read(evidence: Evidence) -> dict[int, list[Read]]:
    """What was read, by seed: stretches, and single documents as stretches of one."""
    read: dict[int, list[Read]] = {}
    for stretch in evidence.stretches:
        read.setdefault(stretch.seed, []).append((stretch.first, stretch.digests))
    for document in evidence.documents:
        place = scores.seed_and_number(document.key)
        if place is not None:
            read.setdefault(place[0], []).append((place[1], _whole(document.digest)))
    return read


def _whole(digest: str) -> str:
    """A digest; what has not the length of one is none, and like none of the seed's."""
    return digest if len(digest) == DIGEST_DIGITS else "?" * DIGEST_DIGITS


class _Tally:
    """How many scores are what, and the names of the first that are not intact."""

    def __init__(self) -> None:
        self.count = 0
        self.intact = 0
        self.numbers = dict.fromkeys(NOT_INTACT, 0)
        self.names: dict[str, list[str]] = {what: [] for what in NOT_INTACT}

    def add(self, seed: int, count: int, read: Iterable[Read]) -> None:
        for chunk in compare(seed, count, read):
            self.count += chunk.count
            self.intact += chunk.intact
            for what in NOT_INTACT:
                found: list[int] = getattr(chunk, what)
                self.numbers[what] += len(found)
                room = LISTED - len(self.names[what])
                self.names[what] += [scores.seed_name(seed, number) for number in found[:room]]


def _finding(result: Seeds, names: dict[str, list[str]]) -> Finding:
    numbers: dict[str, int] = {what: getattr(result, what) for what in NOT_INTACT}
    wrong = [f"{number:,} {what} ({listed(names[what], number)})" for what, number in numbers.items() if number]
    if not wrong:
        return Finding("seeds", "passed", f"{counted(result.count, 'seeded score')}, all intact")
    details: dict[str, Any] = {what: found for what, found in names.items() if found}
    return Finding("seeds", "failed", f"of {counted(result.count, 'seeded score')} {', '.join(wrong)}", details)
