"""What is called around an experiment. Chaos Toolkit swallows whatever goes wrong there."""

from collections.abc import Iterator

from .experiment import OURS, Experiment
from .findings import Finding, meant, shown
from .functions import Function, function, hooks, module
from .node import Node

RECORD = "chaosmongo.controls.record"
GIVEN = ("context", "secrets", "configuration", "state", "experiment", "extensions", "settings", "event_registry")
"""What Chaos Toolkit hands to a hook that has a parameter of that name."""


def modules(experiment: Experiment) -> Iterator[Finding]:
    for control in experiment.controls:
        provider = control.get("provider")
        name = provider.text("module")
        if provider.text("type") != "python" or not name:
            continue
        found = module(name)
        if isinstance(found, str):
            yield Finding(
                provider.line_of("module"),
                f"the control {shown(name)} cannot be imported, and the experiment runs without it: {found}",
                meant(name, [RECORD], "correct its name, or install the package that has it"),
            )
            continue
        called = hooks(found)
        if not called:
            yield Finding(
                provider.line_of("module"),
                f"{shown(name)} has no hook of a control",
                meant(name, [RECORD], "take it out"),
            )
        configure = function(found, "configure_control")
        yield from _arguments(provider.get("arguments"), [*called, *([configure] if configure else [])])


def _arguments(arguments: Node, called: list[Function]) -> Iterator[Finding]:
    """A hook that cannot take the arguments is skipped."""
    for hook in called:
        taken = hook.parameters or {}
        if hook.parameters is None:
            continue
        open_end = any(one.kind is one.VAR_KEYWORD for one in taken.values())
        for name in arguments.entries:
            if name not in taken and not open_end:
                yield Finding(
                    arguments.line_of(name),
                    f"{hook.name} takes no argument {shown(name)}, and is skipped without a word",
                    meant(name, [one for one in taken if one not in GIVEN], "take it out"),
                )
        for name, one in taken.items():
            needed = one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
            if needed and name not in arguments and name not in GIVEN:
                yield Finding(
                    arguments.line,
                    f"{hook.name} needs an argument {name}, and is skipped without a word",
                    "add it to the provider's arguments",
                )


def recording(experiment: Experiment) -> Iterator[Finding]:
    """Our activities work within a recording, and without it nothing is judged."""
    ours = [activity for activity in experiment.activities if activity.is_ours]
    if not ours:
        return
    there = [one for one in experiment.root.get("controls").items if one.get("provider").text("module") == RECORD]
    if not there:
        yield Finding(
            experiment.root.line_of("controls") if "controls" in experiment.root else ours[0].line,
            f"the control {RECORD} is missing at the top level: nothing is recorded, and {OURS} refuses to work",
            f"add controls: [{{name: record, provider: {{type: python, module: {RECORD}}}}}]",
        )
    for control in there:
        for key, reason in (("scope", "half of its hooks"), ("automatic", "all of its hooks")):
            if key in control and control.get(key).value is not True:
                yield Finding(control.line_of(key), f"{key} leaves {reason} of {RECORD} out", "take it out")


RULES = (modules, recording)
