"""The experiment, with its configuration as `chaos run` would see it. Nothing of it is run."""

import importlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration, ChaosMongoError

ACTIONS = "chaosmongo.actions"
PROBES = "chaosmongo.probes"
FAULTS = "chaosmongo.faults"


class BadExperiment(ChaosMongoError):
    """The experiment cannot be read."""


@dataclass(frozen=True)
class Step:
    """One activity, its arguments as they would be given. function: "" where it is none of Python's. provider: python,
    process or http.
    """

    name: str
    module: str
    function: str
    arguments: Mapping[str, Any]
    is_action: bool
    provider: str = "python"

    def __str__(self) -> str:
        return f"{self.name!r} ({f'{self.module}.{self.function}' if self.module else self.provider})"


@dataclass(frozen=True)
class Planned:
    """A fault with all its arguments, those that were left out among them. later: functions called after it."""

    step: str
    name: str
    arguments: Mapping[str, Any]
    earlier: Sequence["Planned"] = ()
    later: Sequence[str] = ()
    wrong: str = ""
    """Why it cannot be called like this."""

    def get(self, argument: str) -> Any:
        return self.arguments.get(argument)

    def text(self, argument: str) -> str:
        return str(self.arguments.get(argument) or "")

    @property
    def taken_back(self) -> bool:
        """Whether a later step takes back what faults have left."""
        return "take_back_faults" in self.later


@dataclass(frozen=True)
class Experiment:
    title: str
    config: Config
    method: Sequence[Step]
    rollbacks: Sequence[Step] = ()
    unknown: Sequence[str] = field(default=())
    """Keys of the configuration whose value is only found when the experiment runs."""
    hypothesis: Sequence[Step] = ()

    @property
    def faults(self) -> list[Planned]:
        found: list[Planned] = []
        after = [step.function for step in self.rollbacks if step.module == ACTIONS]
        for place, step in enumerate(self.method):
            if is_fault(step):
                later = [other.function for other in self.method[place + 1 :] if other.module == ACTIONS]
                found.append(_planned(step, tuple(found), (*later, *after)))
        return found

    @property
    def others(self) -> list[Step]:
        """Actions of the method that are none of ours: nothing is known of what they do."""
        return [step for step in self.method if step.is_action and step.module != ACTIONS]

    @property
    def strangers(self) -> list[Step]:
        """Activities that may ask a cluster for what we cannot know: those of others, but for plain HTTP."""
        steps = (*self.hypothesis, *self.method, *self.rollbacks)
        return [step for step in steps if step.provider != "http" and not _is_ours(step)]


def _is_ours(step: Step) -> bool:
    return step.module in (ACTIONS, PROBES) and hasattr(importlib.import_module(step.module), step.function)


def is_fault(step: Step) -> bool:
    from chaosmongo import actions

    function = getattr(actions, step.function, None) if step.module == ACTIONS else None
    return function is not None and function.__module__.startswith(FAULTS)


def _planned(step: Step, earlier: Sequence[Planned], later: Sequence[str]) -> Planned:
    function = getattr(importlib.import_module(ACTIONS), step.function)
    try:
        bound = inspect.signature(function).bind(**step.arguments)
    except TypeError as error:
        return Planned(step.name, step.function, step.arguments, earlier, later, str(error))
    bound.apply_defaults()
    return Planned(step.name, step.function, bound.arguments, earlier, later)


def load(source: str, var: Mapping[str, Any], var_files: Sequence[str]) -> Experiment:
    """var, var_files: as `chaos run` takes them. Raises BadExperiment, BadConfiguration."""
    from chaoslib import merge_vars
    from chaoslib.configuration import load_configuration
    from chaoslib.exceptions import ChaosException
    from chaoslib.loader import load_experiment

    try:
        document = load_experiment(source)
    except (ChaosException, OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadExperiment(f"{source} cannot be read as an experiment: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("method"), list):
        raise BadExperiment(f"{source} is no experiment: it has no method")
    try:
        config_vars, _ = merge_vars(dict(var), list(var_files))
        configuration = load_configuration(document.get("configuration") or {}, config_vars)
    except (ChaosException, TypeError, ValueError, AttributeError, KeyError) as error:
        raise BadConfiguration(f"The configuration of {source} cannot be read: {error}") from None
    return parse(document, configuration, Path(source).name)


def parse(document: Mapping[str, Any], configuration: Mapping[str, Any], name: str = "experiment") -> Experiment:
    """configuration: with its values. Raises BadExperiment, BadConfiguration."""
    unknown = [key for key, value in configuration.items() if isinstance(value, dict) and value.get("type") == "probe"]
    known = {key: value for key, value in configuration.items() if key not in unknown}
    return Experiment(
        str(document.get("title") or name),
        Config.read(known),
        _steps(document.get("method"), known),
        _steps(document.get("rollbacks"), known),
        unknown,
        _steps((document.get("steady-state-hypothesis") or {}).get("probes"), known),
    )


def _steps(activities: Any, configuration: Mapping[str, Any]) -> list[Step]:
    from chaoslib import substitute

    steps = []
    for activity in activities or []:
        if not isinstance(activity, dict) or "ref" in activity:
            continue
        provider = activity.get("provider")
        if not isinstance(provider, dict):
            raise BadExperiment(f"The activity {activity.get('name')!r} has no provider")
        arguments = provider.get("arguments") or {}
        python = provider.get("type") == "python" and isinstance(arguments, dict)
        steps.append(
            Step(
                str(activity.get("name")),
                str(provider.get("module") or "") if python else "",
                str(provider.get("func") or "") if python else "",
                substitute(arguments, dict(configuration), {}) or {} if python else {},
                activity.get("type") == "action",
                str(provider.get("type")),
            )
        )
    return steps
