"""Entries of the configuration: that they can be loaded, and that somebody reads them."""

import re
from collections.abc import Iterator
from dataclasses import fields

from chaoslib import convert_to_type

from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration

from .experiment import Experiment
from .findings import Finding, meant, shown
from .functions import Function, function, hooks, module
from .node import Node
from .references import texts
from .variables import TYPES, used

OURS = tuple(field.name for field in fields(Config))
CONVERTED = (*TYPES, "json")
"""What env_var_type can be."""
VAULT = re.compile("vault_")
"""What Chaos Toolkit itself reads where secrets come from a vault."""


def without_default(experiment: Experiment) -> Iterator[Finding]:
    for name, entry in _env(experiment):
        if "default" not in entry:
            yield Finding(
                entry.line,
                f"configuration {shown(name)} has no default: where {shown(entry.text('key')) or 'it'} is not set, the "
                "experiment is refused, even with --var",
                "add default",
            )


def unloadable(experiment: Experiment) -> Iterator[Finding]:
    for name, entry in _env(experiment):
        wanted, default = entry.get("env_var_type").value, entry.get("default")
        if wanted is None or "default" not in entry:
            continue
        if wanted not in CONVERTED:
            yield Finding(
                entry.line_of("env_var_type"),
                f"configuration {shown(name)}: env_var_type {shown(str(wanted))} is not known",
                meant(str(wanted), CONVERTED, "write one of str, int, float, bool, bytes, json"),
            )
            continue
        try:
            convert_to_type(wanted, default.value)
        except Exception:  # Chaos Toolkit would end with it as a traceback
            yield Finding(
                default.line,
                f"configuration {shown(name)}: the default, {default.kind}, cannot be read as {wanted}",
                f"write a default that is {wanted}",
            )


def unusable(experiment: Experiment) -> Iterator[Finding]:
    """Our own keys, with what they hold where the environment says nothing."""
    for name, entry in experiment.root.get("configuration").entries.items():
        value = entry.get("default") if entry.text("type") == "env" else entry
        if name not in OURS or entry.text("type") == "probe" or ("type" in entry and "default" not in entry):
            continue
        if isinstance(value.value, dict | list):
            yield Finding(value.line, f"configuration {name} is {value.kind}", "write a single value")
            continue
        try:
            Config.read({"mongo_uri": "any", name: value.value})
        except BadConfiguration as error:
            yield Finding(value.line, shown(str(error), 200), "write another value")


def unread(experiment: Experiment) -> Iterator[Finding]:
    """Nothing is said where an activity of somebody else's reads the configuration itself: nobody knows which keys."""
    configuration = experiment.root.get("configuration")
    if any("configuration" in (one.parameters or {}) for one in _foreign(experiment)):
        return
    names = {name for text in texts(experiment) for name in used(text.value)}
    for name in configuration.entries:
        if name not in names and name not in OURS and not VAULT.match(name):
            yield Finding(
                configuration.line_of(name),
                f"nothing reads {shown(name)} in the configuration",
                meant(name, OURS, "use it as ${" + shown(name) + "}, or take it out"),
            )


def _env(experiment: Experiment) -> Iterator[tuple[str, Node]]:
    for name, entry in experiment.root.get("configuration").entries.items():
        if entry.text("type") == "env":
            yield name, entry


def _foreign(experiment: Experiment) -> Iterator[Function]:
    for activity in experiment.activities:
        found = module(activity.module) if activity.module and not activity.is_ours else ""
        if not isinstance(found, str) and (one := function(found, activity.function)):
            yield one
    for control in experiment.controls:
        name = control.get("provider").text("module")
        found = module(name) if name and not name.startswith("chaosmongo.") else ""
        if not isinstance(found, str):
            yield from hooks(found)


RULES = (without_default, unloadable, unusable, unread)
