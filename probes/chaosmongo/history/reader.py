"""From a run directory to a `History`: everything that was recorded, in memory, ready to be judged.

A torn last line (the writer died in the middle of it) is dropped and counted. Anything else that cannot be read is
damage: it is named, and the run's verdict can then not be better than unknown.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from . import records as r
from .errors import NewerFormat, NotARun, RecordError
from .results import Verdict
from .rundir import RunDirectory

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
    """The last read-back: documents in the order in which they were read. `end` is None where it broke off."""

    start: r.ScanStart
    documents: list[r.Document] = []
    end: r.ScanEnd | None = None


class History(msgspec.Struct):
    """A run as recorded.

    ops are in the order of invocation. course: what the runner noted of the experiment's course (steady state,
    activities that failed, the end). torn: files whose last line was dropped. damage: what else could not be read.
    """

    run: r.Run
    plan: r.Plan | None = None
    ops: list[Op] = []
    ops_notes: list[r.Note] = []
    cluster: list[r.ClusterEvent] = []
    cluster_notes: list[r.Note] = []
    faults: list[Fault] = []
    course: list[r.Note] = []
    seeded: list[r.Seeded] = []
    scan: Scan | None = None
    torn: list[str] = []
    damage: list[str] = []


def read_run(path: Path) -> r.Run:
    """run.json of the directory at `path`. Raises NotARun or NewerFormat with a message for a person."""
    directory = RunDirectory(path)
    try:
        data = directory.run.read_bytes()
    except OSError as error:
        raise NotARun(
            f"{path} is no run directory: {directory.run.name} cannot be read ({error.strerror}). "
            "Give the directory that `chaos run` named, like runs/mongo-pod-delete/20260101T120000Z"
        ) from None
    _refuse_newer(data, directory.run)
    try:
        return msgspec.json.decode(data, type=r.Run)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotARun(f"{directory.run} is damaged: {error}") from None


def read_verdict(path: Path) -> Verdict | None:
    """verdict.json of the directory at `path`, or None where the run was never judged."""
    file = RunDirectory(path).verdict
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(f"{file} cannot be read: {error.strerror}") from None
    _refuse_newer(data, file)
    try:
        return msgspec.json.decode(data, type=Verdict)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} is damaged ({error}); judge again with: chaos recovery verdict {path}") from None


def read(path: Path) -> History:
    """The whole record of the run at `path`. Raises NotARun, NewerFormat; what else is wrong stands in the result."""
    history = History(run=read_run(path))
    directory = RunDirectory(path)
    _read_ops(directory.ops, history)
    _read_cluster(directory.cluster, history)
    _read_faults(directory.faults, history)
    _read_readback(directory.readback, history)
    return history


def _refuse_newer(data: bytes, file: Path) -> None:
    class Versioned(msgspec.Struct):
        format: int = 0

    try:
        version = msgspec.json.decode(data, type=Versioned).format
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    if version > r.FORMAT:
        raise NewerFormat(
            f"{file} has format {version}; this version reads up to {r.FORMAT}. Update chaostoolkit-mongodb to read it"
        )


def lines(file: Path, kind: Any, history: History) -> Iterator[Any]:
    """The records of a file, in order, less its header. Notes in `history` what was torn or damaged."""
    if not file.exists():
        return
    decoder = msgspec.json.Decoder(kind)
    seen_header = False
    with file.open("rb") as source:
        for number, line in enumerate(source, 1):
            if not line.endswith(b"\n"):
                history.torn.append(file.name)
                return
            try:
                record = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                _refuse_newer(line, file)
                history.damage.append(f"{file.name} line {number}: {error}")
                continue
            if isinstance(record, r.Header):
                if record.format > r.FORMAT:
                    _refuse_newer(line, file)
                if seen_header or record.run != history.run.run:
                    history.damage.append(f"{file.name} line {number}: records of another run ({record.run})")
                seen_header = True
                continue
            if not seen_header:
                history.damage.append(f"{file.name} line {number}: a record before the header")
                seen_header = True
            yield record


def _read_ops(file: Path, history: History) -> None:
    pending: dict[int, Op] = {}
    for record in lines(file, r.OpsLine, history):
        match record:
            case r.Invoke():
                op = Op(record.op, record.lane, record.f, record.due_ns, record.key, record.digest)
                pending[record.op] = op
                history.ops.append(op)
            case r.Ok() | r.Fail() | r.Info():
                _complete(pending, record, history)
            case r.Plan():
                history.plan = record
            case r.Note():
                history.ops_notes.append(record)


def _complete(pending: dict[int, Op], record: r.Ok | r.Fail | r.Info, history: History) -> None:
    op = pending.pop(record.op, None)
    if op is None:
        history.damage.append(f"ops.jsonl: operation {record.op} is completed but was not begun, or is completed twice")
        return
    op.sent_ns, op.done_ns = record.sent_ns, record.done_ns
    if isinstance(record, r.Ok):
        op.outcome, op.error = "ok", ""
        return
    op.error = record.error
    if isinstance(record, r.Fail):
        op.outcome, op.waited = "fail", record.waited
    else:
        op.outcome, op.stale = "info", record.stale


def _read_cluster(file: Path, history: History) -> None:
    for record in lines(file, r.ClusterLine, history):
        (history.cluster_notes if isinstance(record, r.Note) else history.cluster).append(record)


def _read_faults(file: Path, history: History) -> None:
    starts: dict[int, r.FaultStart] = {}
    ends: dict[int, r.FaultEnd] = {}
    for record in lines(file, r.FaultLine, history):
        if isinstance(record, r.FaultStart):
            starts[record.fault] = record
        elif isinstance(record, r.FaultEnd):
            ends[record.fault] = record
        else:
            history.course.append(record)
    history.faults = [Fault(start, ends.get(number)) for number, start in starts.items()]


def _read_readback(file: Path, history: History) -> None:
    for record in lines(file, r.ReadbackLine, history):
        match record:
            case r.Seeded():
                history.seeded.append(record)
            case r.ScanStart():
                history.scan = Scan(record)
            case r.Document() if history.scan is not None:
                history.scan.documents.append(record)
            case r.ScanEnd() if history.scan is not None:
                history.scan.end = record
            case r.Note():
                continue
            case _:
                history.damage.append(f"{file.name}: a document outside a scan")
