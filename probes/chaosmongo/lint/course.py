"""What is begun and not ended."""

from collections.abc import Iterator

from .experiment import Experiment
from .findings import Finding

START, STOP = "start_workload", "stop_workload"
PROVIDER = f"{{type: python, module: chaosmongo.actions, func: {STOP}}}"


def load_is_stopped(experiment: Experiment) -> Iterator[Finding]:
    """In the method, so that nothing is written while it is read back; in the rollbacks, should it break off."""
    method = list(experiment.played(experiment.method))
    starts = [place for place, step in enumerate(method) if step.calls(START)]
    if not starts:
        return
    line = experiment.method[starts[-1]].line
    if not any(step.calls(STOP) for step in method[starts[-1] + 1 :]):
        yield Finding(line, f"{START} without {STOP} after it in the method", f"add an action with provider {PROVIDER}")
    if not any(step.calls(STOP) for step in experiment.played(experiment.rollbacks)):
        yield Finding(
            line,
            f"{START} without {STOP} in the rollbacks: a method that breaks off leaves the load on",
            f"add an action with provider {PROVIDER} to rollbacks",
        )


RULES = (load_is_stopped,)
