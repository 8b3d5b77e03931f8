"""What was not as in the run before: versions, settings, objectives, the experiment itself.

Taken from run.json: the fingerprint of the environment, the target, the objectives and what the experiment did.
"""

from recoveryreport.trials.conditions import Conditions, differences
from recoveryreport.words import harmless, written

from .records import Change
from .words import cut

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
    return _short(written(found[name]) or '""') if name in found else None


def _short(text: str) -> str:
    return harmless(cut(text, LONGEST_VALUE))
