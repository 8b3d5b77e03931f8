"""What the figure shows, worked out before anything is drawn. Times in seconds after the fault."""

from collections.abc import Iterator
from dataclasses import dataclass

from chaosmongo.history.quantities import counted

from recoveryreport.trials.records import Durations, Kind, Lane
from recoveryreport.words import harmless

from . import words
from .axis import Axis, axis
from .records import Cell, Matrix

BENEATH = (
    "Beneath each panel: acknowledged writes that were lost, in how many runs, and how probable such a run is (95 %)."
)

LEVELS = (0, 1, -1, 2, -2)
"""Heights at which the runs of a lane are drawn, in turn, in the order of their times: neighbours are apart."""


@dataclass(frozen=True)
class Dot:
    """One run in one lane. censored: it had not recovered by then. no_outage: it was not away for as long as that."""

    time_s: float
    level: int
    kind: Kind


@dataclass(frozen=True)
class Strip:
    """One lane of one cell. interval_s: of the median; its end None where none is known."""

    lane: str
    dots: list[Dot]
    median_s: float | None
    interval_s: tuple[float, float | None] | None
    median: str
    objective_s: float | None


@dataclass(frozen=True)
class Panel:
    """One cell. heading: the setting and the label of its value. strips: by lane; those that it has. told: lines
    beneath; bad: whether the first tells of a loss.
    """

    heading: str
    label: str
    strips: dict[str, Strip]
    told: list[str]
    bad: bool
    empty: str
    """Why there is nothing to be seen, or ""."""


@dataclass(frozen=True)
class Scene:
    """All that the figure shows. rows: the name of each, and its panels side by side. notes: beneath all of them."""

    title: str
    course: str
    rows: list[tuple[str, list[Panel]]]
    lanes: list[str]
    axis: Axis
    notes: list[str]

    def shows(self, kind: Kind) -> bool:
        """Whether any run is drawn that way."""
        return any(dot.kind == kind for strip in self.strips for dot in strip.dots)

    @property
    def strips(self) -> Iterator[Strip]:
        return (strip for _, panels in self.rows for panel in panels for strip in panel.strips.values())


def scene(matrix: Matrix) -> Scene:
    across = matrix.settings[-1].name
    rows = [
        (harmless(words.row_name(matrix, row)), [_panel(across, cell) for cell in row]) for row in words.rows(matrix)
    ]
    strips = [strip for _, panels in rows for panel in panels for strip in panel.strips.values()]
    return Scene(
        title=harmless(matrix.title or matrix.name),
        course=words.course(matrix),
        rows=rows,
        lanes=[harmless(lane) for lane in words.lanes(matrix)],
        axis=axis([value for strip in strips for value in _shown(strip)]),
        notes=[BENEATH, *map(harmless, (*words.notes(matrix), *matrix.doubts))],
    )


def _panel(across: str, cell: Cell) -> Panel:
    label = harmless(cell.labels[-1])
    heading = f"{harmless(across)}: {label}"
    if cell.trials is None:
        return Panel(heading, label, {}, [], False, "not run yet")
    found, out = cell.trials.writes, [run for run in cell.runs if run.left_out]
    told = [words.lost(found), words.runs_with_loss(found)]
    told += [more] if (more := words.worse(found)) else []
    told += [f"{len(out)} of {counted(len(cell.runs), 'run')} not pooled"] if out else []
    strips = {strip.lane: strip for strip in map(_strip, cell.trials.lanes)}
    return Panel(
        heading, label, strips, told, bool(found.runs_with_loss), "" if strips else "no recovery time can be pooled"
    )


def _strip(lane: Lane) -> Strip:
    found = lane.recovery
    interval = found.interval
    return Strip(
        lane=harmless(found.name),
        dots=_dots(found),
        median_s=found.median.middle_ns / 1e9 if found.median else None,
        interval_s=(interval.low_ns / 1e9, interval.high_ns / 1e9 if interval.high_ns is not None else None)
        if interval
        else None,
        median=words.median(found),
        objective_s=lane.objective_s,
    )


def _dots(found: Durations) -> list[Dot]:
    times = sorted(
        ((value.hi_ns or 0) if value.kind == "no outage" else value.middle_ns, value.kind) for value in found.values
    )
    return [Dot(time / 1e9, LEVELS[place % len(LEVELS)], kind) for place, (time, kind) in enumerate(times)]


def _shown(strip: Strip) -> Iterator[float]:
    """The times that the axis must hold. What showed no outage may stand at its beginning."""
    yield from (dot.time_s for dot in strip.dots if dot.kind != "no outage")
    yield from (end for end in strip.interval_s or () if end is not None)
