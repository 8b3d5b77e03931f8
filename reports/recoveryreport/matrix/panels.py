"""What the figure shows, worked out before anything is drawn. Times in seconds after the fault."""

from collections.abc import Iterator
from dataclasses import dataclass

from chaosmongo.history.quantities import counted

from recoveryreport.axis import Axis, axis
from recoveryreport.strips import Strip, strip
from recoveryreport.trials.words import brief_median, lost, runs_with_loss, worse
from recoveryreport.words import harmless

from . import words
from .records import Cell, Matrix

BENEATH = (
    "Beneath each panel: acknowledged writes that were lost, in how many runs, and how probable such a run is (95 %)."
)


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

    @property
    def strips(self) -> Iterator[Strip]:
        return (one for _, panels in self.rows for panel in panels for one in panel.strips.values())


def scene(matrix: Matrix) -> Scene:
    across = matrix.settings[-1].name
    rows = [
        (harmless(words.row_name(matrix, row)), [_panel(across, cell) for cell in row]) for row in words.rows(matrix)
    ]
    strips = [one for _, panels in rows for panel in panels for one in panel.strips.values()]
    return Scene(
        title=harmless(matrix.title or matrix.name),
        course=words.course(matrix),
        rows=rows,
        lanes=[harmless(lane) for lane in words.lanes(matrix)],
        axis=axis([value for one in strips for value in one.shown_s]),
        notes=[BENEATH, *map(harmless, (*words.notes(matrix), *matrix.doubts))],
    )


def _panel(across: str, cell: Cell) -> Panel:
    label = harmless(cell.labels[-1])
    heading = f"{harmless(across)}: {label}"
    if cell.trials is None:
        return Panel(heading, label, {}, [], False, "not run yet")
    found, out = cell.trials.writes, [run for run in cell.runs if run.left_out]
    told = [lost(found), runs_with_loss(found)]
    told += [more] if (more := worse(found)) else []
    told += [f"{len(out)} of {counted(len(cell.runs), 'run')} not pooled"] if out else []
    made = [strip(lane.recovery, [brief_median(lane.recovery)], lane.objective_s) for lane in cell.trials.lanes]
    strips = {one.lane: one for one in made}
    return Panel(
        heading, label, strips, told, bool(found.runs_with_loss), "" if strips else "no recovery time can be pooled"
    )
