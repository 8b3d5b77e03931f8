"""One run as far as pooling needs it."""

from dataclasses import dataclass
from pathlib import Path

from chaosmongo.history import History
from chaosmongo.history.results import Durability, Seeds, Verdict

from .conditions import Conditions, conditions

ABOUT_THE_SYSTEM = frozenset(
    ("recovery", "durability", "seeds", "identity", "single_writer", "course", "phases", "ready_gap")
)
"""What these checks find is a result. The others vouch for it: without them a number may be anything."""

LEFT_OPEN = frozenset(("recovery", "course"))
"""A run that did not recover while it was watched may be unknown for these alone. To leave it out because it did not
recover would make the others look better: it counts, as one that had not recovered by then.
"""

ANOTHER_QUESTION = frozenset(("single_writer",))
"""Whether there was one writer at a time is no part of how long the service was away, nor of what was lost. After a
forced deletion nothing on record can tell it: to leave such runs out would be to measure none.
"""

FATES = ("durability", "seeds")


@dataclass(frozen=True)
class Fates:
    """What became of a run's acknowledged writes and of the scores that were seeded before them."""

    durability: Durability
    seeds: Seeds | None

    @property
    def spoilt(self) -> int:
        """How much of what was acknowledged is not as it was acknowledged."""
        d, s = self.durability, self.seeds
        return d.lost + d.altered + d.duplicated + (s.missing + s.altered + s.duplicated if s else 0)


@dataclass(frozen=True)
class Recorded:
    """A run and what was found in it; without its operations, of which there may be a million."""

    directory: Path
    title: str
    verdict: Verdict
    conditions: Conditions

    @classmethod
    def of(cls, directory: Path, history: History, verdict: Verdict) -> "Recorded":
        return cls(directory, history.run.title, verdict, conditions(history))

    @property
    def run(self) -> str:
        return self.verdict.run

    @property
    def counts(self) -> bool:
        """Whether anything of it may be pooled: numbers of an unknown run may be anything, unless all that is not known
        is whether it would have recovered in time, or is another question.
        """
        watched = any(lane.censored_ns is not None for lane in self.verdict.recovery)
        allowed = ANOTHER_QUESTION | LEFT_OPEN if watched else ANOTHER_QUESTION
        return self.verdict.verdict != "unknown" or bool(self._unknown and self._unknown <= allowed)

    @property
    def left_open(self) -> str:
        """What is not known of an unknown run that counts, as a part of a sentence."""
        told = {
            "whether it recovered in time": LEFT_OPEN,
            "whether there was one writer at a time": ANOTHER_QUESTION,
        }
        return " and ".join(name for name, checks in told.items() if self._unknown & checks)

    @property
    def _unknown(self) -> set[str]:
        """The checks that found no answer."""
        return {finding.check for finding in self.verdict.findings if finding.verdict == "unknown"}

    @property
    def times_count(self) -> bool:
        """A run may have failed for what it lost, and its times be worth nothing all the same."""
        return self.counts and not self.unvouched

    @property
    def fates(self) -> "Fates | None":
        """What was found lost counts whatever else is in doubt; that nothing was, only where the record vouches for it.

        None where nothing counts.
        """
        durability, seeds = self.verdict.durability, self.verdict.seeds
        if durability is None or not self.counts:
            return None
        fates = Fates(durability, seeds)
        doubted = self.unvouched or any(f.check in FATES and f.verdict == "unknown" for f in self.verdict.findings)
        return None if doubted and not fates.spoilt else fates

    @property
    def unvouched(self) -> list[str]:
        """What the checks that vouch for its times said, where they did not."""
        found = self.verdict.findings
        return [f.summary for f in found if f.check not in ABOUT_THE_SYSTEM and f.verdict != "passed"]
