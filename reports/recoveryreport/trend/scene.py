"""What the figure of an experiment shows, worked out before anything is drawn.

Moments are days since the Unix epoch (as matplotlib counts them), recovery times seconds after the fault.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from chaosmongo.history.quantities import count, counted, listed, seconds

from recoveryreport.axis import Axis, axis
from recoveryreport.trials.records import Kind

from . import words
from .records import LOST, Entry, Experiment, Lane, Level, Series, ShiftFound

DAY_NS = 86_400 * 10**9

HEADROOM = 3.0
"""What is more than so many times the largest recovery time would flatten all of them: an objective is told and not
drawn, a run that never recovered stands at the upper edge.
"""

MARGIN = 0.02
"""What stays empty before the first and after the last moment, as a part of what is between."""

SHORTEST = 1 / 24
"""Days that the figure shows at least."""

NOTES, CHANGES = 8, 3
"""How many changed runs are told beneath the figure, and how many changes of each."""

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Point:
    """One run in one panel; the truth lies between low and high. missed: the objective."""

    day: float
    value: float
    low: float
    high: float
    kind: Kind = "recovered"
    vouched: bool = True
    missed: bool = False


@dataclass(frozen=True)
class Panel:
    """One series. told: at the right of its name. medians, limits: from when to when, and their value. shifts: when,
    and what they are called.
    """

    name: str
    told: str
    points: list[Point]
    medians: list[tuple[Stretch, float]]
    limits: list[tuple[Stretch, float]]
    shifts: list[tuple[float, str]]


@dataclass(frozen=True)
class Scene:
    """All that the figure shows. rows: which runs came to what. marks: changes of conditions, by number."""

    title: str
    course: str
    start: float
    end: float
    times: list[Panel]
    axis: Axis
    losses: Panel
    most_lost: float
    rows: list[tuple[str, list[float]]]
    gaps: list[Stretch]
    marks: list[tuple[float, str]]
    notes: list[str]

    @property
    def panels(self) -> list[Panel]:
        return [*self.times, self.losses]

    @property
    def points(self) -> Iterator[Point]:
        return (point for panel in self.panels for point in panel.points)


def scene(experiment: Experiment) -> Scene:
    runs = [run for run in experiment.runs if run.wall_ns is not None]
    gaps = [(_day(gap.since_ns), _day(gap.until_ns)) for gap in experiment.gaps]
    days = [_day(run.wall_ns or 0) for run in runs] + [end for _, end in gaps]
    first, last = min(days, default=0.0), max(days, default=0.0)
    margin = max((last - first) * MARGIN, SHORTEST / 2)
    lanes = [series for series in experiment.series if series.name != LOST]
    times = [_times(series, experiment.runs) for series in lanes[: words.MOST_LANES]]
    losses = _losses(next(series for series in experiment.series if series.name == LOST), experiment.runs)
    return Scene(
        title=experiment.title,
        course=words.course(experiment),
        start=first - margin,
        end=last + margin,
        times=times,
        axis=_axis(times),
        losses=losses,
        most_lost=max((point.value for point in losses.points), default=0.0),
        rows=_rows(runs),
        gaps=gaps,
        marks=_marks(runs),
        notes=list(_notes(experiment)),
    )


def _day(wall_ns: int) -> float:
    return wall_ns / DAY_NS


def _times(series: Series, runs: Sequence[Entry]) -> Panel:
    measured = [(run, run.lanes[series.name]) for run in runs if series.name in run.lanes and run.wall_ns is not None]
    limits = [(_day(run.wall_ns or 0), lane.objective_s) for run, lane in measured]
    return Panel(
        name=series.name,
        told=f"{_level(series, runs)}   {words.objective(limits[-1][1] if limits else None)}",
        points=[_point(run, lane) for run, lane in measured],
        medians=list(_medians(series, runs, 1e9)),
        limits=list(_limits(limits)),
        shifts=list(_shifts(series, runs)),
    )


def _point(run: Entry, lane: Lane) -> Point:
    found = lane.recovery
    high_ns = found.lo_ns if found.hi_ns is None else found.hi_ns
    value_ns = high_ns if found.kind == "no outage" else found.middle_ns
    day = _day(run.wall_ns or 0)
    return Point(
        day, value_ns / 1e9, found.lo_ns / 1e9, high_ns / 1e9, found.kind, run.vouched, missed=lane.met is False
    )


def _losses(series: Series, runs: Sequence[Entry]) -> Panel:
    known = [run for run in runs if run.lost is not None and run.wall_ns is not None]
    limits = [(_day(run.wall_ns or 0), run.lost_at_most) for run in known]
    losing, vouched = sum(bool(run.lost) for run in known), sum(bool(run.lost or run.lost_vouched) for run in known)
    at_most = limits[-1][1] if limits else None
    asked = "no objective" if at_most is None else f"objective at most {count(at_most)}"
    return Panel(
        name=f"acknowledged {LOST}",
        told=f"some in {count(losing)} of {counted(vouched, 'run')}   {asked}",
        points=[_loss(run) for run in known],
        medians=[],
        limits=list(_limits(limits)),
        shifts=list(_shifts(series, runs)),
    )


def _loss(run: Entry) -> Point:
    lost = float(run.lost or 0)
    missed = run.lost_at_most is not None and lost > run.lost_at_most
    return Point(_day(run.wall_ns or 0), lost, lost, lost, vouched=run.lost_vouched, missed=missed)


def _axis(panels: Sequence[Panel]) -> Axis:
    """The one that all lanes share. What showed no outage may stand at its beginning."""
    points = [point for panel in panels for point in panel.points]
    values = [point.value for point in points if point.kind == "recovered"]
    watched = [point.value for point in points if point.kind == "censored"]
    bounds = [limit for panel in panels for _, limit in panel.limits] + watched
    most = max(values or watched, default=0.0) * HEADROOM
    return axis([*values, *(bound for bound in bounds if bound <= most)])


def _level(series: Series, runs: Sequence[Entry]) -> str:
    """The median of the newest level."""
    if not series.levels:
        return "no run vouches for its times"
    newest = series.levels[-1]
    since = f"since {words.minute(runs[newest.first].wall_ns)}: " if series.shifts else ""
    return f"{since}median {words.level(series.name, newest)}"


def _medians(series: Series, runs: Sequence[Entry], unit: float) -> Iterator[tuple[Stretch, float]]:
    for level in series.levels:
        stretch = _stretch(level, runs)
        if stretch is not None and level.median is not None:
            yield stretch, level.median.middle_ns / unit


def _stretch(level: Level, runs: Sequence[Entry]) -> Stretch | None:
    first, last = runs[level.first].wall_ns, runs[level.last].wall_ns
    return None if first is None or last is None else (_day(first), _day(last))


def _limits(limits: Sequence[tuple[float, float | None]]) -> Iterator[tuple[Stretch, float]]:
    """Each from the first run that had it to the first that had another one."""
    stretches = [(limit, [day for day, _ in group]) for limit, group in groupby(limits, key=lambda one: one[1])]
    ends = [days[0] for _, days in stretches[1:]] + [days[-1] for _, days in stretches[-1:]]
    for (limit, days), end in zip(stretches, ends, strict=True):
        if limit is not None:
            yield (days[0], end), limit


def _shifts(series: Series, runs: Sequence[Entry]) -> Iterator[tuple[float, str]]:
    for shift in series.shifts:
        wall_ns = runs[shift.run].wall_ns
        if wall_ns is not None:
            yield _day(wall_ns), _called(series, shift)


def _called(series: Series, shift: ShiftFound) -> str:
    """Like "slower: 2.05 → 3.41 s"."""
    direction = words.direction(series.name, shift)
    if series.name == LOST or shift.before.median is None or shift.after.median is None:
        return direction
    before, after = (seconds(level.median.middle_ns) for level in (shift.before, shift.after) if level.median)
    return f"{direction}: {before.removesuffix(' s')} → {after}"


def _rows(runs: Sequence[Entry]) -> list[tuple[str, list[float]]]:
    """By state, those that occur; passed is always there, so that nothing passed shows as such."""
    days: dict[str, list[float]] = {state: [] for state in words.STATES}
    for run in runs:
        days[run.state].append(_day(run.wall_ns or 0))
    return [(state, found) for state, found in days.items() if found or state == "passed"]


def _changed(runs: Sequence[Entry]) -> list[Entry]:
    return [run for run in runs if run.changes and run.wall_ns is not None]


def _marks(runs: Sequence[Entry]) -> list[tuple[float, str]]:
    return [(_day(run.wall_ns or 0), str(number)) for number, run in enumerate(_changed(runs), 1)]


def _notes(experiment: Experiment) -> Iterator[str]:
    changed = _changed(experiment.runs)
    for number, run in enumerate(changed[:NOTES], 1):
        told = listed([words.change(change) for change in run.changes], most=CHANGES)
        yield f"{number}  changed with the run of {words.minute(run.wall_ns)}: {told}"
    if len(changed) > NOTES:
        yield f"{counted(len(changed) - NOTES, 'more run')} came with changes: they stand in trend.html"
    more = len(experiment.series) - 1 - words.MOST_LANES
    if more > 0:
        yield f"{counted(more, 'more lane')} of a name that is not known: they stand in trend.json"
    timeless = sum(run.wall_ns is None for run in experiment.runs)
    if timeless:
        yield f"{counted(timeless, 'run')} cannot be drawn: nothing tells when"
