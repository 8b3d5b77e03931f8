"""From the files of the workload's shards to its operations, in the order of invocation.

Each shard records its own share (`Plan.shard` of `Plan.shards`); together they are one workload. What contradicts
itself is damage: an operation that ends twice or before it began, a clock that runs backwards, a shard that is missing.
"""

from pathlib import Path

import msgspec

from . import records as r
from .lines import lines
from .model import History, Op
from .rundir import RunDirectory

EARLY_NS = 1_000_000
"""An operation that was sent this much before it was due was not sent by this clock."""


class _Shard(msgspec.Struct):
    """What one file holds. contradictions: of each kind, the operations that show it."""

    file: str
    plan: r.Plan | None = None
    ops: list[Op] = []
    notes: list[r.Note] = []
    contradictions: dict[str, list[int]] = {}

    @property
    def stopped(self) -> bool:
        return any(note.what == "stopped" for note in self.notes)

    def contradicts(self, op: int, what: str) -> None:
        self.contradictions.setdefault(what, []).append(op)

    def damage(self) -> list[str]:
        return [
            f"{self.file}: operation {ops[0]} {what}" + (f", and {len(ops) - 1:,} more" if len(ops) > 1 else "")
            for what, ops in self.contradictions.items()
        ]


def read_operations(directory: RunDirectory, history: History) -> None:
    """Fills in plan, ops and ops_notes. Raises NewerFormat, RecordError."""
    shards = [_read_shard(file, history) for file in directory.ops_files()]
    for shard in shards:
        history.damage += shard.damage()
    history.plan = next((shard.plan for shard in shards if shard.plan is not None), None)
    if history.plan is not None:
        history.damage += _gaps(directory, shards, history.plan)
    if len(shards) == 1:
        history.ops, history.ops_notes = shards[0].ops, shards[0].notes
    else:
        history.ops = sorted((op for shard in shards for op in shard.ops), key=lambda op: op.due_ns)
        history.ops_notes = sorted((note for shard in shards for note in shard.notes), key=lambda note: note.time_ns)
    history.damage += _twice(history.ops)


def _gaps(directory: RunDirectory, shards: list[_Shard], plan: r.Plan) -> list[str]:
    """What is missing of the whole workload, or is none of it."""
    expected = {directory.shard(number, plan.shards).name: number for number in range(max(1, plan.shards))}
    found = {shard.file for shard in shards}
    named = f"of the workload's {plan.shards} shards"
    gaps = [f"{file} is missing: shard {number} {named}" for file, number in expected.items() if file not in found]
    gaps += [f"{file} is none {named}" for file in sorted(found - set(expected))]
    for shard in shards:
        if shard.plan is not None and _whole(shard.plan) != _whole(plan):
            gaps.append(f"{shard.file} was recorded under another plan than {shards[0].file}")
        elif shard.plan is not None and shard.file in expected and shard.plan.shard != expected[shard.file]:
            gaps.append(f"{shard.file} says that it is shard {shard.plan.shard} {named}")
        elif plan.shards > 1 and shard.plan is None:
            gaps.append(f"{shard.file} holds no plan: nobody knows what this shard was asked to do")
        elif plan.shards > 1 and not shard.stopped:
            gaps.append(f"{shard.file}: this shard did not close its record")
    return gaps


def _whole(plan: r.Plan) -> r.Plan:
    """The plan of the whole workload, less what is each shard's own."""
    return msgspec.structs.replace(plan, time_ns=0, shard=0)


def _twice(ops: list[Op]) -> list[str]:
    """Operation numbers that were used twice. Numbers that only rise cannot repeat, which is quickly seen."""
    before = None
    for op in ops:
        if before is not None and op.op <= before:
            break
        before = op.op
    else:
        return []
    repeated = len(ops) - len({op.op for op in ops})
    return [f"{repeated:,} operations bear the number of another one"] if repeated else []


def _read_shard(file: Path, history: History) -> _Shard:
    shard = _Shard(file.name)
    pending: dict[int, Op] = {}
    ops, texts = shard.ops, dict[str, str]()
    due_ns: int | None = None
    for record in lines(file, r.OpsLine, history):
        kind = type(record)
        if kind is r.Invoke:
            op = Op(record.op, record.lane, record.f, record.due_ns, record.key, record.digest)
            pending[record.op] = op
            ops.append(op)
            if due_ns is not None and record.due_ns < due_ns:
                shard.contradicts(record.op, "was due before the one that was begun before it")
            due_ns = record.due_ns
        elif kind is r.Plan:
            if shard.plan is not None:
                history.damage.append(f"{file.name} holds more than one plan")
            shard.plan = record
        elif kind is r.Note:
            shard.notes.append(record)
        else:
            _complete(pending.pop(record.op, None), record, shard, texts)
    return shard


def _complete(op: Op | None, record: r.Ok | r.Fail | r.Info, shard: _Shard, texts: dict[str, str]) -> None:
    """texts: every error seen so far, so that one that repeats is kept once."""
    if op is None:
        shard.contradicts(record.op, "is completed but was not begun, or is completed twice")
        return
    op.sent_ns, op.done_ns = record.sent_ns, record.done_ns
    if isinstance(record, r.Ok):
        op.outcome, op.error = "ok", ""
    elif isinstance(record, r.Fail):
        op.outcome, op.waited = "fail", record.waited
        op.error = texts.setdefault(record.error, record.error)
    else:
        op.outcome, op.stale = "info", record.stale
        op.error = texts.setdefault(record.error, record.error)
    if op.sent_ns or op.outcome != "fail":
        if op.done_ns < op.sent_ns:
            shard.contradicts(op.op, "ended before it was sent")
        if op.sent_ns < op.due_ns - EARLY_NS:
            shard.contradicts(op.op, "was sent before it was due")
