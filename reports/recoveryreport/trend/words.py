"""What a trend says, in a few plain words: the same in the terminal, the pages and the figures."""

from collections.abc import Iterator
from datetime import UTC, datetime

from chaosmongo.history.quantities import at_least, count, counted, limit, listed, measured, seconds
from chaosmongo.history.results import Answer, Bracket

from recoveryreport.words import lane_order

from .records import LONGEST, LOST, Change, Entry, Experiment, Gap, Lane, Level, Series, ShiftFound, State, Trend

MOST_LANES = 8
"""That are shown. A run has three; more can only come from a record that somebody made up."""

STATES: tuple[State, ...] = ("passed", "failed", "unknown", "no verdict", "damaged", "newer format")

_OF_MANY: dict[State, str] = {"no verdict": "without a verdict", "newer format": "of a newer format"}
"""What runs in that state are called where they are counted."""


def moment(wall_ns: int | None) -> str:
    """For people, in UTC."""
    return "at an unknown time" if wall_ns is None else f"{_date(wall_ns):%Y-%m-%d %H:%M:%S}"


def minute(wall_ns: int | None) -> str:
    return "at an unknown time" if wall_ns is None else f"{_date(wall_ns):%Y-%m-%d %H:%M}"


def _date(wall_ns: int) -> datetime:
    return datetime.fromtimestamp(wall_ns // 10**9, UTC)


def cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def states(found: dict[str, int], missing: int) -> str:
    """Like "200 passed, 3 failed, 1 damaged, 2 missing"; nothing is left out but zeros."""
    numbers = {_OF_MANY.get(state, state): found.get(state, 0) for state in STATES} | {"missing": missing}
    return ", ".join(f"{count(number)} {name}" for name, number in numbers.items() if number)


def course(experiment: Experiment) -> str:
    """How many runs, from when to when, and what they came to."""
    moments = [run.wall_ns for run in experiment.runs if run.wall_ns is not None]
    when = f" from {minute(moments[0])} to {minute(moments[-1])} UTC" if moments else ""
    told = f"{counted(len(experiment.runs), 'run')}{when}: {states(experiment.states, experiment.missing)}"
    return f"{told}; {removed(experiment)}" if experiment.removed else told


def removed(experiment: Experiment) -> str:
    """How many runs were removed to make room."""
    return f"{counted(experiment.removed, 'older run was', 'older runs were')} removed"


def newest(experiment: Experiment) -> str:
    """When the newest run was, what it came to, and whether that is the newest that there ought to be."""
    run = experiment.newest
    told = f"{minute(run.wall_ns)}{' UTC' if run.wall_ns is not None else ''}, {run.state}"
    overdue = sum(gap.runs for gap in experiment.gaps if gap.overdue)
    return f"{told}; {counted(overdue, 'run is', 'runs are')} overdue since." if overdue else f"{told}."


def overall(trend: Trend) -> str:
    """The experiments that did not pass by name, the worst first."""
    by: dict[Answer, list[str]] = {}
    for experiment in trend.experiments:
        by.setdefault(experiment.answer, []).append(experiment.name)
    total = counted(len(trend.experiments), "experiment")
    told = [f"Passed when last run: {count(len(by.get('passed', [])))} of {total}"]
    told += [f"{answer}: {listed(by[answer])}" for answer in ("failed", "unknown") if answer in by]
    if trend.unread:
        told.append(f"not looked into: {counted(len(trend.unread), 'directory', 'directories')}")
    return "; ".join(told) + "."


def recovery(run: Entry, name: str) -> str:
    """A lane's RTA, or in words why there is no number; "-" where the run has no such lane. In brackets what its record
    does not vouch for.
    """
    if name not in run.lanes:
        return "-"
    told = _time(run.lanes[name])
    return told if run.vouched else f"({told})"


def _time(lane: Lane) -> str:
    found = lane.recovery
    if found.kind == "recovered" and found.hi_ns is not None:
        return measured(Bracket(found.lo_ns, found.hi_ns))
    if found.kind == "censored":
        return f"not within {at_least(found.lo_ns)}"
    return "no outage seen"


def lost(run: Entry) -> str:
    """How many acknowledged writes are missing, and how far back the last surviving one lies (RPA). What was found lost
    counts whatever else is in doubt; that nothing was, only where the record vouches for it.
    """
    if run.lost is None or not (run.lost or run.lost_vouched):
        return "?"
    return count(run.lost) + (f", back to {seconds(run.rpa_ns, decimals=3)}" if run.rpa_ns is not None else "")


def lanes(experiments: list[Experiment]) -> list[str]:
    """Those that any run has, from the server outwards, as far as they are shown."""
    found = {lane for experiment in experiments for run in experiment.runs for lane in run.lanes}
    return sorted(found, key=lane_order)[:MOST_LANES]


def objective(found: float | None) -> str:
    return "no objective" if found is None else f"objective {limit(found)}"


def level(name: str, found: Level) -> str:
    """The median of a level, of how many runs."""
    return f"{median(name, found)}, {counted(found.values, 'run')}"


def median(name: str, found: Level) -> str:
    if found.median is None:
        return "not recovered in half of them"
    if name == LOST:
        return f"{found.median.middle_ns:,} lost"
    return measured(found.median)


def direction(name: str, shift: ShiftFound) -> str:
    """What became of it: in one word, but for writes."""
    if name == LOST:
        return "more writes lost" if shift.upwards else "fewer writes lost"
    return "slower" if shift.upwards else "faster"


def probability(p: float) -> str:
    return f"p = {p:.3f}"


def change(found: Change) -> str:
    """From what to what."""
    return f"{found.name}: {_side(found.before)} → {_side(found.after)}"


def _side(value: str | None) -> str:
    return "none" if value is None else value


def gap(found: Gap) -> str:
    """How many runs are missing between which moments."""
    what = counted(found.runs, "run is", "runs are") + (" overdue" if found.overdue else " missing")
    until = "now" if found.overdue else minute(found.until_ns)
    return f"{what} between {minute(found.since_ns)} and {until}"


def false_alarms(trend: Trend) -> str:
    """How many of the change points are to be expected where nothing changes."""
    looked_at = [series for experiment in trend.experiments for series in experiment.series if series.values]
    found = sum(len(series.shifts) for series in looked_at)
    return (
        f"{counted(len(looked_at), 'series was', 'series were')} looked at, with {counted(found, 'change point')}. "
        f"In one that does not change, one is found in {100 * trend.level:.0f} % of the cases all the same: "
        f"of so many that is {len(looked_at) * trend.level:.1g}, as long as runs do not resemble their neighbours."
    )


def shifts(experiment: Experiment) -> Iterator[tuple[Series, ShiftFound]]:
    """All change points of an experiment, in the order of time."""
    found = [(series, shift) for series in experiment.series for shift in series.shifts]
    yield from sorted(found, key=lambda one: one[1].run)


def told_shifts(experiment: Experiment) -> Iterator[str]:
    """One sentence each, like "server: slower from 2026-01-07 06:00 on (2.05 ± 0.01 s → 3.41 ± 0.01 s)"."""
    for series, shift in shifts(experiment):
        when = minute(experiment.runs[shift.run].wall_ns)
        levels = f"{median(series.name, shift.before)} → {median(series.name, shift.after)}"
        yield f"{series.name}: {direction(series.name, shift)} from {when} on ({levels})"
