"""Tolerances that cannot be met, or that break the run off: without a journal, and without rollbacks."""

import importlib.util
from collections.abc import Iterator

from .annotations import plain
from .experiment import Activity, Experiment
from .findings import Finding
from .functions import function, module
from .node import Node
from .providers import values
from .variables import Variable, braced

OUTPUT = "status, stdout or body"
ALWAYS_A_MAPPING = ("process", "http")


def scalars(experiment: Experiment) -> Iterator[Finding]:
    """A scalar is compared with ==, and only a whole number, true, false or a string can be."""
    for probe in experiment.hypothesis:
        if "tolerance" not in probe.node:
            continue  # keys.py says so
        for value, when in values(probe.node.get("tolerance"), experiment.variables):
            if not isinstance(value.value, bool | int | str | list | dict):
                yield Finding(
                    value.line,
                    f"a tolerance that is {value.kind}{when} is never met",
                    "write {type: range, range: [LOW, HIGH]}" if value.is_number else "write what is expected",
                )


def lists(experiment: Experiment) -> Iterator[Finding]:
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        yield from _unreplaced(tolerance)
        if isinstance(tolerance.value, list):
            yield from _bounds(tolerance)
            if not tolerance.items:
                yield Finding(tolerance.line, "an empty list is never met", "write what is expected")


def ranges(experiment: Experiment) -> Iterator[Finding]:
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        if tolerance.text("type") == "range" and "range" in tolerance:
            bounds = tolerance.get("range")
            yield from _unreplaced(bounds)
            if len(bounds.items) == 2:
                yield from _bounds(bounds)
            else:
                yield Finding(bounds.line, "a range that is not a list of two numbers", "write [LOW, HIGH]")


def _unreplaced(found: Node) -> Iterator[Finding]:
    for item in found.items:
        for scalar in item.scalars():
            if isinstance(scalar.value, str) and (name := next(braced(scalar.value), "")):
                yield Finding(
                    scalar.line,
                    f"${{{name}}} within a list is not replaced: it breaks the run off, or is never met",
                    "write it out, or let a probe compare: a function that returns true or false",
                )


def _bounds(found: Node) -> Iterator[Finding]:
    """Two items are from and to."""
    if len(found.items) != 2:
        return
    low, high = found.items
    if not (low.is_number and high.is_number):
        if not any(isinstance(one.value, str) and any(braced(one.value)) for one in (low, high)):
            yield Finding(
                found.line,
                f"two items are a range, from {low.kind} to {high.kind}, and no choice",
                "write two numbers, or three items for a choice (one of them twice)",
            )
    elif low.value > high.value:
        yield Finding(found.line, f"nothing lies between {low.value} and {high.value}", "swap them")


def probes(experiment: Experiment) -> Iterator[Finding]:
    """A probe that judges another's output gets it as the argument `value`."""
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        if tolerance.text("type") != "probe":
            continue
        arguments = tolerance.get("provider", "arguments")
        if not isinstance(arguments.value, dict):
            yield Finding(
                tolerance.get("provider").line,
                "a probe as tolerance without a mapping of arguments breaks the run off",
                'add arguments: {value: ""} to its provider: the output is put there',
            )
        yield from _takes_value(Activity(tolerance, "tolerance"))


def _takes_value(judge: Activity) -> Iterator[Finding]:
    found = module(judge.module) if judge.module else ""
    called = None if isinstance(found, str) else function(found, judge.function)
    parameters = called.parameters if called else None
    if called is None or parameters is None or "value" in parameters:
        return
    if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        yield Finding(
            judge.provider.line_of("func"),
            f"{called.name} takes no argument value, and a tolerance that calls it is never met",
            "name a function that takes the probe's output as value",
        )


def jsonpath(experiment: Experiment) -> Iterator[Finding]:
    for probe in experiment.hypothesis:
        tolerance = probe.node.get("tolerance")
        if tolerance.text("type") == "jsonpath" and importlib.util.find_spec("jsonpath2") is None:
            yield Finding(
                tolerance.line,
                "a jsonpath tolerance needs the package jsonpath2, which is not installed",
                "pip install 'chaostoolkit-lib[jsonpath]'",
            )


def outputs(experiment: Experiment) -> Iterator[Finding]:
    """What the probe returns, as far as it is known, against what can be made of it."""
    for probe in experiment.hypothesis:
        kinds = _returned(experiment.meant_by(probe))
        tolerance = probe.node.get("tolerance")
        if kinds and "tolerance" in probe.node:
            yield from _met(kinds, tolerance, experiment.variables)


def _returned(probe: Activity) -> set[type]:
    """Plain types; none where it is not known."""
    if probe.kind in ALWAYS_A_MAPPING:
        return {dict}
    found = module(probe.module) if probe.module else ""
    called = None if isinstance(found, str) else function(found, probe.function)
    return set(plain(called.hints["return"]) or ()) if called and "return" in called.hints else set()


def _met(kinds: set[type], tolerance: Node, variables: dict[str, Variable]) -> Iterator[Finding]:
    told = " or ".join(sorted(Node(0, kind()).kind for kind in kinds))
    if isinstance(tolerance.value, bool | str):
        for value, when in values(tolerance, variables):
            never = {bool: (str, list, dict, type(None)), str: (bool, int, float, list, dict, type(None))}
            if kinds <= set(never.get(type(value.value), ())):
                yield Finding(
                    tolerance.line,
                    f"the probe returns {told}, which is never {value.kind}{when}",
                    f"write a tolerance of {told}, or a regex, range or jsonpath with the target {OUTPUT}",
                )
                break
        return
    kind = tolerance.text("type")
    if kind not in ("regex", "range", "jsonpath"):
        return
    if "target" in tolerance:
        if dict not in kinds:
            yield Finding(
                tolerance.line_of("target"), f"the probe returns {told}: a target breaks the run off", "take target out"
            )
    elif (kind == "regex" and str not in kinds) or (kind == "range" and kinds <= {dict, list, type(None)}):
        yield Finding(
            tolerance.line,
            f"the probe returns {told}: a {kind} over that breaks the run off",
            f"add a target, like {OUTPUT}" if dict in kinds else f"write a tolerance of {told}",
        )


RULES = (scalars, lists, ranges, probes, jsonpath, outputs)
