"""What came of the check of one experiment."""

from dataclasses import dataclass, field
from pathlib import Path

from chaosmongo.history.results import Answer

from recoveryreport.exits import EXIT_CODES


@dataclass(frozen=True)
class Outcome:
    """sentence: as the run's summary has it, or why there was none. directory: of the run, None where none was
    recorded. undone: what earlier runs had left behind and was taken back before, one line each. refused: whether no
    run was begun.
    """

    experiment: str
    answer: Answer
    sentence: str
    directory: Path | None = None
    undone: list[str] = field(default_factory=list)
    refused: bool = False

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.answer]
