"""Fate of every write, exactly one each, from what was recorded of it and what is in the database afterwards.

acknowledged   kept: there once, as it was written. LOST: not there. ALTERED: there once, with other content.
               DUPLICATED: there more than once, whatever the content
unknown        recovered: there, as it was written. absent: not
failed         rejected: not there. APPLIED: there, in whatever number and content
phantom        a document with the run's marker that none of these accounts for: no write named its key, or an unknown
               write accounts for one copy with its own content and this is another

A loss is a suffix when, before each loss event, it took the newest acknowledgements and no others. The loss events are
the outages that the faults caused: what was acknowledged after an outage is another matter than what was before it. It
is a hole when a write survived that was sent after a lost one had been acknowledged; of writes that overlapped nobody
can tell which one the database took first, nor on which side of a loss one was that was acknowledged or sent within the
outage, or that was sent before it and answered when it may have been over: its client may have waited.

A read is stale when it was answered without what a write had been acknowledged with before the read was sent, although
that write is there afterwards. One that misses a LOST or ALTERED write only bears witness to that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from chaosmongo.history import Op
from chaosmongo.history.quantities import counted, listed
from chaosmongo.history.records import LANES, Document
from chaosmongo.history.results import LISTED, Durability, Finding, Loss, StaleRead

from .check import Checked
from .evidence import Evidence

Fate = Literal["kept", "lost", "altered", "duplicated", "recovered", "absent", "rejected", "applied"]
Copies = dict[str, list[str]]
"""Digests of all documents that bear a key."""


class KeyReused(Exception):
    """Two writes name the same key, so no document can be told to be the one's or the other's."""


def check(evidence: Evidence) -> Checked[Durability | None]:
    if evidence.unread:
        return _cannot_say(evidence.unread)
    if evidence.damaged("ops"):
        return _cannot_say("the record of the operations is damaged")
    try:
        durability = examine(evidence, evidence.documents)
    except KeyReused as error:
        return _cannot_say(str(error))
    if durability.phantoms and (evidence.cut_off("ops") or not durability.writes):
        return _cannot_say(f"{_phantoms_told(durability)}, but the record of the operations is not whole")
    return Checked(durability, _finding(durability, evidence.history.run.objectives.rpo_writes))


def _cannot_say(why: str) -> Checked[Durability | None]:
    return Checked(None, Finding("durability", "unknown", f"nobody can say what was lost: {why}"))


def examine(evidence: Evidence, documents: Iterable[Document]) -> Durability:
    """Raises KeyReused."""
    writes = [op for op in evidence.history.ops if op.f == "write"]
    copies = _copies(documents, evidence.history.run.marker)
    fates = {op.op: fate(op, copies.get(op.key, [])) for op in writes}
    by_fate: dict[str, list[Op]] = {}
    for op in writes:
        by_fate.setdefault(fates[op.op], []).append(op)
    phantoms = _phantoms(writes, copies)
    acknowledged = [op for op in writes if op.outcome == "ok"]
    lost = by_fate.get("lost", [])
    stale = _stale(evidence.history.ops, writes, fates)
    return Durability(
        writes=len(writes),
        **{name: len(by_fate.get(name, [])) for name in _FATES},
        phantoms=len(phantoms),
        stale_reads=len(stale),
        shape=_shape(acknowledged, {op.op for op in lost}, _loss_events(evidence)),
        rpa_ns=_recovery_point(acknowledged, fates, evidence.fault_ns) if lost else None,
        lost_writes=_losses(lost),
        altered_writes=_losses(by_fate.get("altered", [])),
        duplicated_writes=_losses(by_fate.get("duplicated", [])),
        applied_keys=[op.key for op in by_fate.get("applied", [])][:LISTED],
        phantom_keys=phantoms[:LISTED],
        stale_reads_seen=[StaleRead(op.key, op.lane, op.sent_ns) for op in stale[:LISTED]],
    )


_FATES: tuple[Fate, ...] = ("kept", "lost", "altered", "duplicated", "recovered", "absent", "rejected", "applied")


def fate(op: Op, digests: Sequence[str]) -> Fate:
    """The fate of a write, given the digests of all documents that bear its key."""
    if op.outcome == "fail":
        return "applied" if digests else "rejected"
    if op.outcome == "info":
        return "recovered" if op.digest in digests else "absent"
    if not digests:
        return "lost"
    if len(digests) > 1:
        return "duplicated"
    return "kept" if digests[0] == op.digest else "altered"


def _copies(documents: Iterable[Document], marker: str) -> Copies:
    copies: Copies = {}
    for document in documents:
        if document.key.startswith(marker):
            copies.setdefault(document.key, []).append(document.digest)
    return copies


def _phantoms(writes: Sequence[Op], copies: Copies) -> list[str]:
    """Keys of the documents that nobody wrote, one for each document."""
    known = {op.key: op for op in writes}
    if len(known) < len(writes):
        key, times = Counter(op.key for op in writes).most_common(1)[0]
        raise KeyReused(f"{times} writes on record have the key {key!r}")
    phantoms = []
    for key, digests in copies.items():
        op = known.get(key)
        if op is None:
            phantoms += [key] * len(digests)
        elif op.outcome == "info":
            phantoms += [key] * (len(digests) - (op.digest in digests))
    return phantoms


def _stale(ops: Iterable[Op], writes: Sequence[Op], fates: dict[int, Fate]) -> list[Op]:
    acknowledged = {op.key: op for op in writes if op.outcome == "ok"}

    def ought_to_show(read: Op) -> bool:
        write = acknowledged.get(read.key)
        return write is not None and write.done_ns <= read.sent_ns and fates[write.op] in ("kept", "duplicated")

    return [op for op in ops if op.stale and ought_to_show(op)]


class _LossEvent(NamedTuple):
    """An outage that a fault caused, in which what was lost was lost.

    When it may have begun, when the last operation was sent that failed, and when it was over at the latest.
    """

    lo_ns: int
    failing_ns: int
    hi_ns: int


def _loss_events(evidence: Evidence) -> list[_LossEvent]:
    """As the lane nearest to the server saw them."""
    caused = next(filter(None, map(evidence.caused, LANES)), [])
    return [
        _LossEvent(
            max(w.start.lo_ns, evidence.fault_ns or 0),
            w.last_failure_ns,
            evidence.end_ns if w.end is None else w.end.hi_ns,
        )
        for w in caused
    ]


def _shape(
    acknowledged: Sequence[Op], lost: set[int], events: Sequence[_LossEvent]
) -> Literal["none", "suffix", "hole"]:
    """A hole needs a lost write and a surviving one sent after its acknowledgement with no loss event between them."""
    if not lost:
        return "none"
    placed = [op for op in acknowledged if not any(_waited_through(op, event) for event in events)]
    first_lost_ns: dict[int, int] = {}
    for op in placed:
        era = _era(op.done_ns, events)
        if op.op in lost and era is not None:
            first_lost_ns[era] = min(op.done_ns, first_lost_ns.get(era, op.done_ns))
    for op in placed:
        era = _era(op.sent_ns, events)
        if op.op not in lost and era in first_lost_ns and op.sent_ns > first_lost_ns[era]:
            return "hole"
    return "suffix"


def _waited_through(op: Op, event: _LossEvent) -> bool:
    """Whether the one server or the next one may have answered it."""
    return op.sent_ns <= event.lo_ns and op.done_ns > event.failing_ns


def _era(moment_ns: int, events: Sequence[_LossEvent]) -> int | None:
    """After how many loss events the moment is; None within one, where nobody can tell on which side."""
    if any(event.lo_ns < moment_ns <= event.hi_ns for event in events):
        return None
    return sum(event.hi_ns < moment_ns for event in events)


def _recovery_point(acknowledged: Sequence[Op], fates: dict[int, Fate], fault_ns: int | None) -> int | None:
    """From the last surviving acknowledgement before the fault to the fault; with no survivor, from the first write."""
    if fault_ns is None:
        return None
    before = [op for op in acknowledged if op.done_ns <= fault_ns]
    survived = [op.done_ns for op in before if fates[op.op] != "lost"]
    last_ns = max(survived) if survived else min((op.sent_ns for op in before), default=fault_ns)
    return fault_ns - last_ns


def _losses(ops: Iterable[Op]) -> list[Loss]:
    ordered = sorted(ops, key=lambda op: (op.done_ns, op.op))
    return [Loss(op.key, op.lane, op.done_ns) for op in ordered[:LISTED]]


def _finding(found: Durability, allowed: int) -> Finding:
    acknowledged = found.kept + found.lost + found.altered + found.duplicated
    wrong = _wrong(found)
    if found.lost > allowed or wrong:
        return Finding("durability", "failed", "; ".join([_told(found, acknowledged), *wrong]))
    if not acknowledged:
        return Finding("durability", "unknown", "no write was acknowledged, so none could be lost")
    within = f", {allowed:,} allowed" if found.lost else ""
    return Finding("durability", "passed", _told(found, acknowledged) + within)


def _wrong(found: Durability) -> list[str]:
    """What no objective allows."""
    told = [
        (found.altered, "acknowledged write", "altered", [loss.key for loss in found.altered_writes]),
        (found.duplicated, "acknowledged write", "duplicated", [loss.key for loss in found.duplicated_writes]),
        (found.applied, "failed write", "applied all the same", found.applied_keys),
        (
            found.stale_reads,
            "read",
            "stale: without what had been acknowledged before",
            [read.key for read in found.stale_reads_seen],
        ),
    ]
    wrong = [f"{counted(number, noun)} {what} ({listed(keys, number)})" for number, noun, what, keys in told if number]
    return [*wrong, _phantoms_told(found)] if found.phantoms else wrong


def _phantoms_told(found: Durability) -> str:
    return f"{counted(found.phantoms, 'document')} that nobody wrote ({listed(found.phantom_keys, found.phantoms)})"


def _told(found: Durability, acknowledged: int) -> str:
    if not found.lost:
        return f"{counted(acknowledged, 'acknowledged write')}, none lost"
    how = "the newest before the outage" if found.shape == "suffix" else "with a HOLE: later ones survived"
    names = listed([loss.key for loss in found.lost_writes], found.lost)
    return f"{found.lost:,} of {counted(acknowledged, 'acknowledged write')} LOST, {how} ({names})"
