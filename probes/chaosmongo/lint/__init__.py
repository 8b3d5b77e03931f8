"""What `chaos validate` lets through: rules over an experiment's text. Nothing of the experiment is run.

reading      from the text to values that know their lines, within bounds also for a hostile text
node         one such value
findings     what a finding is, and how names of the text are shown in it
experiment   where activities, controls and variables stand in an experiment
variables    what a `${name}` can become
functions    the Python functions that an experiment names; annotations: which values they take

Each rule is a function from an experiment to findings, those of one concern in one file:
keys         keys that nothing reads, that are missing, that stand there twice
runtime      whether rollbacks are played
references   `${name}` and `ref`
settings     entries of the configuration
secrecy      what must not stand in the file
providers    what is called, and with what: modules, functions, arguments, processes
controls     what is called around it, and whether the recording is on
tolerances   those that cannot be met, or that break the run off
course       what is begun and not ended
endings      what is waited for without bound
pauses       those that break the run off
"""

from itertools import islice
from pathlib import Path

from . import (
    controls,
    course,
    endings,
    keys,
    pauses,
    providers,
    references,
    runtime,
    secrecy,
    settings,
    tolerances,
)
from .experiment import Experiment
from .findings import Finding, shown
from .reading import Unreadable, load, read

RULES = (
    *keys.RULES,
    *runtime.RULES,
    *references.RULES,
    *settings.RULES,
    *secrecy.RULES,
    *providers.RULES,
    *controls.RULES,
    *tolerances.RULES,
    *course.RULES,
    *endings.RULES,
    *pauses.RULES,
)

MOST = 200
"""Findings of one rule: who has so many wants no more."""

__all__ = ["MOST", "RULES", "Finding", "Unreadable", "lint", "lint_file", "shown"]


def lint(text: str, is_json: bool = False) -> list[Finding]:
    """What is wrong, by line, at most MOST of each rule. The Python modules that the text names are imported, as
    `chaos validate` does. Raises Unreadable.
    """
    experiment = Experiment(read(text, is_json))
    return sorted({finding for rule in RULES for finding in islice(rule(experiment), MOST)})


def lint_file(file: Path) -> list[Finding]:
    """Raises Unreadable."""
    return lint(*load(file))
