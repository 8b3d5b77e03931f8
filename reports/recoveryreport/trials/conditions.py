"""What must be alike in runs that are pooled: the place, the target, the load, the objectives, and what was done.

A run that differs in any of it answers another question, and its numbers do not belong to the others'.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from chaosmongo.history import History
from chaosmongo.history.quantities import listed

from recoveryreport.errors import UnlikeRuns

from .records import Condition

Conditions = dict[str, Condition]

ONLY_WORDS = frozenset(("title", "description", "tags", "contributions"))
"""Parts of an experiment that change nothing about what is done."""

NOT_READ = "environment.settings.not readable."
"""How the names of those begin that could not be read, and stand for the reason."""

SHOWN = 3


def conditions(history: History) -> Conditions:
    """By dotted name. Nodes count by what they are: what they are called does not matter."""
    run, plan = history.run, history.plan
    environment = msgspec.to_builtins(run.environment)
    nodes = Counter(environment.pop("nodes").values())
    return dict(
        [
            *_flat("environment", environment),
            *((f"nodes {kind}", number) for kind, number in sorted(nodes.items())),
            *_flat("target", msgspec.to_builtins(run.target)),
            *_flat("objectives", msgspec.to_builtins(run.objectives)),
            ("horizon_s", run.horizon_s),
            *(_flat("plan", _less(msgspec.to_builtins(plan), "time_ns", "type", "shard")) if plan else []),
            *((f"seeded with {seeded.seed}", seeded.count) for seeded in history.seeded),
            *_flat("experiment", _less(run.experiment, *ONLY_WORDS)),
            *_first_fault(history),
        ]
    )


def _first_fault(history: History) -> Iterator[tuple[str, Condition]]:
    """What it was given, where the experiment's text has only a name for it; the node is where the pod happened to be.

    Later faults may be missing in a run that was broken off.
    """
    start = min((fault.start for fault in history.faults), key=lambda start: start.time_ns, default=None)
    if start is not None:
        yield "fault", start.name
        yield from _flat("fault", _less(start.arguments, "node"))


def differences(one: Conditions, other: Conditions) -> list[str]:
    """The names of the conditions that differ, or that only one of them has."""
    names = [*one, *(name for name in other if name not in one)]
    return [name for name in names if name not in one or name not in other or one[name] != other[name]]


def differing(one: Conditions, other: Conditions) -> list[str]:
    """The same with both values, like "horizon_s is 60.0, here 5.0"."""
    return [f"{name} is {_value(one, name)}, here {_value(other, name)}" for name in differences(one, other)]


def check_alike(one: tuple[str, Conditions], other: tuple[str, Conditions]) -> None:
    """Raises UnlikeRuns with what differs, both values and both runs."""
    (name, ours), (other_name, theirs) = one, other
    found = differences(ours, theirs)
    if found:
        told = [
            f"{field} is {_value(ours, field)} in {name} and {_value(theirs, field)} in {other_name}" for field in found
        ]
        raise UnlikeRuns(
            f"Runs that were not measured alike are not pooled: {listed(told, most=SHOWN)}. "
            "Pool those that are alike: chaos recovery trials --pool RUN RUN ..."
        )


def _flat(name: str, value: Any) -> Iterator[tuple[str, Condition]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _flat(f"{name}[{place}]", part)
    else:
        yield name, value


def _less(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def _value(found: Conditions, field: str) -> str:
    return repr(found[field]) if field in found else "absent"
