"""Run directories for the tests, written by the product's own writer: what is in them is known, so that what a report
says of them can be worked out by hand.

Seconds are counted from the fault. The record is made of one clock, without chance: the same arguments give the same
bytes, except where `jitter` says so.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from chaosmongo.history import RunDirectory, Writer, write_whole
from chaosmongo.history import records as r
from chaosmongo.scores import digest, seeded, workload_score

S = 1_000_000_000
FAULT_NS = 5_000 * S
"""When the fault began."""

SEEDED = 100

RATES: dict[str, dict[str, float]] = {
    "server": {"hello": 200.0, "write": 20.0, "read": 20.0},
    "driver": {"write": 20.0, "read": 20.0},
    "user": {"write": 10.0, "read": 10.0},
}
LATENCY_MS = {"server": 0.8, "driver": 2.5, "user": 9.0}


@dataclass
class Recorded:
    """What to record. A lane is down from `down_s` to `up_s` of that lane; up None: it never came back."""

    before_s: float = 8.0
    after_s: float = 12.0
    down_s: float | None = 0.2
    up_s: dict[str, float | None] = field(default_factory=lambda: {"server": 4.0, "driver": 4.5, "user": 4.8})
    lanes: tuple[str, ...] = ("server", "driver", "user")
    rto_s: dict[str, float] = field(default_factory=lambda: {"server": 15.0, "driver": 15.0, "user": 15.0})
    title: str = "Does the Pac-Man demo keep its scores when its database's pod is deleted?"
    description: str = "Deletes mongo-0 gracefully while players write scores, and counts what is left."
    name: str = "mongo-pod-delete/20260102T030405Z"
    marker: str = "cw-0001-"
    lost: int = 0
    cluster: bool = True
    fault: bool = True
    workload: bool = True
    readback: bool = True
    scanned: bool = True
    stopped: bool = True
    same_uid: bool = False
    torn: bool = False
    notes: tuple[r.Note, ...] = ()
    """Of the experiment's course."""
    elsewhere: dict[str, Any] = field(default_factory=dict)
    """Fields of run.json that are to be others."""


def record(path: Path, what: Recorded | None = None) -> Path:
    """Writes the run into `path`, a new directory, and returns it."""
    what = what or Recorded()
    path.mkdir(parents=True)
    directory = RunDirectory(path)
    run_crc32 = write_whole(directory.run, _run(what))
    writes = _ops(directory.ops, what) if what.workload else []
    if what.cluster:
        _cluster(directory.cluster, what)
    if what.fault:
        _faults(directory.faults, what, run_crc32)
    if what.readback:
        _readback(directory.readback, what, writes)
    if what.torn:
        with directory.ops.open("ab") as file:
            file.write(b'{"type":"invoke","op":99')
    return path


def at(seconds: float) -> int:
    """The moment `seconds` after the fault, on the run's clock."""
    return FAULT_NS + round(seconds * S)


def _run(what: Recorded) -> r.Run:
    run = r.Run(
        run=what.name,
        marker=what.marker,
        title=what.title,
        description=what.description,
        experiment={"title": what.title, "configuration": {}},
        anchor=r.Anchor(at(-what.before_s - 1), 1_767_323_045 * S),
        target=r.Target("pacman", "mongo", "pacman", "highscore"),
        objectives=r.Objectives(what.rto_s, rpo_writes=0),
        environment=r.Environment(
            kubernetes="v1.36.2",
            mongodb="8.0.1",
            nodes={"node-0": "v1.36.2", "node-1": "v1.36.2"},
            settings={"mongo.readiness.periodSeconds": 2, "mongo.terminationGracePeriodSeconds": 30},
            tool={"chaostoolkit-mongodb": "0.1.0", "chaostoolkit": "1.19.0", "pymongo": "4.20.0"},
        ),
        horizon_s=60.0,
    )
    return msgspec.convert(msgspec.to_builtins(run) | what.elsewhere, r.Run)


def _ops(path: Path, what: Recorded) -> list[tuple[int, str, str, str]]:
    """Writes ops.jsonl; (acknowledged at, key, digest, outcome) of every write comes back."""
    chance = random.Random(1)
    plans = {
        lane: r.LanePlan(RATES[lane], 2.0, {"server": "pod", "driver": "service"}.get(lane, "uri"))
        for lane in what.lanes
    }
    writes: list[tuple[int, str, str, str]] = []
    with Writer(path, "ops.jsonl", what.name) as file:
        file.write(r.Plan(at(-what.before_s), plans, {"w": 1, "j": True}, False, 64))
        due = sorted(
            (at(-what.before_s) + round(n * S / rate), lane, f)
            for lane in what.lanes
            for f, rate in RATES[lane].items()
            for n in range(int((what.before_s + what.after_s) * rate))
        )
        lines: list[Any] = []
        for number, (due_ns, lane, f) in enumerate(due):
            key, body = "", ""
            if f == "write":
                key = f"{what.marker}{lane}-{number:07d}"
                body = digest(workload_score(key, number))
            lines.append(r.Invoke(number, lane, f, due_ns, key, body))
            done = _completion(what, number, lane, due_ns, chance)
            lines.append(done)
            if f == "write":
                writes.append((done.done_ns, key, body, type(done).__name__.lower()))
        if what.stopped:
            lines.append(r.Note(at(what.after_s), "stopped"))
        file.write(*lines)
    return writes


def _completion(what: Recorded, number: int, lane: str, due_ns: int, chance: random.Random) -> Any:
    sent = due_ns + 100_000
    done = sent + round(LATENCY_MS[lane] * 1e6 * (0.7 + chance.random() * 0.6 + (chance.random() < 0.02) * 8))
    if what.down_s is None or due_ns < at(what.down_s):
        return r.Ok(number, sent, done)
    up = what.up_s[lane]
    if up is not None and due_ns >= at(up):
        return r.Ok(number, sent, done)
    if lane == "server" and due_ns > at(what.down_s + 0.05):
        return r.Fail(number, sent, sent + 200_000, "connection refused")
    if lane == "driver" and due_ns > at(what.down_s + 1):
        return r.Fail(number, sent, sent + 1_500_000_000, "no server available")
    return r.Info(number, sent, sent + (20_000_000 if lane != "user" else 120_000_000), "connection reset")


def _readback(path: Path, what: Recorded, writes: list[tuple[int, str, str, str]]) -> None:
    acknowledged = sorted(w for w in writes if w[3] == "ok")
    before = [w for w in acknowledged if w[0] < at(what.down_s or 0)]
    lost = {w[1] for w in before[len(before) - what.lost :]}
    unknown = [w for w in writes if w[3] == "info"]
    kept = [w for w in acknowledged if w[1] not in lost] + unknown[::2]
    with Writer(path, "readback.jsonl", what.name) as file:
        file.write(r.Seeded(at(-what.before_s - 0.5), 42, SEEDED, 0))
        file.write(r.ScanStart(at(what.after_s + 4)))
        documents = [r.Document(key, body) for _, key, body, _ in kept]
        documents += [r.Document(score["name"], digest(score)) for score in seeded(42, SEEDED)]
        file.write(*documents)
        if what.scanned:
            file.write(r.ScanEnd(at(what.after_s + 5), len(documents)))


def _faults(path: Path, what: Recorded, run_crc32: int) -> None:
    hit = r.Hit("Pod", "mongo-0", "pacman", "uid-before", "node-0")
    with Writer(path, "faults.jsonl", what.name, run_crc32) as file:
        file.write(r.FaultStart(0, "delete_pod", FAULT_NS, [hit], "replaced", {"namespace": "pacman"}))
        file.write(r.FaultEnd(0, at(0.05)), *what.notes)


def _cluster(path: Path, what: Recorded) -> None:
    with Writer(path, "cluster.jsonl", what.name) as file:
        file.write(
            r.ClusterEvent(at(-what.before_s), "pods", "LIST", items=[pod("uid-before", ready=True)]),
            r.ClusterEvent(at(-what.before_s), "endpointslices", "LIST", items=[_slice("uid-before", True)]),
            r.ClusterEvent(at(-what.before_s), "events", "LIST", items=[]),
        )
        if what.fault:
            file.write(*_story("uid-before" if what.same_uid else "uid-after"))


def _story(uid: str) -> Iterator[r.ClusterEvent]:
    """What a real Kubernetes says while a StatefulSet's pod is replaced."""
    killing = {
        "metadata": {"name": "mongo-0.1"},
        "reason": "Killing",
        "involvedObject": {"kind": "Pod", "name": "mongo-0", "uid": "uid-before"},
    }
    yield r.ClusterEvent(at(0.10), "events", "ADDED", killing)
    yield r.ClusterEvent(at(0.12), "endpointslices", "MODIFIED", _slice("uid-before", False))
    yield r.ClusterEvent(at(0.14), "pods", "MODIFIED", pod("uid-before", deleting=True, ready=True))
    yield r.ClusterEvent(at(2.10), "pods", "MODIFIED", pod("uid-before", deleting=True, running=False))
    yield r.ClusterEvent(at(2.30), "pods", "DELETED", pod("uid-before", deleting=True, running=False))
    yield r.ClusterEvent(at(2.33), "pods", "ADDED", pod(uid, node="", running=False))
    yield r.ClusterEvent(at(2.35), "pods", "MODIFIED", pod(uid, running=False))
    yield r.ClusterEvent(at(3.10), "pods", "MODIFIED", pod(uid))
    yield r.ClusterEvent(at(5.20), "endpointslices", "MODIFIED", _slice(uid, True))
    yield r.ClusterEvent(at(5.23), "pods", "MODIFIED", pod(uid, ready=True))


def pod(
    uid: str, *, node: str = "node-0", deleting: bool = False, running: bool = True, ready: bool = False
) -> dict[str, Any]:
    """A pod as the API server tells of it, as far as anything reads it."""
    owner = {"kind": "StatefulSet", "name": "mongo", "controller": True}
    metadata = {"name": "mongo-0", "namespace": "pacman", "uid": uid, "ownerReferences": [owner]}
    began = "2026-01-02T03:00:00Z" if uid == "uid-before" else "2026-01-02T03:04:10Z"
    ended = {"startedAt": began, "finishedAt": "2026-01-02T03:04:07Z", "exitCode": 0}
    state = {"running": {"startedAt": began}} if running else {"terminated": ended} if deleting else {"waiting": {}}
    return {
        "metadata": metadata | ({"deletionTimestamp": "2026-01-02T03:04:05Z"} if deleting else {}),
        "spec": {"nodeName": node} if node else {},
        "status": {
            "phase": "Running" if running else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "mongo", "state": state, "ready": ready, "restartCount": 0}] if node else [],
        },
    }


def _slice(uid: str, ready: bool) -> dict[str, Any]:
    target = {"kind": "Pod", "name": "mongo-0", "uid": uid}
    endpoint = {"addresses": ["127.64.1.2"], "conditions": {"ready": ready}, "targetRef": target}
    return {
        "metadata": {"name": "mongo-abcde", "namespace": "pacman", "labels": {"kubernetes.io/service-name": "mongo"}},
        "endpoints": [endpoint],
    }
