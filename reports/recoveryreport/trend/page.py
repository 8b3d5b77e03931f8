"""The two pages of a trend, each one file that needs nothing else: index.html, all runs; trend.html, their course."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosmongo.history.results import Answer

from recoveryreport.page import Picture, digest, embedded, rendered
from recoveryreport.statistics.shifts import FEWEST, ORDERS
from recoveryreport.words import SYMBOLS

from . import words
from .reading import APART_NS, moment_of_name
from .records import Entry, Experiment, Gap, Trend

MOST_CHANGES = 12
"""Of one run that are told by name."""

MOST_GAPS = 20
"""Stretches without a run, of one experiment, that are told by their ends."""

MOST_OTHERS = 100
"""Of what is no run, how much is named."""


@dataclass(frozen=True)
class Row:
    """A run, or a gap, in the table of all runs. named: the run's directory, where its name does not tell the same
    moment. address: of its report, "" where there is none. times: by lane.
    """

    moment: str
    named: str
    address: str
    experiment: int
    name: str
    state: str
    answer: Answer
    symbol: str
    sentence: str
    doubts: list[str]
    times: list[str]
    lost: str


def index(trend: Trend, above: str) -> str:
    """above: how the directory of the runs is reached from that of the page, percent-encoded, with a "/" at its end."""
    lanes = words.lanes(trend.experiments)
    found = [
        one for number, experiment in enumerate(trend.experiments, 1) for one in _rows(experiment, number, lanes, above)
    ]
    rows = [row for _, row in sorted(found, key=lambda one: one[0], reverse=True)]
    script = Path(__file__).parents[1].joinpath("filter.js").read_text("utf-8")
    return rendered(
        "runs.html.j2",
        **_common(trend),
        lanes=lanes,
        rows=rows,
        states=[*words.STATES, "missing"],
        most_others=MOST_OTHERS,
        filter_script=script,
        filter_hash=digest(script),
    )


def course(trend: Trend, pictures: Sequence[Picture]) -> str:
    """pictures: one an experiment."""
    return rendered(
        "trend.html.j2",
        **_common(trend),
        figures=[embedded(picture) for picture in pictures],
        changed=[
            [run for run in experiment.runs if run.changes and run.wall_ns is not None]
            for experiment in trend.experiments
        ],
        most_changes=MOST_CHANGES,
        most_gaps=MOST_GAPS,
        fewest=FEWEST,
        orders=ORDERS,
    )


def alt(experiment: Experiment) -> str:
    """What the figure shows, for those who do not see it."""
    told = "; ".join(words.told_shifts(experiment)) or "no change point"
    return f"Recovery times by lane, writes lost and verdicts over time. {words.course(experiment)}. {told}."


def _common(trend: Trend) -> dict[str, object]:
    return {
        "trend": trend,
        "words": words,
        "answer": trend.answer,
        "symbols": SYMBOLS,
        "when": f"{words.moment(trend.wall_ns)} UTC",
    }


def _rows(
    experiment: Experiment, number: int, lanes: Sequence[str], above: str
) -> Iterator[tuple[tuple[bool, int, int], Row]]:
    """Each with its key for sorting; of what nothing tells when is taken for the newest."""
    for place, run in enumerate(experiment.runs):
        yield (run.wall_ns is None, run.wall_ns or 0, place), _run(experiment, number, run, lanes, above)
    for gap in experiment.gaps:
        yield (False, gap.due_ns, 0), _gap(experiment, number, gap, lanes)


def _run(experiment: Experiment, number: int, run: Entry, lanes: Sequence[str], above: str) -> Row:
    named_ns = moment_of_name(run.directory)
    told = run.wall_ns is not None and named_ns is not None and abs(run.wall_ns - named_ns) <= APART_NS
    return Row(
        moment=words.moment(run.wall_ns),
        named="" if told else run.directory,
        address=f"{above}{run.address}/report.html" if run.report else "",
        experiment=number,
        name=experiment.name,
        state=run.state,
        answer=run.answer,
        symbol=SYMBOLS[run.answer],
        sentence=run.sentence,
        doubts=run.doubts,
        times=[words.recovery(run, lane) for lane in lanes],
        lost=words.lost(run),
    )


def _gap(experiment: Experiment, number: int, gap: Gap, lanes: Sequence[str]) -> Row:
    return Row(
        moment=words.moment(gap.due_ns),
        named="",
        address="",
        experiment=number,
        name=experiment.name,
        state="missing",
        answer="unknown",
        symbol=SYMBOLS["unknown"],
        sentence=f"{words.gap(gap)}.",
        doubts=[],
        times=["-"] * len(lanes),
        lost="?",
    )
