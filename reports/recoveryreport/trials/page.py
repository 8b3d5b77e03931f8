"""Many runs as one HTML file that needs nothing else: figures, their numbers, every run, and what is doubted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chaosmongo.history.quantities import at_least, count, counted
from chaosmongo.history.results import worst

from recoveryreport import page
from recoveryreport.words import SYMBOLS, harmless, lane_order

from . import words
from .doubts import FEWEST, FEWEST_P95
from .records import Condition, Duration, Durations, Trial, Trials

TEMPLATE = "trials.html.j2"


@dataclass(frozen=True)
class Row:
    """A run in the table of all runs. name: without that of the experiment. lanes: recovery times, by lane."""

    number: int
    name: str
    trial: Trial
    lanes: dict[str, str]
    lost: str
    bad: bool
    link: str


def render(trials: Trials, pictures: Mapping[str, page.Picture], links: Mapping[str, str]) -> str:
    """pictures: by the names of their files. links: to the reports of the runs that have one, by their directories."""
    lanes = sorted((lane.recovery.name for lane in trials.lanes), key=lane_order)
    rows = list(_rows(trials, lanes, links))
    return page.rendered(
        TEMPLATE,
        trials=trials,
        words=words,
        answer=worst([trial.verdict for trial in trials.runs]),
        symbols=SYMBOLS,
        when=page.moment(trials.wall_ns),
        missing=list(missing(trials)),
        needed=(FEWEST, FEWEST_P95),
        lanes=lanes,
        rows=rows,
        extent=_extent,
        out=[row for row in rows if row.trial.left_out],
        doubts=_doubts(trials),
        groups=_groups(trials),
        objectives={lane.recovery.name: lane for lane in trials.lanes},
        pictures={name: page.embedded(picture) for name, picture in pictures.items()},
    )


def alt(figure: str, trials: Trials) -> str:
    """What a figure shows, for those who do not see it."""
    return harmless(_told(figure, trials))


def _told(figure: str, trials: Trials) -> str:
    lanes = [lane.recovery for lane in trials.lanes]
    if figure == "trials":
        told = [f"{lane.name}: median {words.median(lane)} of {counted(len(lane.values), 'run')}" for lane in lanes]
        return f"Recovery times of all runs by lane. {'; '.join(told) or 'None can be pooled'}."
    if figure == "trials-survival":
        told = [f"{lane.name}: {count(lane.censored)} of {count(len(lane.values))}" for lane in lanes if lane.censored]
        return f"Share of runs that had not recovered, over time. Not seen to recover: {'; '.join(told)}."
    told = [f"{phase.name} {words.median(phase.lasted)}" for phase in trials.phases]
    return (
        f"Phases of each run, one run below the other. Medians: {', '.join(told) or 'there are no phases'}. "
        f"Acknowledged writes {words.loss(trials.writes)}."
    )


def missing(trials: Trials) -> Iterator[str]:
    """What a reader would look for and not find, one sentence each."""
    if not trials.runs:
        yield "No run was made: there is nothing to say"
        return
    if len(trials.runs) < trials.asked:
        yield f"Only {count(len(trials.runs))} of {counted(trials.asked, 'run')} were made"
    if not trials.pooled:
        yield "No run can be pooled: none of them vouches for what it measured"
        return
    if trials.pooled == 1:
        yield "One run is no distribution: how far runs differ is not known"
    if not trials.lanes:
        yield "No recovery time can be pooled: no pooled run vouches for its times"
    for lane in trials.lanes:
        values = lane.recovery.values
        if values and lane.recovery.censored == len(values):
            least = at_least(min(value.lo_ns for value in values))
            yield f"{lane.recovery.name}: no run recovered while it was watched, each for {least} or longer"
    if trials.lanes and not trials.phases:
        yield "There are no phases: no run shows a recovery to divide"
    if not trials.writes.runs:
        yield "What became of the writes is unknown: no pooled run vouches for it"


def _rows(trials: Trials, lanes: list[str], links: Mapping[str, str]) -> Iterator[Row]:
    left = {lane.recovery.name: list(lane.recovery.values) for lane in trials.lanes}
    for number, trial in enumerate(trials.runs, 1):
        times = {lane: None if trial.left_out else _next(left[lane], trial.run) for lane in lanes}
        yield Row(
            number=number,
            name=trial.run.removeprefix(f"{trials.experiment}/"),
            trial=trial,
            lanes={lane: words.duration(value) if value else "-" for lane, value in times.items()},
            lost=_lost(trial),
            bad=bool(trial.spoilt),
            link=links.get(trial.directory, ""),
        )


def _next(values: list[Duration], run: str) -> Duration | None:
    """Takes the run's own from those left, which stand in the order of the runs: two may have the same name."""
    return values.pop(0) if values and values[0].run == run else None


def _groups(trials: Trials) -> dict[str, dict[str, Condition]]:
    """The conditions by what they are of: the first part of their names."""
    found: dict[str, dict[str, Condition]] = {}
    for name, value in trials.conditions.items():
        found.setdefault(re.split(r"[. ]", name, maxsplit=1)[0], {})[name] = value
    return found


def _doubts(trials: Trials) -> list[str]:
    """Without what is said of runs that are not pooled: that stands in a table of its own."""
    names = tuple(f"{trial.run}{end}" for trial in trials.runs if trial.left_out for end in (" ", ":"))
    return [doubt for doubt in trials.doubts if not doubt.startswith(names)]


def _lost(trial: Trial) -> str:
    """Of a run: what was lost, and whether the record vouches for it."""
    if trial.lost is None or trial.acknowledged is None:
        return "unknown"
    told = f"{count(trial.lost)} of {count(trial.acknowledged)}"
    if trial.spoilt is None:
        return f"{told}, not vouched for"
    more = trial.spoilt - trial.lost
    return f"{told}, {count(more)} more spoilt" if more else told


def _extent(found: Durations) -> str:
    """From the smallest to the largest of those that came to their end."""
    if found.smallest_ns is None or found.largest_ns is None:
        return "-"
    return f"{words.short(found.smallest_ns)} to {words.short(found.largest_ns)}"
