"""readinessProbe: how long a server that serves waits to be looked at.

The kubelet looks every periodSeconds, not before initialDelaySeconds after the start, and after successThreshold good
looks in a row the pod is Ready; only then does the Service send anybody there (Kubernetes documentation, "Pod
Lifecycle", container probes). Ready against the first acknowledged write says how long that took: the ready gap.

What a change saves of it is bounded on both sides. Ready never comes before the first write that is acknowledged, so
that no more than the gap can be saved. With another period it comes within that period times the looks it takes, and
one look that still fails (timeoutSeconds), after the server serves and the initial delay is over. A change is borne out
where the wait was longer than that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .measured import Measured, S, between, span_s
from .records import Change, Nothing, Saving

SHORTEST_S = 1
"""The shortest period that the API allows."""

WORTH_S = 0.1
"""Waits below are not worth a change."""


@dataclass(frozen=True)
class Probe:
    """Seconds. name: of the container."""

    name: str
    delay: float
    period: float
    timeout: float
    failures: float
    successes: float

    def seen_within_s(self, period: float) -> float:
        """From when the server serves and the delay is over until it is Ready, at most."""
        return period * self.successes + self.timeout


@dataclass(frozen=True)
class Waited:
    """Seconds from the first acknowledged write until Ready, and how much of it was the initial delay; each between."""

    low: float
    high: float
    delay_low: float
    delay_high: float


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    probe = _probe(runs[0])
    if probe is None:
        return
    waits = [wait for run in runs if (wait := _waited(run, probe)) is not None]
    if not waits:
        yield Nothing("readiness period", _why_not(runs))
        return
    if any(wait.low > wait.delay_high + probe.seen_within_s(probe.period) for wait in waits):
        yield Nothing(
            "readiness period",
            f"Ready came up to {max(wait.high for wait in waits):.2f} s after the first acknowledged write, longer "
            "than the probe's period and delay explain: it failed while the database served, so look at what it asks",
        )
        return
    lanes = list(dict.fromkeys(lane for run in runs for lane in run.waited_for_the_service))
    yield _period(runs[0], probe, waits, len(runs), lanes)
    yield from _delay(runs[0], probe, waits, len(runs), lanes)


def _probe(run: Measured) -> Probe | None:
    """Of the first container that has one."""
    for name in run.containers:
        of = [
            run.number(f"{name}.readinessProbe.{key}")
            for key in (
                "initialDelaySeconds",
                "periodSeconds",
                "timeoutSeconds",
                "failureThreshold",
                "successThreshold",
            )
        ]
        if None not in of:
            return Probe(name, *(value for value in of if value is not None))
    return None


def _waited(run: Measured, probe: Probe) -> Waited | None:
    """None where nobody waited, or where it is not known."""
    gap, ready_ns = run.verdict.ready_gap, run.reached_ns("ready")
    if gap is None or ready_ns is None or gap.lo_ns <= 0 or gap.hi_ns < WORTH_S * S or not run.waited_for_the_service:
        return None
    # The container started after its pod was bound to a node, and before the watch told of it.
    told_ns = run.reached_ns("started")
    first_look_ns = (run.bound_ns + probe.delay * S, (ready_ns if told_ns is None else told_ns) + probe.delay * S)
    serves_ns = (ready_ns - gap.hi_ns, ready_ns - gap.lo_ns)
    return Waited(
        gap.lo_ns / S,
        gap.hi_ns / S,
        min(gap.lo_ns, max(0.0, first_look_ns[0] - serves_ns[1])) / S if probe.delay else 0.0,
        min(gap.hi_ns, max(0.0, first_look_ns[1] - serves_ns[0])) / S if probe.delay else 0.0,
    )


def _period(run: Measured, probe: Probe, waits: list[Waited], of: int, lanes: list[str]) -> Change | Nothing:
    if probe.period <= SHORTEST_S:
        return Nothing("readiness period", f"it is {probe.period:g} s already, the shortest there is")
    within = probe.seen_within_s(SHORTEST_S)
    held = [wait for wait in waits if wait.low - wait.delay_high - within >= WORTH_S]
    if not held:
        return Nothing(
            "readiness period",
            f"the server served {_between(waits)} before it was Ready, and with a look every {SHORTEST_S} s that may "
            f"take as long, up to {within:g} s after the initial delay (a look that still fails included): a shorter "
            "period is not known to save anything",
        )
    low, high = span_s([(wait.low - wait.delay_high - within, wait.high - wait.delay_low) for wait in held], of)
    patience = int(probe.failures * probe.period)
    return Change(
        setting="readiness period",
        field=_field(probe, "periodSeconds"),
        now=int(probe.period),
        then=SHORTEST_S,
        saving=Saving(f"the recovery time of {' and '.join(lanes)}", low, high),
        runs=len(held),
        reason=(
            f"the server served {_between(held)} before it was Ready, and {' and '.join(lanes)} recovered only after "
            f"that; a look every {SHORTEST_S} s sees it within {within:g} s, one every {probe.period:g} s within "
            f"{probe.seen_within_s(probe.period):g} s"
        ),
        cost=(
            f"{probe.period:g} times as many looks: cheap for tcpSocket, a process in the container each time for exec."
            f" failureThreshold rises to {patience}, or a server that is slow for {probe.failures:g} s would be taken "
            f"out of its Service, after {patience} s until now"
        ),
        condition=_condition(run, probe),
        patch=_patch(probe, periodSeconds=SHORTEST_S, failureThreshold=patience),
    )


def _delay(run: Measured, probe: Probe, waits: list[Waited], of: int, lanes: list[str]) -> Iterator[Change | Nothing]:
    if not probe.delay:
        return
    within = probe.seen_within_s(probe.period)
    held = [wait for wait in waits if wait.delay_low >= WORTH_S and wait.low - within >= WORTH_S]
    if not held:
        yield Nothing(
            "readiness initial delay",
            f"its {probe.delay:g} s are not known to have held anybody up: they were over before the server served, or "
            f"a look every {probe.period:g} s may take as long, or the record does not say when the container started",
        )
        return
    low, high = span_s([(wait.low - within, wait.high) for wait in held], of)
    yield Change(
        setting="readiness initial delay",
        field=_field(probe, "initialDelaySeconds"),
        now=int(probe.delay),
        then=0,
        saving=Saving(f"the recovery time of {' and '.join(lanes)}", low, high),
        runs=len(held),
        reason=(
            f"the server served {_between(held)} before it was Ready, of which at least "
            f"{min(wait.delay_low for wait in held):.2f} s because nobody looked before {probe.delay:g} s had passed"
        ),
        cost=(
            "looks that fail while the program starts: a readiness probe that fails ends nothing. Where a liveness "
            "probe relies on the delay too, give the container a startupProbe"
        ),
        condition=_condition(run, probe),
        patch=_patch(probe, initialDelaySeconds=0),
    )


def _why_not(runs: Sequence[Measured]) -> str:
    gaps = [run.verdict.ready_gap for run in runs]
    if any(gap is not None and gap.hi_ns < 0 for gap in gaps):
        return (
            "Ready came before the first acknowledged write: there was no wait to save, and the probe does not ask "
            "what clients need"
        )
    if all(gap is None for gap in gaps):
        return "whether anybody waited for Ready is not known: Ready, or a write after the fault, was not seen"
    return "nobody waited for Ready: it came with the first acknowledged write, or every lane had recovered before"


def _between(waits: Sequence[Waited]) -> str:
    return between(min(wait.low for wait in waits), max(wait.high for wait in waits))


def _field(probe: Probe, key: str) -> str:
    return f"spec.template.spec.containers[{probe.name}].readinessProbe.{key}"


def _condition(run: Measured, probe: Probe) -> str:
    return f"environment.settings.{run.statefulset}.{probe.name}.readinessProbe"


def _patch(probe: Probe, **values: int) -> dict[str, object]:
    return {"containers": [{"name": probe.name, "readinessProbe": values}]}
