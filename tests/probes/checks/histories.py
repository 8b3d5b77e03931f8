"""Literal histories for the checks: operations, clusters and faults in a line each.

Times are in milliseconds from the fault, which is at 0; before it they are negative. T0 is the fault on the record's
clock.
"""

from collections.abc import Iterable
from typing import Any

from chaosmongo import scores
from chaosmongo.history import Fault, History, Op, Scan
from chaosmongo.history.records import (
    Anchor,
    ClusterEvent,
    Document,
    Environment,
    FaultEnd,
    FaultStart,
    Hit,
    LanePlan,
    Note,
    Objectives,
    Plan,
    Run,
    ScanEnd,
    ScanStart,
    Seeded,
    Target,
)

MS = 1_000_000
T0 = 1_000_000 * MS
MARKER = "chaos-1-"
SEED, COUNT = 42, 5


def at(ms: float) -> int:
    """The moment on the record's clock."""
    return T0 + round(ms * MS)


def op(
    number: int, due_ms: float, outcome: str = "ok", took_ms: float = 1.0, late_ms: float = 0.0, **fields: Any
) -> Op:
    """An operation of the server lane, a hello unless said otherwise."""
    sent = at(due_ms + late_ms)
    fields = {"lane": "server", "f": "hello", "sent_ns": sent, "done_ns": sent + round(took_ms * MS)} | fields
    return Op(number, due_ns=at(due_ms), outcome=outcome, **fields)  # type: ignore[arg-type]


def unsent(number: int, due_ms: float, **fields: Any) -> Op:
    return op(
        number, due_ms, "fail", sent_ns=0, done_ns=at(due_ms), error="not sent: 64 operations in flight", **fields
    )


def write(number: int, due_ms: float, outcome: str = "ok", **fields: Any) -> Op:
    key = f"{MARKER}s{number}"
    return op(number, due_ms, outcome, f="write", key=key, digest=digest_of(key, number), **fields)


def digest_of(key: str, number: int) -> str:
    return scores.digest(scores.workload_score(key, number))


def stream(pattern: str, from_ms: float, every_ms: float, first: int = 1, **fields: Any) -> list[Op]:
    """One operation for each character: "." ok, "x" fail, "?" info, "-" never sent, "s" stale. Spaces do not count."""
    kinds = {".": "ok", "x": "fail", "?": "info", "s": "info"}
    ops = []
    for number, kind in enumerate(pattern.replace(" ", "")):
        due = from_ms + number * every_ms
        if kind == "-":
            ops.append(unsent(first + number, due, **fields))
        else:
            ops.append(op(first + number, due, kinds[kind], stale=kind == "s", **fields))
    return ops


def run(**fields: Any) -> Run:
    defaults: dict[str, Any] = {
        "run": "test/20260101T000000Z",
        "marker": MARKER,
        "title": "",
        "description": "",
        "experiment": {},
        "anchor": Anchor(T0, 1_767_225_600_000_000_000),
        "target": Target("", "", "pacman", "highscore"),
        "objectives": Objectives({}),
        "environment": Environment(),
        "horizon_s": 60,
    }
    return Run(**(defaults | fields))


def plan(**rates: dict[str, float]) -> Plan:
    lanes = {lane: LanePlan(of, 1.0, "uri") for lane, of in rates.items()}
    return Plan(at(-10_000), lanes, {"w": 1, "j": True}, False, 64)


def fault(
    *hits: Hit, expect: str = "replaced", start_ms: float = 0, end_ms: float | None = 50, error: str = ""
) -> Fault:
    end = None if end_ms is None else FaultEnd(1, at(end_ms), error)
    return Fault(FaultStart(1, "delete_pod", at(start_ms), list(hits), expect), end)


def documents(ops: Iterable[Op]) -> list[Document]:
    """What is in the database when every acknowledged write is kept, and no other."""
    return [Document(op.key, op.digest) for op in ops if op.f == "write" and op.outcome == "ok"]


def seed_documents(seed: int = SEED, count: int = COUNT) -> list[Document]:
    return [Document(score["name"], scores.digest(score)) for score in scores.seeded(seed, count)]


def scan(found: list[Document], start_ms: float = 100_000) -> Scan:
    return Scan(ScanStart(at(start_ms)), found, end=ScanEnd(at(start_ms + 1), len(found)))


STOPPED = Note(at(90_000), "stopped", {"reason": "told to"})
SERVER_PROCESS = Hit("Process", "mongod")


def history(ops: list[Op], **fields: Any) -> History:
    """A whole record without a cluster, which passes unless `ops` or `fields` say otherwise."""
    ops = sorted(ops, key=lambda op: (op.due_ns, op.op))
    defaults: dict[str, Any] = {
        "run": run(),
        "ops": ops,
        "ops_notes": [STOPPED],
        "faults": [fault(SERVER_PROCESS)],
        "seeded": [Seeded(at(-20_000), SEED, COUNT, 0)],
        "scan": scan(documents(ops) + seed_documents()),
    }
    return History(**(defaults | fields))


# --- a cluster ---


def pod(uid: str, name: str = "mongo-0", node: str = "n1", state: Any = "running", **fields: Any) -> dict[str, Any]:
    """A pod of StatefulSet mongo. fields: claim, ready, deleting, restarts, started, finished, owner."""
    started, finished = fields.get("started", "2026-01-01T00:00:00Z"), fields.get("finished", "2026-01-01T00:00:09Z")
    states = {
        "running": {"running": {"startedAt": started}},
        "waiting": {"waiting": {"reason": "ContainerCreating"}},
        "terminated": {"terminated": {"exitCode": 0, "startedAt": started, "finishedAt": finished}},
    }
    claim = fields.get("claim", "mongo-storage")
    statuses = [{"name": "mongo", "restartCount": fields.get("restarts", 0), "state": states[state]}] if state else []
    return {
        "metadata": {
            "name": name,
            "namespace": "pacman",
            "uid": uid,
            "ownerReferences": [fields.get("owner", {"kind": "StatefulSet", "name": "mongo"})],
            **({"deletionTimestamp": "2026-01-01T00:00:30Z"} if fields.get("deleting") else {}),
        },
        "spec": {
            "nodeName": node,
            "volumes": [{"name": "db", "persistentVolumeClaim": {"claimName": claim}}] if claim else [],
            "containers": [{"name": "mongo", "volumeMounts": [{"name": "db", "mountPath": "/data/db"}]}],
        },
        "status": {
            "conditions": [{"type": "Ready", "status": "True" if fields.get("ready", state == "running") else "False"}],
            "containerStatuses": statuses,
        },
    }


def event(ms: float, kind: str, thing: dict[str, Any], resource: str = "pods") -> ClusterEvent:
    return ClusterEvent(at(ms), resource, kind, object=thing)


def listing(ms: float, *things: dict[str, Any], resource: str = "pods") -> ClusterEvent:
    return ClusterEvent(at(ms), resource, "LIST", items=list(things))


def claim(volume: str, name: str = "mongo-storage") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "pacman", "uid": f"uid-{name}"}, "spec": {"volumeName": volume}}


def node(name: str, ready: str = "True", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    return {"metadata": {"name": name, "uid": f"uid-{name}"}, "spec": spec, "status": {"conditions": conditions}}


MONGO_0 = Hit("Pod", "mongo-0", "pacman", "old", "n1")
IN_CLUSTER = run(target=Target("pacman", "mongo", "pacman", "highscore"))


def replacement() -> list[ClusterEvent]:
    """mongo-0 is deleted gracefully and comes back: terminating at 10 ms ... Ready at 900 ms."""
    return [
        listing(-9_000, pod("old")),
        listing(-9_000, claim("pv-1"), resource="persistentvolumeclaims"),
        event(60, "MODIFIED", pod("old", deleting=True)),
        event(300, "MODIFIED", pod("old", state="terminated", deleting=True)),
        event(310, "DELETED", pod("old", state="terminated", deleting=True)),
        event(320, "ADDED", pod("new", node="", state=None)),
        event(330, "MODIFIED", pod("new", state=None)),
        event(500, "MODIFIED", pod("new", started="2026-01-01T00:00:10Z", ready=False)),
        event(900, "MODIFIED", pod("new", started="2026-01-01T00:00:10Z")),
    ]
