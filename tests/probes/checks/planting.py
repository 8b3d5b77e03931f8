"""Findings planted in clean records, and what a judge must make of each.

    kind = random.choice(KINDS); planted = plant(kind, seed); assert problem(planted, judged) == ""

Each plants `k` of its kind (1 to 5) where it can happen: losses among what was acknowledged before the outage, applied
writes among those that failed. What the plant makes untrue elsewhere is made true again: later reads of what was
lost miss it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaosmongo.history import records as r
from chaosmongo.history.results import Durability, Verdict

from .histories import MARKER
from .recorded import Recorded, made


@dataclass
class Planted:
    """A record and what is in it. keys: of the documents that the finding must name; shape: that of a loss.

    file: whose bytes were spoilt when it was written, so that nothing may be found but that.
    """

    kind: str
    record: Recorded
    keys: set[str] = field(default_factory=set)
    shape: str = "none"
    file: str = ""
    spoil: Callable[[bytes], bytes] | None = None

    def write(self, directory: Path) -> Path:
        self.record.write(directory)
        if self.spoil is not None:
            path = directory / self.file
            path.write_bytes(self.spoil(path.read_bytes()))
        return directory


def plant(kind: str, seed: int) -> Planted:
    record, chance = made(seed), random.Random(f"{kind} {seed}")
    return _PLANTS[kind](record, chance)


def problem(planted: Planted, verdict: Verdict) -> str:
    """What is wrong with the verdict; "" where it finds exactly what was planted."""
    found = {finding.check: finding.verdict for finding in verdict.findings}
    if planted.file:
        told = next(finding.summary for finding in verdict.findings if finding.check == "validity")
        if "failed" in found.values() or verdict.verdict != "unknown" or planted.file not in told:
            return f"{planted.file} was spoilt: {verdict.sentence}"
        return ""
    others = {check: answer for check, answer in found.items() if check != "durability" and answer != "passed"}
    if verdict.durability is None or found["durability"] != "failed" or others:
        return f"{planted.kind}: {verdict.sentence}"
    expected = {name: set[str]() for name in _NAMED} | {_NAME_OF[planted.kind]: planted.keys}
    keys = {name: look(verdict.durability) for name, look in _NAMED.items()}
    numbers = {name: getattr(verdict.durability, name) for name in _NAMED}
    if keys != expected or numbers != {name: len(these) for name, these in expected.items()}:
        return f"{planted.kind}: {sorted(planted.keys)} were planted; found {keys}, {numbers}"
    if verdict.durability.shape != planted.shape:
        return f"{planted.kind}: the shape is {verdict.durability.shape}"
    return ""


_NAMED: dict[str, Callable[[Durability], set[str]]] = {
    "lost": lambda found: {loss.key for loss in found.lost_writes},
    "altered": lambda found: {loss.key for loss in found.altered_writes},
    "duplicated": lambda found: {loss.key for loss in found.duplicated_writes},
    "applied": lambda found: set(found.applied_keys),
    "phantoms": lambda found: set(found.phantom_keys),
    "stale_reads": lambda found: {read.key for read in found.stale_reads_seen},
}
_NAME_OF = {
    "lost suffix": "lost",
    "hole": "lost",
    "altered": "altered",
    "duplicated": "duplicated",
    "phantom": "phantoms",
    "stale read": "stale_reads",
    "failed but applied": "applied",
}


def _lost_suffix(record: Recorded, chance: random.Random) -> Planted:
    keys = [key for _, _, key in _acknowledged_before_outage(record)][-chance.randint(1, 5) :]
    return _without(record, set(keys), Planted("lost suffix", record, set(keys), "suffix"))


def _hole(record: Recorded, chance: random.Random) -> Planted:
    """At least one survivor was sent after one of the lost had been acknowledged."""
    before = _acknowledged_before_outage(record)
    keys = {key for _, _, key in chance.sample(before[: len(before) * 3 // 4], chance.randint(1, 5))}
    return _without(record, keys, Planted("hole", record, keys, "hole"))


def _altered(record: Recorded, chance: random.Random) -> Planted:
    keys = _some(record, chance)
    record.documents = [r.Document(d.key, "other" if d.key in keys else d.digest) for d in record.documents]
    _miss(record, keys)
    return Planted("altered", record, keys)


def _duplicated(record: Recorded, chance: random.Random) -> Planted:
    keys = _some(record, chance)
    record.documents += [document for document in record.documents if document.key in keys]
    return Planted("duplicated", record, keys)


def _phantom(record: Recorded, chance: random.Random) -> Planted:
    keys = {f"{MARKER}{chance.choice('sdu')}{number}" for number in chance.sample(range(10**6, 2 * 10**6), 3)}
    record.documents += [r.Document(key, "nobody's") for key in sorted(keys)]
    return Planted("phantom", record, keys)


def _stale_read(record: Recorded, chance: random.Random) -> Planted:
    ended = record.completions()
    reads = {one.key: one.op for one in record.invocations("read") if one.key and isinstance(ended[one.op], r.Ok)}
    keys = chance.sample(sorted(reads), chance.randint(1, 5))
    _turn_stale(record, {reads[key] for key in keys})
    return Planted("stale read", record, set(keys))


def _failed_but_applied(record: Recorded, chance: random.Random) -> Planted:
    ended = record.completions()
    failed = [one for one in record.invocations("write") if isinstance(ended[one.op], r.Fail)]
    if not failed:  # a host that is silent refuses nothing: some of what it gave up on was never sent
        failed = [one for one in record.invocations("write") if isinstance(ended[one.op], r.Info)]
        there = {document.key for document in record.documents}
        failed = [one for one in failed if one.key not in there]
        for one in failed:
            done = ended[one.op]
            record.ops[record.ops.index(done)] = r.Fail(one.op, done.sent_ns, done.done_ns, "refused")
    applied = chance.sample(failed, min(len(failed), chance.randint(1, 5)))
    record.documents += [r.Document(one.key, one.digest) for one in applied]
    return Planted("failed but applied", record, {one.key for one in applied})


def _torn(record: Recorded, chance: random.Random) -> Planted:
    """The writer died: the file ends anywhere in its last 4 KiB."""
    planted = Planted("torn record", record, file=_some_file(record, chance))
    lost = chance.randint(1, 4096)
    planted.spoil = lambda data: data[: max(1, len(data) - lost)]
    return planted


def _damaged(record: Recorded, chance: random.Random) -> Planted:
    """One byte is another one, or whole lines are missing, anywhere but at the end."""
    planted = Planted("damaged record", record, file=_some_file(record, chance))
    where, whole_lines, count = chance.random(), chance.random() < 0.5, chance.randint(1, 3)

    def one_byte(data: bytes) -> bytes:
        at = int(where * (len(data) - 1))
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    def lines(data: bytes) -> bytes:
        kept = data.splitlines(keepends=True)
        first = 1 + int(where * max(0, len(kept) - 2 - count))
        del kept[first : min(first + count, len(kept) - 1)]
        return b"".join(kept)

    planted.spoil = lines if whole_lines else one_byte
    return planted


_PLANTS: dict[str, Callable[[Recorded, random.Random], Planted]] = {
    "lost suffix": _lost_suffix,
    "hole": _hole,
    "altered": _altered,
    "duplicated": _duplicated,
    "phantom": _phantom,
    "stale read": _stale_read,
    "failed but applied": _failed_but_applied,
    "torn record": _torn,
    "damaged record": _damaged,
}
KINDS = tuple(_PLANTS)


def _acknowledged_before_outage(record: Recorded) -> list[tuple[int, int, str]]:
    """(acknowledged at, sent at, key), in the order of acknowledgement."""
    ended = record.completions()
    writes = [(ended[one.op], one.key) for one in record.invocations("write")]
    return sorted(
        (done.done_ns, done.sent_ns, key)
        for done, key in writes
        if isinstance(done, r.Ok) and done.done_ns <= record.down_ns
    )


def _some(record: Recorded, chance: random.Random) -> set[str]:
    """Acknowledged writes from anywhere in the run."""
    ended = record.completions()
    keys = [one.key for one in record.invocations("write") if isinstance(ended[one.op], r.Ok)]
    return set(chance.sample(keys, chance.randint(1, 5)))


def _some_file(record: Recorded, chance: random.Random) -> str:
    files = ["ops.jsonl", "faults.jsonl", "readback.jsonl", *(["cluster.jsonl"] if record.cluster else [])]
    return chance.choice(files)


def _without(record: Recorded, keys: set[str], planted: Planted) -> Planted:
    record.documents = [document for document in record.documents if document.key not in keys]
    _miss(record, keys)
    return planted


def _miss(record: Recorded, keys: set[str]) -> None:
    """After the fault no read shows these any more."""
    ended = record.completions()
    start_ns = next(one.time_ns for one in record.faults if isinstance(one, r.FaultStart))
    _turn_stale(
        record,
        {
            one.op
            for one in record.invocations("read")
            if one.key in keys and isinstance(ended[one.op], r.Ok) and one.due_ns > start_ns
        },
    )


def _turn_stale(record: Recorded, ops: set[int]) -> None:
    record.ops = [
        r.Info(one.op, one.sent_ns, one.done_ns, "answered without it", stale=True)
        if isinstance(one, r.Ok) and one.op in ops
        else one
        for one in record.ops
    ]
