"""`${name}` and `ref`: what they name must be there, and stand where they are replaced.

A `${name}` that nothing declares is passed on as it is; a `ref` that finds nothing breaks the run off.
"""

from collections.abc import Iterator

from .experiment import Experiment
from .findings import Finding, meant, shown
from .node import Node
from .variables import braced, malformed

REPLACED = {
    "python": ("arguments",),
    "process": ("arguments",),
    "http": ("url", "headers", "timeout", "arguments"),
}
"""Keys of a provider in which variables are replaced."""

FIXED = ("module", "func", "path", "timeout", "method")
"""Keys in which somebody may expect it, and they are not."""


def replaced(experiment: Experiment) -> Iterator[Node]:
    """Everything in which variables are replaced."""
    yield experiment.root.get("title")
    for activity in experiment.activities:
        yield activity.node.get("pauses")
        for key in REPLACED.get(activity.kind, ()):
            yield activity.provider.get(key)
    for control in experiment.controls:
        yield control.get("provider", "arguments")
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        if isinstance(tolerance.value, str):
            yield tolerance
        for key in ("pattern", "path", "expect"):
            yield tolerance.get(key)


def texts(experiment: Experiment) -> Iterator[Node]:
    """Every string in which variables are replaced."""
    for node in replaced(experiment):
        for scalar in node.scalars():
            if isinstance(scalar.value, str):
                yield scalar


def undeclared(experiment: Experiment) -> Iterator[Finding]:
    for text in texts(experiment):
        for name in braced(text.value):
            if name not in experiment.variables:
                yield Finding(
                    text.line,
                    f"${{{shown(name)}}} is neither in configuration nor in secrets, and is passed on as it is",
                    meant(name, experiment.variables, f"declare {shown(name)} in configuration"),
                )
        for name in malformed(text.value):
            yield Finding(
                text.line,
                f"${{{shown(name)}}} is never replaced: names consist of letters, digits and _",
                "rename it, here and in configuration",
            )


def misplaced(experiment: Experiment) -> Iterator[Finding]:
    for activity in experiment.activities:
        for key in FIXED:
            if key not in REPLACED.get(activity.kind, ()):
                yield from _left(activity.provider.get(key), f"{key} of a {activity.kind} provider", "write it out")
    for name, entry in experiment.root.get("configuration").entries.items():
        if entry.text("type") != "probe":
            yield from _left(entry, f"configuration {shown(name)}", "write it out")
    for group in experiment.root.get("secrets").entries.values():
        yield from _left(group, "secrets", "take it from the environment: {type: env, key: ...}")


def _left(node: Node, where: str, remedy: str) -> Iterator[Finding]:
    for scalar in node.scalars():
        if isinstance(scalar.value, str) and (name := next(braced(scalar.value), "")):
            yield Finding(scalar.line, f"${{{shown(name)}}} in {where} is never replaced", remedy)


def refs(experiment: Experiment) -> Iterator[Finding]:
    for step in experiment.steps:
        name = step.node.text("ref")
        if step.is_ref and name not in experiment.referable:
            yield Finding(
                step.node.line_of("ref"),
                f"ref {shown(name)!r} finds no activity of the method or the hypothesis",
                meant(name, experiment.referable, "name one of them, or write the activity out"),
            )


RULES = (undeclared, misplaced, refs)
