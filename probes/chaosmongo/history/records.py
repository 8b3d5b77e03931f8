"""The records of a run: what stands in a run directory, line by line.

A run directory holds

    run.json         `Run`: what was run, against what, with which objectives; written before anything is touched
    ops.jsonl        `Plan`, then for every operation an `Invoke` and at most one of `Ok`, `Fail`, `Info`; `Note`
    cluster.jsonl    `ClusterEvent`: lists and watch events, stamped on arrival; `Note`
    faults.jsonl     `FaultStart`, `FaultEnd`; `Note` of the experiment's course (hypothesis; done, an activity;
                     activity, one that did not succeed; company; lock; mark; ended)
    undo.jsonl       `Undo`, `Undone`: how to take back what the run changed; what was taken back after its end stands
                     in undone-1.jsonl, undone-2.jsonl, ...
    readback.jsonl   `Seeded`, `ScanStart`, `Document`, `SeedsRead`, `ScanEnd`: what is in the database afterwards
    verdict.json     `results.Verdict`, computed from the files above and from nothing else

Every `.jsonl` file begins with a `Header`, has one writer, is appended to only, and ends with a `Footer` once it is
whole. A workload of several processes (shards) writes ops-0.jsonl, ops-1.jsonl, ... in place of ops.jsonl. All `*_ns`
are nanoseconds of CLOCK_MONOTONIC of the one machine that recorded the run; `Anchor` ties them to the wall clock, which
only labels.

The operations are Jepsen's (invoke, ok, fail, info; jepsen-io/jepsen, `jepsen.history`).
"""

from typing import Annotated, Any, ClassVar, Literal

import msgspec

FORMAT = 1
"""Version of all files of a run directory. A reader refuses a higher one."""

Lane = Literal["server", "driver", "user"]
LANES: tuple[Lane, ...] = ("server", "driver", "user")

MOST_SHARDS = 64
"""Processes that one workload may have."""

Function = Literal["hello", "write", "read"]
"""hello: is there a server; write: insert one score; read: one score (server, driver) or the score list (user)."""


class Header(msgspec.Struct, tag="header", frozen=True):
    """First line of every `.jsonl` file. run_crc32: CRC-32 of run.json, in faults.jsonl: so an altered one shows.
    boot_id: whose clock its times are of, where others than the runner write, as the workload's shards do.
    """

    file: str
    run: str
    format: int = FORMAT
    run_crc32: int | msgspec.UnsetType = msgspec.UNSET
    boot_id: str | msgspec.UnsetType = msgspec.UNSET


class Footer(msgspec.Struct, tag="footer", frozen=True):
    """Last line of a `.jsonl` file that its writer closed: how many lines stand before it, and their CRC-32 (RFC 1952,
    section 8), line ends included. Lines that were lost or altered afterwards show; without a footer nobody can tell.
    """

    lines: int
    crc32: int


class Anchor(msgspec.Struct, frozen=True):
    """One moment on both clocks: wall_ns is nanoseconds since the Unix epoch. boot_id: the machine, since its last
    start, whose CLOCK_MONOTONIC it is (/proc/sys/kernel/random/boot_id); "" where that is not known.
    """

    time_ns: int
    wall_ns: int
    boot_id: str = ""


class Note(msgspec.Struct, tag="note", frozen=True, omit_defaults=True):
    """Something that a reader must know: `what` is one word (gap, target, stopped, late, ...), `detail` explains it."""

    time_ns: int
    what: str
    detail: dict[str, Any] = {}


# --- run.json ---


class Objectives(msgspec.Struct, frozen=True):
    """What the experiment asks for (NIST SP 800-34: RTO and RPO are objectives, RTA and RPA are what is measured).

    rto_s: seconds allowed from the fault to the stable end of the outage, by lane.
    rpo_writes: acknowledged writes that may be missing afterwards.
    """

    rto_s: dict[str, float]
    rpo_writes: int = 0


class Target(msgspec.Struct, frozen=True):
    """What the run is about. Without a cluster, namespace and statefulset are empty."""

    namespace: str
    statefulset: str
    database: str
    collection: str


class Found(msgspec.Struct, frozen=True):
    """Where MongoDB was found, so that what was put into it can be taken out again when the runner is gone.

    mongo: host and port. service, secret: their names in the target's namespace; empty where the run was given a URI,
    which is on no record. namespace_uid tells that namespace from one of the same name in another cluster.
    """

    mongo: str = ""
    service: str = ""
    secret: str = ""
    namespace_uid: str = ""


class Environment(msgspec.Struct, frozen=True):
    """Fingerprint of where the run took place; runs from unlike environments are not pooled.

    Versions are as the servers name themselves; settings are flat (`mongo.readiness.periodSeconds`: 2).
    """

    kubernetes: str = ""
    mongodb: str = ""
    nodes: dict[str, str] = {}
    settings: dict[str, str | int | float | bool] = {}
    tool: dict[str, str] = {}


class Run(msgspec.Struct, frozen=True):
    """run.json. `run` names the run: "<experiment>/<utc>"; `marker` begins the key of every document that it writes."""

    run: str
    marker: str
    title: str
    description: str
    experiment: dict[str, Any]
    anchor: Anchor
    target: Target
    objectives: Objectives
    environment: Environment
    horizon_s: float
    """How long recovery was waited for: what has not recovered by then is censored, never a number."""
    found: Found = Found()
    format: int = FORMAT


# --- ops.jsonl ---


class LanePlan(msgspec.Struct, frozen=True):
    """What a lane was asked to do: operations per second by function, and the deadline of each operation in seconds.

    `via` is the way to the server: "pod" (the pod's own address, following the pod), "service", "port-forward", "uri".
    """

    rates: dict[str, float]
    deadline_s: float
    via: str


class Plan(msgspec.Struct, tag="plan", frozen=True):
    """What the workload was asked to do, written before its first operation, which is due at or after time_ns.

    lanes are those of the whole workload: of each function, operation k is sent by shard k mod `shards`, and this file
    is of `shard`. write_concern is what the driver was given, {} where it is left to the server. in_flight_max is each
    shard's own.
    """

    time_ns: int
    lanes: dict[str, LanePlan]
    write_concern: dict[str, Any]
    retry_writes: bool
    in_flight_max: int
    shard: Annotated[int, msgspec.Meta(ge=0)] = 0
    shards: Annotated[int, msgspec.Meta(ge=1, le=MOST_SHARDS)] = 1


class Invoke(msgspec.Struct, tag="invoke", frozen=True, omit_defaults=True, gc=False):
    """An operation is about to be sent. On disk before it is sent. `due_ns` is when it ought to be sent.

    `key` is the `name` of the score that is written or read, `digest` that of the score written (see `scores`).
    """

    op: int
    lane: Lane
    f: Function
    due_ns: int
    key: str = ""
    digest: str = ""


class Ok(msgspec.Struct, tag="ok", frozen=True, gc=False):
    """Answered and right."""

    op: int
    sent_ns: int
    done_ns: int


class Fail(msgspec.Struct, tag="fail", frozen=True, omit_defaults=True, gc=False):
    """Provably not executed: never sent (sent_ns 0 where not even tried), or refused before execution.

    `waited` is set where the client itself was looking for a server all the time from sent to done, and would have gone
    on at once had it known one.
    """

    op: int
    sent_ns: int
    done_ns: int
    error: str = ""
    waited: bool = False


class Info(msgspec.Struct, tag="info", frozen=True, omit_defaults=True, gc=False):
    """Everything else: it may have happened. `stale` is set on a read that was answered without what it must hold."""

    op: int
    sent_ns: int
    done_ns: int
    error: str = ""
    stale: bool = False


OpsLine = Header | Plan | Invoke | Ok | Fail | Info | Note | Footer


# --- cluster.jsonl ---


class ClusterEvent(msgspec.Struct, tag="event", frozen=True, omit_defaults=True):
    """A list (`kind` LIST, with `items`) or a watch event (ADDED, MODIFIED, DELETED, with `object`) of a resource.

    Objects are as the API server sent them, less managedFields, the last-applied annotation and literal values of
    environment variables.
    """

    time_ns: int
    resource: str
    kind: str
    object: dict[str, Any] = {}
    items: list[dict[str, Any]] = []


ClusterLine = Header | ClusterEvent | Note | Footer


# --- faults.jsonl, undo.jsonl ---


class Hit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object that a fault was aimed at, as it was just before."""

    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    node: str = ""
    restarts: int = 0


class FaultStart(msgspec.Struct, tag="start", frozen=True):
    """A fault is about to begin: `time_ns` is just before its first request. `expect` says what it does, and so what
    proves that it hit: "replaced" (same name, new UID), "restarted" (restartCount up), "moved" (another node), "gone",
    and what else checks/injection.py lists.
    """

    fault: int
    name: str
    time_ns: int
    hits: list[Hit]
    expect: str
    arguments: dict[str, Any] = {}


class FaultEnd(msgspec.Struct, tag="end", frozen=True, omit_defaults=True):
    """The fault's own work is done (the API server answered), or failed with `error`."""

    fault: int
    time_ns: int
    error: str = ""


FaultLine = Header | FaultStart | FaultEnd | Note | Footer


class Undo(msgspec.Struct, tag="undo", frozen=True):
    """Written before a change: how to take it back. `action` names it, `arguments` are all that it needs."""

    undo: int
    time_ns: int
    action: str
    arguments: dict[str, Any]


class Undone(msgspec.Struct, tag="undone", frozen=True):
    undo: int
    time_ns: int


UndoLine = Header | Undo | Undone | Note | Footer


# --- readback.jsonl ---


class Seeded(msgspec.Struct, tag="seeded", frozen=True):
    """`count` scores of `seed` are in the database now (see `scores.seeded`); `found` of them were there already."""

    time_ns: int
    seed: int
    count: int
    found: int


class ScanStart(msgspec.Struct, tag="scan", frozen=True):
    """A full read of what this run put into the collection begins; a later scan replaces an earlier one."""

    time_ns: int


class Document(msgspec.Struct, tag="doc", frozen=True, gc=False):
    """A score that is in the database: its name and the digest of what it holds now."""

    key: str
    digest: str
    count: ClassVar[int] = 1


DIGEST_DIGITS = 16
"""Hexadecimal digits of the digest of a score (see `scores.digest`)."""

Number = Annotated[int, msgspec.Meta(ge=0)]
Digests = Annotated[str, msgspec.Meta(pattern=rf"^(?:[0-9a-f]{{{DIGEST_DIGITS}}})+\Z")]


class SeedsRead(msgspec.Struct, tag="seeds", frozen=True, gc=False):
    """Scores of a seed that are in the database, numbers first, first + 1 and so on, each read right after the other:
    the digests of what each holds now, joined. Stands for as many `Document`s.
    """

    seed: int
    first: Number
    digests: Digests

    @property
    def count(self) -> int:
        return len(self.digests) // DIGEST_DIGITS


class ScanEnd(msgspec.Struct, tag="scanned", frozen=True, omit_defaults=True):
    """The scan is complete with `documents` documents, or it broke off with `error`."""

    time_ns: int
    documents: int
    error: str = ""


ReadbackLine = Header | Seeded | ScanStart | Document | SeedsRead | ScanEnd | Note | Footer
