"""What the cells say, in a few plain words: the same in the terminal, the page and the figure."""

import math
from collections.abc import Iterator

from chaosmongo.history.quantities import count, counted
from chaosmongo.history.results import Answer, worst

from recoveryreport.trials.records import Durations, Trial, Writes
from recoveryreport.words import lane_order

from .records import Cell, Matrix

NAMED = 3
"""How many runs that are not pooled are named, of each cell in the figure, and of all in the terminal."""

ANSWERS: tuple[Answer, ...] = ("passed", "failed", "unknown")


def answer(matrix: Matrix) -> Answer:
    return worst([trial.verdict for cell in matrix.cells for trial in cell.runs])


def answers(trials: list[Trial]) -> str:
    """How many runs came to which verdict, like "4 passed, 1 failed"."""
    numbers = {name: sum(trial.verdict == name for trial in trials) for name in ANSWERS}
    return ", ".join(f"{count(number)} {name}" for name, number in numbers.items() if number) or "no run"


def course(matrix: Matrix) -> str:
    """How it was run."""
    trials = [trial for cell in matrix.cells for trial in cell.runs]
    made = f"{answers(trials)} of {counted(matrix.asked, 'run')}"
    return f"{made}; {counted(matrix.runs, 'run')} a cell, interleaved at random (seed {matrix.seed})"


def lanes(matrix: Matrix) -> list[str]:
    """Those that any cell has, from the server outwards."""
    found = {lane.recovery.name for cell in matrix.cells if cell.trials for lane in cell.trials.lanes}
    return sorted(found, key=lane_order)


def rows(matrix: Matrix) -> list[list[Cell]]:
    """The cells, the last setting's values side by side."""
    across = len(matrix.settings[-1].labels)
    return [matrix.cells[first : first + across] for first in range(0, len(matrix.cells), across)]


def row_name(matrix: Matrix, row: list[Cell]) -> str:
    """What a row has in common; "" where there is one setting only."""
    names = [setting.name for setting in matrix.settings[:-1]]
    return "   ".join(f"{name}: {label}" for name, label in zip(names, row[0].labels, strict=False))


def lost(writes: Writes) -> str:
    """How many acknowledged writes were lost, of how many."""
    if not writes.runs:
        return "lost: unknown"
    return f"lost: {count(writes.lost)} of {counted(writes.acknowledged, 'write')}"


def runs_with_loss(writes: Writes) -> str:
    """Of how many runs, and what so many leave open (95 %). Writes that are lost are lost together: the run counts."""
    if writes.at_most is not None:
        return f"in 0 of {counted(writes.runs, 'run')}, less than {_percent(writes.at_most, up=True)}"
    if writes.between is not None:
        low, high = writes.between
        share = f"{_percent(low, up=False).removesuffix(' %')} to {_percent(high, up=True)}"
        what = "in" if writes.lost else "something spoilt in"
        return f"{what} {count(writes.runs_with_loss)} of {counted(writes.runs, 'run')}, {share}"
    return "no run vouches for its writes"


def brief(writes: Writes) -> str:
    """All of it, where there is little room."""
    if not writes.runs:
        return "?"
    told = f"{count(writes.lost)}, less than {_percent(writes.at_most, up=True)}" if writes.at_most is not None else ""
    told = told or f"{count(writes.lost)} in {counted(writes.runs_with_loss, 'run')}"
    return ", ".join(filter(None, (told, worse(writes))))


def worse(writes: Writes) -> str:
    """What else is not as it was acknowledged, or "" for nothing."""
    found = {
        "altered": writes.altered,
        "duplicated": writes.duplicated,
        "failed but there": writes.applied,
        "phantoms": writes.phantoms,
        "stale reads": writes.stale_reads,
        "seeds spoilt": writes.seeded_spoilt,
    }
    return ", ".join(f"{name}: {count(number)}" for name, number in found.items() if number)


def notes(matrix: Matrix) -> Iterator[str]:
    """The runs of which not everything is pooled, by name, and those that are pooled though they are unknown."""
    for cell in matrix.cells:
        for what, why in (("all", "unknown, and not pooled"), ("times", "its times cannot be vouched for")):
            runs = [trial.run for trial in cell.runs if trial.left_out == what]
            if runs:
                more = f" and {len(runs) - NAMED:,} more" if len(runs) > NAMED else ""
                yield f"{cell.name}: {why}: {', '.join(runs[:NAMED])}{more}"
    yield from pooled_though_unknown(matrix)


def pooled_though_unknown(matrix: Matrix) -> Iterator[str]:
    """How many runs, what is not known of them, and where they are."""
    found = [
        (trial.why, cell.name)
        for cell in matrix.cells
        for trial in cell.runs
        if trial.verdict == "unknown" and not trial.left_out
    ]
    for why in dict.fromkeys(why for why, _ in found):
        cells = [cell for one, cell in found if one == why]
        yield f"{counted(len(cells), 'run')} unknown only for {why}, and pooled: {'; '.join(dict.fromkeys(cells))}"


def why_left_out(matrix: Matrix) -> Iterator[str]:
    """Why not everything is pooled, run by run; the first of them."""
    found = [(cell.name, trial) for cell in matrix.cells for trial in cell.runs if trial.left_out]
    for name, trial in found[:NAMED]:
        what = "its times are not pooled" if trial.left_out == "times" else "not pooled"
        yield f"{name}: {trial.run} is {trial.verdict}, {what}: {trial.why}"
    if len(found) > NAMED:
        yield f"and {counted(len(found) - NAMED, 'run')} more of which not everything is pooled: the page says why"


def short(found_ns: float) -> str:
    """A duration with three digits, where there is little room."""
    value = found_ns / 1e9
    decimals = 3 if value < 0.9995 else 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{decimals}f} s"


def median(found: Durations) -> str:
    """Or for how long most were watched in vain; or what it is shorter than, where most showed no outage."""
    if found.median is not None:
        return short(found.median.middle_ns) if found.median.lo_ns else f"< {short(found.median.hi_ns)}"
    watched = min((value.lo_ns for value in found.values if value.hi_ns is None), default=None)
    return "?" if watched is None else f"> {int(watched / 1e9):,} s"


def _percent(share: float, *, up: bool) -> str:
    """To a tenth, away from what it bounds; a float's own error moves nothing."""
    tenths = math.ceil(share * 1000 - 1e-9) if up else math.floor(share * 1000 + 1e-9)
    return f"{tenths / 10:.1f} %"
