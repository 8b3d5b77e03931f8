"""Pauses that break the run off: Chaos Toolkit hands them to time.sleep as they are."""

from collections.abc import Iterator

from .experiment import Experiment
from .findings import Finding
from .providers import values


def seconds(experiment: Experiment) -> Iterator[Finding]:
    for step in experiment.steps:
        for key in ("before", "after"):
            given = step.node.get("pauses", key)
            for value, when in values(given, experiment.variables):
                if value.value is None:  # no pause
                    continue
                if not value.is_number or value.value < 0:
                    yield Finding(
                        given.line,
                        f"a pause that is {'below 0' if value.is_number else value.kind}{when} breaks the run off",
                        "write seconds, or give the variable env_var_type: float and a number as default",
                    )
                    break


RULES = (seconds,)
