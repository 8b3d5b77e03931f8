"""What stands in matrix.json: the settings, the cells, the order of the runs, and what the runs of each cell say
together (the same as in trials.json).
"""

import msgspec

from recoveryreport.trials.records import Trial, Trials

FORMAT = 1
"""Version of matrix.json."""

Var = str | bool | int | float


class Setting(msgspec.Struct, frozen=True):
    """What is varied, and what its values are called."""

    name: str
    labels: list[str]


class Cell(msgspec.Struct, frozen=True):
    """One value of each setting: its labels, in the order of the settings, and what they stand for. trials: None before
    its first run.
    """

    labels: list[str]
    experiment: str
    vars: dict[str, Var]
    trials: Trials | None = None

    @property
    def name(self) -> str:
        return " · ".join(self.labels)

    @property
    def runs(self) -> list[Trial]:
        return self.trials.runs if self.trials else []


class Matrix(msgspec.Struct, frozen=True):
    """matrix.json. runs: how many each cell is to have. order: places in `cells`, in the order in which their runs are
    made, which follows from `seed`. doubts: what makes cells hard to compare. wall_ns: nanoseconds since the Unix epoch
    at which they were pooled.
    """

    name: str
    title: str
    runs: int
    seed: int
    settings: list[Setting]
    cells: list[Cell]
    order: list[int]
    doubts: list[str] = []
    wall_ns: int = 0
    format: int = FORMAT

    @property
    def made(self) -> int:
        return sum(len(cell.runs) for cell in self.cells)

    @property
    def asked(self) -> int:
        return len(self.order)
