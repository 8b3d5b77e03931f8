"""Recordings of a real Kubernetes, as histories: what its watches said, and a fault aimed at what was there before.

They are not part of this repository; where they are absent, what needs them is skipped.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.history import Fault, History
from chaosmongo.history.records import ClusterEvent, FaultEnd, FaultStart, Hit

from .histories import IN_CLUSTER

TRACES = Path(__file__).parents[4] / "shared" / "traces"


def lines(name: str) -> list[dict[str, Any]]:
    """The trace, line by line. Skips the test where it is absent."""
    path = TRACES / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"the recording {path} is not there")
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def history(name: str, expect: str, kind: str = "Pod") -> History:
    """The trace as the record of a run. Its first fault hit mongo-0 (kind Pod) or the node below it (kind Node)."""
    recorded = lines(name)
    events = [_event(line) for line in recorded if "resource" in line]
    starts = [line["time_ns"] for line in recorded if line.get("fault") == "start"]
    ends = [line["time_ns"] for line in recorded if line.get("fault") == "end"]
    start = FaultStart(1, name, starts[0], [_hit(events, kind)], expect)
    return History(run=IN_CLUSTER, cluster=events, faults=[Fault(start, FaultEnd(1, ends[0]))])


def processes(name: str) -> list[tuple[str, int, str]]:
    """The truth: what became of the database's processes, as (event, time_ns, uid of the pod)."""
    return [(line["event"], line["time_ns"], line["uid"]) for line in lines(name) if "process" in line]


def _event(line: dict[str, Any]) -> ClusterEvent:
    kind = line["type"]
    return ClusterEvent(line["time_ns"], line["resource"], kind, line.get("object", {}), line.get("items", []))


def _hit(events: list[ClusterEvent], kind: str) -> Hit:
    pods = next(event.items for event in events if event.resource == "pods" and event.kind == "LIST")
    mongo = next(pod for pod in pods if pod["metadata"]["name"] == "mongo-0")
    node = mongo["spec"]["nodeName"]
    if kind == "Node":
        return Hit("Node", node)
    restarts = sum(status["restartCount"] for status in mongo["status"]["containerStatuses"])
    return Hit("Pod", "mongo-0", "pacman", mongo["metadata"]["uid"], node, restarts)
