"""What is waited for without bound.

Chaos Toolkit waits for background activities at the end of the method for as long as they take, and looks at no
`timeout` but that of a process or HTTP provider.
"""

from collections.abc import Iterator

from .experiment import Activity, Experiment
from .findings import Finding
from .functions import function, module
from .node import Node

ENDS = ("timeout_s", "for_s")
"""Arguments of ours that bound how long a function takes."""


def in_background(experiment: Experiment) -> Iterator[Finding]:
    for step in (*experiment.method, *experiment.rollbacks):
        if not step.in_background:
            continue
        activity = experiment.meant_by(step)
        if activity.kind in ("process", "http") and activity.provider.get("timeout").value is None:
            yield Finding(
                step.line,
                f"in the background, a {activity.kind} provider without a timeout is waited for without bound",
                "add timeout (seconds) to its provider",
            )
        elif activity.is_ours and not _ends(activity):
            yield Finding(
                step.line,
                f"{activity.function} in the background has no end of its own, and is waited for without bound",
                "take background out",
            )


def _ends(activity: Activity) -> bool:
    found = module(activity.module)
    called = None if isinstance(found, str) else function(found, activity.function)
    return called is None or called.parameters is None or any(name in ENDS for name in called.parameters)


def not_enforced(experiment: Experiment) -> Iterator[Finding]:
    for activity in experiment.activities:
        if "timeout" in activity.node:
            yield _ignored(activity, activity.node)
        if activity.kind == "python" and "timeout" in activity.provider:
            yield _ignored(activity, activity.provider)


def _ignored(activity: Activity, at: Node) -> Finding:
    remedy = "put it into its provider" if activity.kind in ("process", "http") else "take it out"
    if activity.is_ours:
        remedy = "give the function timeout_s in arguments" if _has_timeout(activity) else "take it out"
    return Finding(at.line_of("timeout"), "nothing enforces this timeout", remedy)


def _has_timeout(activity: Activity) -> bool:
    found = module(activity.module)
    called = None if isinstance(found, str) else function(found, activity.function)
    return called is not None and "timeout_s" in (called.parameters or {})


RULES = (in_background, not_enforced)
