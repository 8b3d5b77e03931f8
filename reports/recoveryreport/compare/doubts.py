"""What a comparison cannot tell, said aloud (as psf/pyperf does of benchmarks)."""

import statistics
from collections.abc import Iterator

from chaosmongo.history.quantities import at_most, counted

from recoveryreport.trials.conditions import NOT_READ
from recoveryreport.trials.records import Durations, Trials

from . import shifts, words
from .records import Comparison, Shift


def doubts(found: Comparison, base: Trials, new: Trials) -> Iterator[str]:
    """One sentence each."""
    yield from _unlike(found)
    for name, side in (("BASE", found.base), ("NEW", found.new)):
        if side.pooled < len(side.runs):
            yield f"{name}: {words.pooled(side)}"
    yield from _not_read(base, new)
    yield from _order(found)
    at_least_ns = round(found.at_least_s * 1e9)
    for lane in found.lanes:
        yield from _missing(lane)
        yield from _corrected_away(lane, found.level)
        yield from _coarse(lane, at_least_ns, found)
    if found.losses.p is None:
        blind = [name for name, writes in (("BASE", base.writes), ("NEW", new.writes)) if not writes.runs]
        yield f"losses: no pooled run of {' and of '.join(blind)} can vouch for what became of its writes"


def _unlike(found: Comparison) -> Iterator[str]:
    other = [one.name for one in found.unlike if not one.meant]
    if other:
        yield (
            f"BASE and NEW were not measured alike ({counted(len(other), 'condition')} not meant to differ): "
            "whatever differs between them may be the cause"
        )
    elif len(found.unlike) > 1:
        yield f"{counted(len(found.unlike), 'condition')} changed at once: each may be the cause"


def _not_read(base: Trials, new: Trials) -> Iterator[str]:
    for name, why in (base.conditions | new.conditions).items():
        if name.startswith(NOT_READ):
            yield f"{name.removeprefix(NOT_READ)} could not be read ({why}): whether it was alike is not known"


def _order(found: Comparison) -> Iterator[str]:
    """The name of a run ends with the time at which it began (UTC)."""
    base, new = ([trial.run.rpartition("/")[2] for trial in side.runs] for side in (found.base, found.new))
    if base and new and (max(base) < min(new) or max(new) < min(base)):
        first, second = ("BASE", "NEW") if max(base) < min(new) else ("NEW", "BASE")
        yield (
            f"all of {first} was run before {second}: a machine that became busier or idler meanwhile looks the same "
            "as a change (chaos recovery matrix lets settings take turns)"
        )


def _missing(lane: Shift) -> Iterator[str]:
    for name, durations in (("BASE", lane.base), ("NEW", lane.new)):
        if not durations.values:
            yield f"{lane.name}: no pooled run of {name} measured it"


def _corrected_away(lane: Shift, level: float) -> Iterator[str]:
    if lane.p is not None and lane.corrected is not None and lane.p <= level < lane.corrected:
        yield (
            f"{lane.name}: looked at alone it would differ (p {words.chance(lane.p)}); among all that is compared it "
            f"does not (p {words.chance(lane.corrected)}): more runs would tell"
        )


def _coarse(lane: Shift, at_least_ns: int, found: Comparison) -> Iterator[str]:
    """What would be shown if each value were known exactly."""
    if lane.answer != "no difference shown" or shifts.p_of_middles(lane, at_least_ns) * found.compared > found.level:
        return
    width = max(_width_ns(lane.base), _width_ns(lane.new))
    yield (
        f"{lane.name}: the middles of what was measured differ, but a single run is known to ± {at_most(width / 2)} "
        "only: a higher rate of that lane would tell"
    )


def _width_ns(found: Durations) -> float:
    return statistics.median([value.hi_ns - value.lo_ns for value in found.values if value.hi_ns is not None] or [0])
