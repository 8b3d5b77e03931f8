"""Runs with a loss, in both sets. A run is the unit: writes that are lost are lost together.

Fisher's exact test (1922) asks how probable it is that chance alone puts so many of the runs with a loss into one set.
"""

from recoveryreport.trials.records import Trials, Writes

from .records import Losses, Lost


def losses(base: Trials, new: Trials) -> Losses:
    """Not yet corrected, and without an answer."""
    return Losses(base.writes, new.writes, _lost(base), _lost(new), _p(base.writes, new.writes))


def smallest_p(found: Losses) -> float:
    """The p that there would be if every run of one set had a loss and none of the other."""
    return _fisher(0, found.base.runs, found.new.runs, found.new.runs)


def more(found: Losses) -> bool:
    """Whether NEW has the larger share of runs with a loss."""
    return found.new.runs_with_loss * found.base.runs > found.base.runs_with_loss * found.new.runs


def newly_lost(found: Losses) -> bool:
    """Whether NEW has a run with a loss, and BASE has none."""
    return bool(found.new.runs_with_loss and not found.base.runs_with_loss)


def _lost(trials: Trials) -> list[Lost]:
    counting = [(trial, trial.lost or 0) for trial in trials.runs if trial.left_out != "all"]
    return [Lost(trial.run, lost, spoilt) for trial, lost in counting if (spoilt := trial.spoilt or lost)]


def _p(base: Writes, new: Writes) -> float | None:
    if not (base.runs and new.runs):
        return None
    return _fisher(base.runs_with_loss, base.runs, new.runs_with_loss, new.runs)


def _fisher(base_events: int, base_runs: int, new_events: int, new_runs: int) -> float:
    from scipy.stats import fisher_exact

    table = [[base_events, base_runs - base_events], [new_events, new_runs - new_events]]
    return float(fisher_exact(table).pvalue)
