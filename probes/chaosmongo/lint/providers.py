"""What is called, and with what: modules, functions, arguments, groups of secrets."""

import inspect
from collections.abc import Iterator, Mapping

from .annotations import suits, words
from .experiment import Activity, Experiment
from .findings import Finding, meant, shown
from .functions import Function, function, module, names
from .node import Node
from .variables import Variable, alone, used

GIVEN = ("configuration",)
"""Parameters that Chaos Toolkit fills itself."""

REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
Parameters = Mapping[str, inspect.Parameter]


def python(experiment: Experiment) -> Iterator[Finding]:
    for activity in experiment.activities:
        if activity.module and not activity.is_ref:
            yield from _called(activity, experiment.variables)


def secrets(experiment: Experiment) -> Iterator[Finding]:
    """Groups that a Python function is given: one that is not there is left out without a word."""
    groups = experiment.root.get("secrets").entries
    for activity in experiment.activities:
        given = activity.provider.get("secrets")
        if given.value is not None and not isinstance(given.value, list):
            yield Finding(given.line, f"secrets of a provider is {given.kind}", "write a list of groups")
        for group in given.items:
            if not isinstance(group.value, str) or group.value not in groups:
                yield Finding(
                    group.line,
                    f"there is no group {shown(str(group.value))} in secrets, so that it is left out without a word",
                    meant(str(group.value), groups, "declare it in secrets"),
                )


def _called(activity: Activity, variables: dict[str, Variable]) -> Iterator[Finding]:
    provider = activity.provider
    found = module(activity.module)
    if isinstance(found, str):
        yield Finding(
            provider.line_of("module"),
            f"the module {shown(activity.module)} cannot be imported: {found}",
            "correct its name, or install the package that has it (the working directory is not searched)",
        )
        return
    if not activity.function:
        return
    called = function(found, activity.function)
    if called is None:
        yield Finding(
            provider.line_of("func"),
            f"{shown(activity.module)} has no function {shown(activity.function)}",
            meant(activity.function, names(found), f"it has {', '.join(names(found)[:30]) or 'none'}"),
        )
        return
    arguments = provider.get("arguments")
    if arguments.value is not None and not isinstance(arguments.value, dict):
        yield Finding(arguments.line, f"arguments is {arguments.kind}", "write a mapping")
    elif "arguments" in provider and arguments.value is None:
        yield Finding(provider.line_of("arguments"), "arguments is null", "take it out, or write a mapping")
    elif called.parameters is not None:
        yield from _names(activity, called, called.parameters)
        yield from _types(arguments, called, called.parameters, variables)


def _names(activity: Activity, called: Function, parameters: Parameters) -> Iterator[Finding]:
    arguments, open_end = activity.provider.get("arguments"), _takes_more(parameters)
    named = [name for name, one in parameters.items() if _by_name(one)]
    for name in arguments.entries:
        if name not in named and not open_end:
            free = [one for one in named if one not in arguments and one not in GIVEN]
            yield Finding(
                arguments.line_of(name),
                f"{called.name} takes no argument {shown(name)}",
                meant(name, free, f"take it out ({called.name} takes {', '.join(named) or 'none'})"),
            )
    given = {*arguments.entries, *GIVEN, *(("value",) if activity.where == "tolerance" else ())}
    if "secrets" in activity.provider:
        given.add("secrets")
    for name, one in parameters.items():
        if name not in given and one.default is inspect.Parameter.empty and one.kind not in REST:
            yield Finding(activity.provider.line, f"{called.name} needs an argument {name}", "add it to arguments")


def _by_name(one: inspect.Parameter) -> bool:
    return one.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _takes_more(parameters: Parameters) -> bool:
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


def _types(
    arguments: Node, called: Function, parameters: Parameters, variables: dict[str, Variable]
) -> Iterator[Finding]:
    for name, given in arguments.entries.items():
        if name not in parameters or name not in called.hints:
            continue
        hint, default = called.hints[name], parameters[name].default
        for value, when in values(given, variables):
            if not suits(value, hint) and not (value.value is None and default is None):
                yield Finding(
                    given.line,
                    f"{called.name} takes {words(hint)} for {name}, and {_origin(given)} is {value.kind}{when}",
                    _remedy(given, variables, words(hint)),
                )
                break


def _origin(given: Node) -> str:
    name = alone(given.value) if isinstance(given.value, str) else ""
    return f"${{{name}}}" if name else "this"


def _remedy(given: Node, variables: dict[str, Variable], wanted: str) -> str:
    name = alone(given.value) if isinstance(given.value, str) else ""
    if not name:
        return f"write {wanted}"
    return f"give {name} (line {variables[name].line}) the env_var_type and default of {wanted}"


def values(given: Node, variables: dict[str, Variable]) -> list[tuple[Node, str]]:
    """What it can come as, and when: nothing where that is not known."""
    if not isinstance(given.value, str):
        return [(given, "")]
    if name := alone(given.value):
        variable = variables.get(name)
        return [(Node(given.line, value.value), when) for value, when in (variable and variable.possible) or ()]
    return [(Node(given.line, "" if any(used(given.value)) else given.value), "")]


RULES = (python, secrets)
