"""Recordings of a real Kubernetes 1.36, as histories: what its watches said, beside the truth about the processes.

traces/*.jsonl hold, of a recording, what the checks look at, one JSON object a line:

    {"time_ns", "resource", "type": "LIST", "items"}                         the list from which a watch began
    {"time_ns", "resource", "type": "ADDED"|"MODIFIED"|"DELETED", "object"}  a watch event that changed any of it
    {"time_ns", "process": "mongo", "event", "uid", "node"}                  the truth: "started", "listening", "exited"
    {"time_ns", "fault": "start"|"end", "command"}                           what was done to the cluster

The process lines were seen by looking at the processes every 5 ms; the first ones say what was there already.
The workload was one StatefulSet (mongo, one replica on a claim) and one Deployment (pacman).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from chaosmongo.history import Fault, History, Op
from chaosmongo.history.records import ClusterEvent, FaultEnd, FaultStart, Hit, LanePlan, Objectives, Plan

from .histories import IN_CLUSTER, T0
from .simulated import DEADLINE_MS, Down, Server, ask

TRACES = Path(__file__).with_name("traces")
NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))


class Trace:
    def __init__(self, name: str) -> None:
        self.name = name
        with (TRACES / f"{name}.jsonl").open() as file:
            self._lines: list[dict[str, Any]] = [json.loads(line) for line in file]
        self.cluster = [
            ClusterEvent(line["time_ns"], line["resource"], line["type"], line.get("object", {}), line.get("items", []))
            for line in self._lines
            if "resource" in line
        ]
        self.starts = [line["time_ns"] for line in self._lines if line.get("fault") == "start"]
        self._ends = [(line["time_ns"], line["command"]) for line in self._lines if line.get("fault") == "end"]
        self._commands = [line["command"] for line in self._lines if line.get("fault") == "start"]
        self.processes = [(line["event"], line["time_ns"]) for line in self._lines if "process" in line]

    def history(self, expect: str, kind: str = "Pod", ops: Sequence[Op] = (), faults: int = 1) -> History:
        """Its first `faults` faults hit mongo-0 (kind Pod), the node below it (Node) or all of pacman's pods (Web)."""
        run = msgspec.structs.replace(IN_CLUSTER, objectives=Objectives({}))
        plan = Plan(T0, {"server": LanePlan({"hello": 100.0}, DEADLINE_MS / 1000, "pod")}, {}, False, 64)
        done = [self._fault(number, expect, kind) for number in range(faults)]
        return History(run=run, plan=plan, ops=list(ops), cluster=self.cluster, faults=done)

    def lane(self, downs: Sequence[Down], until_s: float) -> list[Op]:
        """What a server lane would have recorded that asked every 10 ms a server with that truth."""
        shift_ns = self.starts[0] - T0
        ops = ask(Server(tuple(downs)), until_s * 1000, every_ms=10, slowest_ms=4, seed=1)
        for op in ops:
            op.due_ns, op.sent_ns, op.done_ns = op.due_ns + shift_ns, op.sent_ns + shift_ns, op.done_ns + shift_ns
        return ops

    def down(self, manner: str = "refuses") -> list[Down]:
        """The truth about the service: from a process's exit until another one listens, in ms after the fault."""
        downs, exited_ms = [], None
        for event, time_ns in self.processes:
            ms = (time_ns - self.starts[0]) / 1e6
            if event == "exited" and exited_ms is None:
                exited_ms = ms
            elif event == "listening" and exited_ms is not None:
                downs.append(Down(exited_ms, ms, manner))
                exited_ms = None
        return downs

    def started_ns(self) -> int:
        """When the process started that came to listen first after the fault."""
        listening_ns = next(ns for event, ns in self.processes if event == "listening" and ns > self.starts[0])
        return max(ns for event, ns in self.processes if event == "started" and ns < listening_ns)

    def _fault(self, number: int, expect: str, kind: str) -> Fault:
        start_ns, command = self.starts[number], self._commands[number]
        end_ns = next(ns for ns, ended in self._ends if ns > start_ns and ended in command)
        start = FaultStart(number + 1, self.name, start_ns, self._hits(kind, start_ns), expect)
        return Fault(start, FaultEnd(number + 1, end_ns))

    def _hits(self, kind: str, at_ns: int) -> list[Hit]:
        pods: dict[str, dict[str, Any]] = {}
        for event in self.cluster:
            if event.resource == "pods" and event.time_ns <= at_ns:
                pods |= {pod["metadata"]["name"]: pod for pod in [*event.items, event.object] if pod}
        if kind == "Node":
            return [Hit("Node", pods["mongo-0"]["spec"]["nodeName"])]
        wanted = "pacman" if kind == "Web" else "mongo"
        return [_hit(pod) for name, pod in pods.items() if name.startswith(wanted)]


def _hit(pod: dict[str, Any]) -> Hit:
    restarts = sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
    metadata = pod["metadata"]
    return Hit("Pod", metadata["name"], metadata["namespace"], metadata["uid"], pod["spec"]["nodeName"], restarts)
