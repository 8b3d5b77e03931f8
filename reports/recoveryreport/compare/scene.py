"""What the figure shows, worked out before anything is drawn: by lane and by phase two rows, BASE above NEW."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chaosmongo.history.quantities import counted

from recoveryreport.axis import Axis, axis
from recoveryreport.strips import Strip, strip
from recoveryreport.trials.words import brief_median
from recoveryreport.words import harmless

from . import words
from .records import Comparison, Shift


@dataclass(frozen=True)
class Pair:
    """One duration in both sets. told: the difference and what it comes to; moved: whether it is worse or better."""

    name: str
    base: Strip
    new: Strip
    told: str
    moved: bool


@dataclass(frozen=True)
class Scene:
    """All that the figure shows. course: what the sets are. groups: a heading and its pairs. notes: beneath."""

    title: str
    course: str
    groups: list[tuple[str, list[Pair]]]
    axis: Axis
    notes: list[str]

    @property
    def strips(self) -> Iterator[Strip]:
        return (one for _, pairs in self.groups for pair in pairs for one in (pair.base, pair.new))


def scene(found: Comparison) -> Scene:
    lanes = [_pair(lane) for lane in found.lanes]
    phases = [_pair(phase.lasted) for phase in found.phases]
    groups = [("Recovery time, by lane", lanes), ("Where the seconds went, by phase", phases)]
    notes = [words.mattering(found), *(f"not alike: {told}" for told in words.unlikeness(found)), *found.doubts]
    return Scene(
        title=_together(harmless(f"{found.answer.capitalize()}. {found.sentence}")),
        course=harmless(
            f"BASE: {words.pooled(found.base)} of {found.base.experiment}, NEW: {words.pooled(found.new)} of "
            f"{found.new.experiment}; {counted(found.compared, 'comparison')}, corrected together (Holm)"
        ),
        groups=[(heading, pairs) for heading, pairs in groups if pairs],
        axis=_axis(lanes, phases),
        notes=[harmless(note) for note in notes if note],
    )


def _axis(lanes: list[Pair], phases: list[Pair]) -> Axis:
    """That of the recovery times, on which the phases have room; where it is logarithmic, also for small phases."""
    of_lanes, of_phases = (
        [value for pair in pairs for one in (pair.base, pair.new) for value in one.shown_s] for pairs in (lanes, phases)
    )
    largest = max([*of_lanes, *of_phases], default=0.0)
    found = axis([*of_lanes, largest])
    return axis([*of_lanes, *of_phases]) if found.logarithmic else found


def _together(text: str) -> str:
    """A number and its unit are not broken apart."""
    return re.sub(r"(?<=\d) (?=s\b)", "\u00a0", text)


def _pair(found: Shift) -> Pair:
    shown = found.answer if found.answer in ("worse", "better") else ""
    return Pair(
        name=harmless(found.name),
        base=strip(found.base, [brief_median(found.base)] if found.base.values else ["not seen"]),
        new=strip(found.new, [brief_median(found.new)] if found.new.values else ["not seen"]),
        told=f"{words.brief_difference(found)} {shown}".strip(),
        moved=bool(shown),
    )
