"""The settings of a matrix file: what is varied, and which values it takes."""

import math
import re
from dataclasses import dataclass
from typing import Any

from .complaints import Complaints, shown
from .experiments import beside
from .records import Var

KEYS = ("label", "vars", "experiment")
EXAMPLE = "{grace_period_s: [30, 5], rto_s: [10, 30]}"
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")


@dataclass(frozen=True)
class Value:
    """One value of a setting. at: the key at which it stands in the file. bare: it stands for the configuration key
    that its setting is named after. experiment: "" where it names none.
    """

    at: str
    label: str
    vars: dict[str, Var]
    experiment: str = ""
    bare: bool = False

    def where(self, key: str) -> str:
        """The key at which one of its vars stands in the file."""
        return self.at if self.bare else f"{self.at}.vars.{key}"

    @property
    def meaning(self) -> str:
        return repr((sorted(self.vars.items()), self.experiment))


def settings(found: Any, complaints: Complaints) -> dict[str, list[Value]]:
    """By name, in the order of the file. A setting that has something wrong comes without it."""
    if not isinstance(found, dict) or not found:
        complaints.say("settings", f"say what is varied, and its values, like {EXAMPLE}")
        return {}
    return {str(name): _values(str(name), values, complaints) for name, values in found.items()}


def path(at: str, found: Any, complaints: Complaints) -> str:
    """The experiment that is named there; "" for none."""
    if not isinstance(found, str):
        complaints.say(at, f"{shown(found)} is no path: name the experiment's file, relative to the matrix file")
        return ""
    return beside(complaints.file, found) if found else ""


def _values(name: str, found: Any, complaints: Complaints) -> list[Value]:
    at = f"settings.{name}"
    if not isinstance(found, list) or not found:
        complaints.say(at, "there are no values: give a list of them, or take the setting out")
        return []
    read = [_value(name, one, f"{at}[{place}]", complaints) for place, one in enumerate(found)]
    values = [value for value in read if value is not None]
    labels: dict[str, str] = {}
    meanings: dict[str, str] = {}
    for value in values:
        if (first := labels.setdefault(value.label, value.at)) != value.at:
            complaints.say(f"{value.at}.label", f"{value.label!r} is also the label of {first}: give each its own")
        elif (first := meanings.setdefault(value.meaning, value.at)) != value.at:
            complaints.say(value.at, f"it stands for the same as {first}: take one of them out, or set another value")
    return values


def _value(name: str, found: Any, at: str, complaints: Complaints) -> Value | None:
    if not isinstance(found, dict):
        var = _var(at, found, complaints)
        return None if var is None else Value(at, _text(var), {name: var}, bare=True)
    complaints.check_keys(found, KEYS, f"{at}.")
    label, given = found.get("label"), found.get("vars", {})
    if label is None or isinstance(label, dict | list) or not _text(label).strip():
        complaints.say(f"{at}.label", 'say what the value is called, as a text in quotes, like "w: 1"')
        return None
    if not isinstance(given, dict):
        complaints.say(f"{at}.vars", f"{shown(given)} is no mapping: write {{key: value}}, or leave it out")
        return None
    read = {str(key): _var(f"{at}.vars.{key}", value, complaints) for key, value in given.items()}
    variables = {key: var for key, var in read.items() if var is not None}
    experiment = path(f"{at}.experiment", found.get("experiment", ""), complaints)
    return Value(at, _text(label).strip(), variables, experiment) if len(variables) == len(read) else None


def _var(at: str, value: Any, complaints: Complaints) -> Var | None:
    if not isinstance(value, str | bool | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        complaints.say(at, f"{shown(value)} cannot be set: write a text, a number, true or false")
        return None
    if isinstance(value, str) and _PASSWORD.search(value):
        complaints.say(at, "it holds a password, and a matrix is recorded: set it in the environment instead")
        return None
    return value


def _text(value: Any) -> str:
    """As YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
