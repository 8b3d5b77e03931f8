"""What was not as in the run before: versions, settings, objectives, the experiment itself.

Taken from run.json: the fingerprint of the environment, the target, the objectives and what the experiment did.
"""

from recoveryreport.trials.conditions import Conditions, differences
from recoveryreport.trials.records import Condition
from recoveryreport.words import harmless

from .records import Change

LONGEST_VALUE = 120
"""Characters of a value that are shown."""

_NAMES = {"environment.kubernetes": "Kubernetes", "environment.mongodb": "database server"}
_PREFIXES = ("environment.settings.", "environment.tool.")


def changes(before: Conditions, after: Conditions) -> list[Change]:
    return [Change(_name(name), _value(before, name), _value(after, name)) for name in differences(before, after)]


def _name(condition: str) -> str:
    """As a reader would call it: `environment.settings.mongo.replicas` is `mongo.replicas`."""
    prefix = next((prefix for prefix in _PREFIXES if condition.startswith(prefix)), "")
    return _short(_NAMES.get(condition, condition.removeprefix(prefix)))


def _value(found: Conditions, name: str) -> str | None:
    return _short(_written(found[name])) if name in found else None


def _written(value: Condition) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) or '""'


def _short(text: str) -> str:
    return harmless(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…")
