"""From two sets to the answer.

The lanes and the losses are compared together, and corrected for it: of sets that do not differ, "worse" or "better" is
said in at most `LEVEL` of the cases. Phases explain where a difference comes from and decide nothing.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from recoveryreport.statistics import holm, smallest_p
from recoveryreport.trials.records import Durations, Trials
from recoveryreport.words import lane_order

from . import losses as losing
from . import shifts, words
from .doubts import doubts
from .likeness import check_alike, unlike
from .records import LEVEL, Answer, Comparison, Losses, PhaseShift, Shift, Side


def compare(
    base: tuple[Path, Trials],
    new: tuple[Path, Trials],
    *,
    at_least_s: float = 0.0,
    meant: Sequence[str] = (),
    allow_unlike: bool = False,
    wall_ns: int = 0,
) -> Comparison:
    """meant: names of the conditions that were changed on purpose. Raises UnlikeRuns where others differ, unless they
    may.
    """
    differing = unlike(base[1], new[1], meant)
    if not allow_unlike:
        check_alike(differing)
    at_least_ns = round(at_least_s * 1e9)
    lanes, lost = _compared_together(base[1], new[1], at_least_ns)
    answer = overall([*(lane.answer for lane in lanes), lost.answer], losing.newly_lost(lost))
    made = Comparison(
        answer=answer,
        sentence="",
        base=_side(*base),
        new=_side(*new),
        unlike=differing,
        at_least_s=at_least_s,
        level=LEVEL,
        compared=len(lanes) + 1,
        lanes=lanes,
        losses=lost,
        phases=_phases(base[1], new[1], at_least_ns),
        doubts=[],
        wall_ns=wall_ns,
    )
    return msgspec.structs.replace(made, sentence=words.sentence(made), doubts=list(doubts(made, base[1], new[1])))


def overall(answers: Iterable[Answer], newly_lost: bool) -> Answer:
    """worse outranks too few runs, which outranks better: what nobody could have seen is not taken for unharmed. A NEW
    that loses what BASE did not is not better, however soon it recovers.
    """
    found = set(answers)
    if "worse" in found or "too few runs" in found:
        return "worse" if "worse" in found else "too few runs"
    return "better" if "better" in found and not newly_lost else "no difference shown"


def _compared_together(base: Trials, new: Trials, at_least_ns: int) -> tuple[list[Shift], Losses]:
    lost = losing.losses(base, new)
    pairs = _pairs(*({lane.recovery.name: lane.recovery for lane in trials.lanes} for trials in (base, new)))
    found = [shifts.shift(*pair, at_least_ns) for pair in sorted(pairs, key=lambda pair: lane_order(pair[0].name))]
    *corrected, corrected_loss = holm([_or_one(one.p) for one in found] + [_or_one(lost.p)])
    together = len(found) + 1
    lanes = [_answered(one, p, together, at_least_ns) for one, p in zip(found, corrected, strict=True)]
    return lanes, msgspec.structs.replace(
        lost,
        corrected=corrected_loss if lost.p is not None else None,
        answer=_answer(
            corrected_loss, losing.smallest_p(lost) if lost.p is not None else 1.0, together, losing.more(lost)
        ),
    )


def _phases(base: Trials, new: Trials, at_least_ns: int) -> list[PhaseShift]:
    """In the order in which NEW reached them, then those that it did not have."""
    ours, theirs = ({phase.name: phase for phase in trials.phases} for trials in (base, new))
    names = list(dict.fromkeys([*theirs, *ours]))
    lasted, reached = (
        _family(
            _pairs(
                {name: getattr(phase, which) for name, phase in ours.items()},
                {name: getattr(phase, which) for name, phase in theirs.items()},
            ),
            at_least_ns,
        )
        for which in ("lasted", "reached")
    )
    return [PhaseShift(name, lasted[name], reached[name]) for name in names]


def _family(pairs: Iterable[tuple[Durations, Durations]], at_least_ns: int) -> dict[str, Shift]:
    found = [shifts.shift(*pair, at_least_ns) for pair in pairs]
    corrected = holm([_or_one(one.p) for one in found])
    return {one.name: _answered(one, p, len(found), at_least_ns) for one, p in zip(found, corrected, strict=True)}


def _pairs(base: dict[str, Durations], new: dict[str, Durations]) -> list[tuple[Durations, Durations]]:
    """By name; where one set has none of that name, nothing in its place."""
    names = dict.fromkeys([*base, *new])
    return [(base.get(name, _none(name)), new.get(name, _none(name))) for name in names]


def _none(name: str) -> Durations:
    from recoveryreport.trials.durations import durations

    return durations(name, [])


def _answered(found: Shift, corrected: float, together: int, at_least_ns: int) -> Shift:
    if found.p is None:
        return found
    smallest = smallest_p(len(found.base.values), len(found.new.values))
    answer = _answer(corrected, smallest, together, shifts.later(found, at_least_ns))
    return msgspec.structs.replace(found, corrected=corrected, answer=answer)


def _answer(corrected: float, smallest: float, together: int, worse: bool) -> Answer:
    """smallest: the p that there would be if the sets did not overlap at all."""
    if corrected <= LEVEL:
        return "worse" if worse else "better"
    return "too few runs" if smallest * together > LEVEL else "no difference shown"


def _or_one(p: float | None) -> float:
    return 1.0 if p is None else p


def _side(name: Path, trials: Trials) -> Side:
    return Side(str(name), trials.experiment, trials.title, trials.runs, trials.doubts)
