"""terminationGracePeriodSeconds: how long a process that does not end is waited for before it is killed.

A process that ends by itself is not waited for any longer, so a shorter period saves nothing. One that lasts until it
is killed would be killed so much sooner, and a StatefulSet makes its successor only when it is gone (Kubernetes
documentation, "Pod Lifecycle", termination; "StatefulSets", at most one pod per identity).
"""

import math
from collections.abc import Iterator, Sequence

from .measured import Measured, S, between, span_s
from .records import Change, Nothing, Saving

SETTING = "termination grace period"

EARLY_S = 0.5
"""An end so much before the period's is its own."""
LATE_S = 10.0
"""What comes so much later was not held by the grace period: a volume, a finalizer, a node that is silent."""
GRANULARITY_S = 1.0
"""The deadline is kept to a second: timestamps of the API have whole ones."""


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    grace = runs[0].number("terminationGracePeriodSeconds")
    ended = [(run, lasted) for run in runs if (lasted := _lasted_s(run)) is not None]
    if grace is None or not ended:
        return
    if any(_own_grace(run) for run, _ in ended):
        yield Nothing(SETTING, "the fault asked for a grace period of its own: that of the pod was not tried")
        return
    killed = [(run, lasted) for run, lasted in ended if grace - EARLY_S <= lasted <= grace + LATE_S]
    if len(killed) < len(ended):
        yield Nothing(SETTING, _own_end([lasted for _, lasted in ended], grace))
        return
    yield _change(killed, grace, len(runs))


def _own_end(lasted: Sequence[float], grace: float) -> str:
    if max(lasted) < grace - EARLY_S:
        return (
            f"its process ended by itself, {between(min(lasted), max(lasted))} after it was asked, of {grace:g} s that "
            "it had: a shorter period saves nothing"
        )
    return (
        f"the pod was gone {between(min(lasted), max(lasted), 1)} after it was asked to end, of {grace:g} s that it "
        "had: not in every run was it the period that held it"
    )


def _change(killed: Sequence[tuple[Measured, float]], grace: float, of: int) -> Change | Nothing:
    stopped = [_stopped_s(run) for run, _ in killed]
    known = [at for at in stopped if at is not None]
    if len(known) < len(killed):
        return Nothing(SETTING, "when the server stopped to serve is not known: whether anybody waited, neither")
    then = max(1, math.ceil(max(known)) + 1)
    if then >= grace:
        return Nothing(SETTING, "it served nearly until it was killed: a shorter period makes the outage begin sooner")
    spans = [(grace - then - GRANULARITY_S, lasted - at) for (_, lasted), at in zip(killed, known, strict=True)]
    low, high = span_s(spans, of)
    run = killed[0][0]
    return Change(
        setting=SETTING,
        field="spec.template.spec.terminationGracePeriodSeconds",
        now=int(grace),
        then=then,
        saving=Saving("the recovery time of all lanes", low, high),
        runs=len(killed),
        reason=(
            f"asked to end, the server no longer served after {max(known):.2f} s, yet its process lasted until it was "
            f"killed after {grace:g} s, and its successor waited for that{_hook(run)}"
        ),
        cost=(
            "whatever the process still does after it stopped to serve is cut off sooner, as it is now after "
            f"{grace:g} s: recovery from the journal may take longer, and writes acknowledged without it can be lost. "
            "Better than a shorter period is a process that ends when it is asked: does it heed SIGTERM as process 1?"
        ),
        condition=f"environment.settings.{run.statefulset}.terminationGracePeriodSeconds",
        patch={"terminationGracePeriodSeconds": then},
    )


def _lasted_s(run: Measured) -> float | None:
    """From the request to end until the pod was gone."""
    terminating, gone = run.reached_ns("terminating"), run.reached_ns("gone")
    if terminating is None or gone is None or (run.fault and run.fault.name == "kill_pod"):
        return None
    return (gone - terminating) / S


def _stopped_s(run: Measured) -> float | None:
    """From the request to end until the server no longer served, at most."""
    down, terminating = run.server_down_ns, run.reached_ns("terminating")
    return None if down is None or terminating is None else max(0.0, (down.hi_ns - terminating) / S)


def _own_grace(run: Measured) -> bool:
    given = run.fault.arguments.get("grace_period_s") if run.fault else None
    return isinstance(given, int) and given >= 0


def _hook(run: Measured) -> str:
    hooks = [f"{name} ({kind})" for name in run.containers if (kind := run.setting(f"{name}.preStop"))]
    return f"; the preStop hook of {', '.join(hooks)} takes its time from the same period" if hooks else ""
