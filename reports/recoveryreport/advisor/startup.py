"""startupProbe: a liveness probe that ends a program while it is still starting makes it start again and again.

While a startupProbe has not succeeded the others do not look (Kubernetes documentation, "Pod Lifecycle", container
probes). All starts but the last one were in vain; whether the first would have come to service as soon as the last did
is not on record, so that what is saved lies between nothing and the time from the first start to the last.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from .measured import Measured, S, span_s
from .records import Change, Nothing, Saving

SETTING = "startup probe"

PATIENCE = 3
"""Times as long as the longest start on record that a start may take."""

HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def look(runs: Sequence[Measured]) -> Iterator[Change | Nothing]:
    killed = [(run, times) for run in runs if (times := _killed_ns(run))]
    if not killed:
        return
    run = killed[0][0]
    probed = next(((name, probe) for name, probe in _probes(run) if _handler(probe)), None)
    starts = [at for one, _ in killed if (at := _start_s(one)) is not None]
    if probed is None or len(starts) < len(killed):
        yield Nothing(
            SETTING,
            "a failed liveness probe ended the database while it recovered; how long its start takes, or what the "
            "probe asks, is not on record",
        )
        return
    name, probe = probed
    period = int(probe.get("periodSeconds") or 10)
    failures = max(1, math.ceil(PATIENCE * max(starts) / period))
    low, high = span_s([(0.0, _in_vain_s(one, times)) for one, times in killed], len(runs))
    yield Change(
        setting=SETTING,
        field=f"spec.template.spec.containers[{name}].startupProbe",
        now=None,
        then=f"as the liveness probe, {failures} times",
        saving=Saving("the recovery time of all lanes", low, high),
        runs=len(killed),
        reason=(
            f"a failed liveness probe ended the database {max(len(times) for _, times in killed)} times while it "
            f"recovered; its last start took up to {max(starts):.1f} s until it answered"
        ),
        cost=(
            f"a start that hangs is noticed only after {failures * period} s ({PATIENCE} times the longest start on "
            "record); a fuller database starts more slowly"
        ),
        condition=f"environment.settings.{run.statefulset}.{name}.startupProbe",
        patch={
            "containers": [
                {
                    "name": name,
                    "startupProbe": _handler(probe) | {"periodSeconds": period, "failureThreshold": failures},
                }
            ]
        },
    )


def _killed_ns(run: Measured) -> list[int]:
    """When a failed liveness probe ended a container of the StatefulSet's pods after the fault, before the recovery."""
    phases = run.verdict.phases
    if not phases:
        return []
    names = {str((pod.get("metadata") or {}).get("name")) for pod in run.pods}
    return [
        event.time_ns
        for event in run.history.cluster
        if event.resource == "events"
        and event.kind == "ADDED"
        and phases[0].start_ns < event.time_ns <= phases[-1].end_ns
        and event.object.get("reason") == "Killing"
        and "failed liveness probe" in str(event.object.get("message"))
        and (event.object.get("involvedObject") or {}).get("name") in names
    ]


def _in_vain_s(run: Measured, killed_ns: Sequence[int]) -> float:
    """From when the pod was bound to its node, or from the fault where it stayed, to the last start; nothing at all
    where that came before the first was ended.
    """
    started = run.reached_ns("started")
    fault_ns = run.verdict.phases[0].start_ns
    return (started - run.bound_ns) / S if started is not None and fault_ns + started > min(killed_ns) else 0.0


def _start_s(run: Measured) -> float | None:
    """From the last start until the server answered."""
    started, answers = run.reached_ns("started"), run.reached_ns("server answers")
    return None if started is None or answers is None else (answers - started) / S


def _probes(run: Measured) -> Iterator[tuple[str, dict[str, Any]]]:
    for pod in run.pods:
        for container in (pod.get("spec") or {}).get("containers") or []:
            if container.get("livenessProbe"):
                yield str(container.get("name")), container["livenessProbe"]


def _handler(probe: dict[str, Any]) -> dict[str, Any]:
    """What the probe asks."""
    return {kind: probe[kind] for kind in HANDLERS if kind in probe}
