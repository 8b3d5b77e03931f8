"""A run as it is judged: everything that was recorded, in memory."""

from typing import Literal

import msgspec

from . import records as r

Outcome = Literal["ok", "fail", "info"]


class Op(msgspec.Struct, gc=False):
    """One operation, invocation and completion together. Completed never: outcome info, done_ns 0."""

    op: int
    lane: str
    f: str
    due_ns: int
    key: str = ""
    digest: str = ""
    outcome: Outcome = "info"
    sent_ns: int = 0
    done_ns: int = 0
    error: str = "no answer by the end of the record"
    stale: bool = False
    waited: bool = False


class Fault(msgspec.Struct, frozen=True):
    start: r.FaultStart
    end: r.FaultEnd | None


class Scan(msgspec.Struct):
    """The last read-back: documents in the order in which they were read, and those of a seed by the stretch. `end` is
    None where it broke off.
    """

    start: r.ScanStart
    documents: list[r.Document] = []
    seeds: list[r.SeedsRead] = []
    end: r.ScanEnd | None = None

    @property
    def count(self) -> int:
        """How many documents were read."""
        return len(self.documents) + sum(stretch.count for stretch in self.seeds)


class History(msgspec.Struct):
    """A run as recorded.

    ops are in the order of invocation, those of all shards together. plan: what the whole workload was asked to do.
    course: what the runner noted of the experiment's course (steady state, activities, the end).
    unclosed: files that their writer did not close, so that lines may be missing. torn: those of them whose last line
    was dropped. damage: what else could not be read, or contradicts itself. run_crc32: of run.json as it was read.
    """

    run: r.Run
    run_crc32: int = 0
    plan: r.Plan | None = None
    ops: list[Op] = []
    ops_notes: list[r.Note] = []
    cluster: list[r.ClusterEvent] = []
    cluster_notes: list[r.Note] = []
    faults: list[Fault] = []
    course: list[r.Note] = []
    seeded: list[r.Seeded] = []
    scan: Scan | None = None
    unclosed: list[str] = []
    torn: list[str] = []
    damage: list[str] = []
