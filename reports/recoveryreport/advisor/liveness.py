"""livenessProbe: a program that is there and does not answer is ended and started again only where one looks.

The earliest that a probe acts is after failureThreshold looks, one period apart (Kubernetes documentation, "Configure
Liveness, Readiness and Startup Probes"); a process that is stopped heeds no SIGTERM, so that the probe's own grace
period passes, too. How long the program takes to start again after that is not on record of a run in which it was
thawed.
"""

from collections.abc import Iterator, Sequence

from chaosmongo.history.results import Bracket

from .measured import Measured, S, span_s
from .records import Change, Nothing, Saving

SETTING = "liveness probe"

PERIOD_S, FAILURES, TIMEOUT_S, GRACE_S = 5, 3, 2, 1
EARLIEST_S = (FAILURES - 1) * PERIOD_S + GRACE_S
ASKS = ["mongosh", "--quiet", "--eval", "db.adminCommand('ping')"]


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    if not all(run.fault and run.fault.name == "freeze_container" for run in runs) or not runs[0].containers:
        return
    name = _container(runs[0])
    silent = [(outage.lo_ns / S, outage.hi_ns / S) for run in runs if (outage := _silent_ns(run)) is not None]
    if runs[0].setting(f"{name}.livenessProbe") is not None or not silent:
        return
    longer = [span for span in silent if span[0] > EARLIEST_S]
    if not longer:
        yield Nothing(
            SETTING,
            f"the server was silent for {max(high for _, high in silent):.1f} s at most: a probe of {FAILURES} looks "
            f"every {PERIOD_S} s acts after {EARLIEST_S} s at the earliest",
        )
        return
    _, high = span_s([(0.0, high - EARLIEST_S) for _, high in longer], len(runs))
    yield Change(
        setting=SETTING,
        field=f"spec.template.spec.containers[{name}].livenessProbe",
        now=None,
        then=f"ping every {PERIOD_S} s, {FAILURES} times",
        saving=Saving("the recovery time of all lanes", 0.0, high),
        runs=len(longer),
        reason=(
            f"the server was there and silent for up to {max(high for _, high in longer):.1f} s, and nothing ended it; "
            f"a probe acts after {EARLIEST_S} s at the earliest. How long the start takes after that was not measured "
            "here, and comes off"
        ),
        cost=(
            "a database that is only slow, in recovery or under load, is killed for it and begins anew: the worse, the "
            "fuller it is. A tcpSocket probe would not see a frozen process: its connections are accepted. The command "
            "needs mongosh in the image"
        ),
        condition=f"environment.settings.{runs[0].statefulset}.{name}.livenessProbe",
        patch={"containers": [{"name": name, "livenessProbe": _probe()}]},
    )


def _probe() -> dict[str, object]:
    return {
        "exec": {"command": ASKS},
        "periodSeconds": PERIOD_S,
        "timeoutSeconds": TIMEOUT_S,
        "failureThreshold": FAILURES,
        "terminationGracePeriodSeconds": GRACE_S,
    }


def _container(run: Measured) -> str:
    """The one that was frozen, as far as the fault named it; else the one that is looked at, or the only one."""
    given = run.fault.arguments.get("container") if run.fault else ""
    looked_at = [name for name in run.containers if run.setting(f"{name}.readinessProbe") is not None]
    return str(given) if given in run.containers else (looked_at or run.containers)[0]


def _silent_ns(run: Measured) -> Bracket | None:
    outage = run.server_outage
    if outage is None or outage.end is None:
        return None
    return Bracket(max(0, outage.end.lo_ns - outage.start.hi_ns), outage.end.hi_ns - outage.start.lo_ns)
