"""From the records of runs to advice."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chaosmongo.history import History
from chaosmongo.history.results import Verdict

from recoveryreport import words
from recoveryreport.trials.conditions import check_alike
from recoveryreport.trials.recorded import Recorded

from . import concern, grace, liveness, readiness, startup, tolerations
from .measured import Measured
from .records import Advised, Change, Nothing
from .trying import advice

RULES: tuple[Callable[[Sequence[Measured]], Iterator[Change | Nothing]], ...] = (
    readiness.look,
    grace.look,
    tolerations.look,
    startup.look,
    liveness.look,
    concern.look,
)


def advise(runs: Sequence[tuple[History, Verdict]], experiment: str = "", directory: str = "") -> Advised:
    """What the records of these runs support, the largest saving first.

    A run that cannot vouch for its times takes no part: they may be anything. experiment: its file, for the commands;
    directory: where these put the results of trials. Raises UnlikeRuns where two runs that take part were not measured
    alike.
    """
    recorded = [(Measured(*run), Recorded.of(Path(), *run)) for run in runs]
    counted = [measured for measured, one in recorded if one.times_count]
    alike = [(one.run, one.conditions) for _, one in recorded if one.times_count]
    for other in alike[1:]:
        check_alike(alike[0], other)
    found = [one for rule in RULES for one in rule(counted)] if counted else []
    changes = [one for one in found if isinstance(one, Change)]
    name = runs[0][1].run.partition("/")[0] if runs else ""
    return Advised(
        runs=[run.verdict.run for run in counted],
        left_out=[f"{one.run}: {words.sentence(one.verdict)}" for _, one in recorded if not one.times_count],
        advice=[
            advice(
                change,
                counted[0].history.run.target,
                experiment or f"experiments/{name}.yaml",
                directory or f"runs/{name}",
            )
            for change in sorted(changes, key=lambda one: (one.saving.unit == "s", -one.saving.high))
        ],
        nothing=[one for one in found if isinstance(one, Nothing)],
    )
