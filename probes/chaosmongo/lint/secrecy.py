"""What must not stand in the file: it is copied into the journal, the log and the run's record."""

import re
from collections.abc import Iterator

from .experiment import Experiment
from .findings import Finding, shown
from .node import Node

CREDENTIALS = re.compile(r"://[^\s/@:]{0,200}:(?P<password>[^\s/@]{1,200})@")
VARIABLE = re.compile(r"\$\{\w+\}")
REMEDY = "take it from the environment: {type: env, key: ...}"


def inline(experiment: Experiment) -> Iterator[Finding]:
    groups = experiment.root.get("secrets")
    for name, group in groups.entries.items():
        if group.text("type") not in ("env", "vault"):
            yield from _inline(group, name)


def _inline(group: Node, place: str) -> Iterator[Finding]:
    for name, entry in group.entries.items():
        if entry.text("type") in ("env", "vault"):
            continue
        if isinstance(entry.value, dict):
            yield from _inline(entry, f"{place}.{name}")
        elif entry.value is not None:
            yield Finding(group.line_of(name), f"the secret {shown(f'{place}.{name}')} stands in the file", REMEDY)


def passwords(experiment: Experiment) -> Iterator[Finding]:
    for scalar in experiment.root.scalars():
        match = CREDENTIALS.search(scalar.value) if isinstance(scalar.value, str) else None
        if match and not VARIABLE.fullmatch(match["password"]):
            yield Finding(scalar.line, "an address with a password stands in the file", REMEDY)


def dynamic(experiment: Experiment) -> Iterator[Finding]:
    """Chaos Toolkit puts all secrets, resolved, into the provider of such an entry, and that into the journal."""
    configuration = experiment.root.get("configuration")
    if not experiment.root.get("secrets").entries:
        return
    for name, entry in configuration.entries.items():
        if entry.text("type") == "probe":
            yield Finding(
                configuration.line_of(name),
                f"the probe in configuration {shown(name)} writes all secrets into the journal",
                "let the environment say what it is: {type: env, key: ...}",
            )


RULES = (inline, passwords, dynamic)
