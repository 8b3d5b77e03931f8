"""Whole records of runs that were made up, but not tidied up: what a workload of three lanes would have written.

The server is up but for one outage. Around it there is what real runs have: lateness, answers that overtake each other,
stalls that end before the deadline, operations cut off in the middle that were executed or not, a driver and an
application that find the server late, reads of what was acknowledged before, scores that another run had seeded.
Nothing is lost: a check that finds anything but the outage raises a false alarm.

Everything goes through the real writers and readers. The same seed gives the same record.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from chaosmongo import scores
from chaosmongo.history import RunDirectory, Writer, write_whole
from chaosmongo.history import records as r

from .histories import IN_CLUSTER, MONGO_0, MS, SERVER_PROCESS, T0, at, claim, event, listing, pod, run

DEADLINE_MS = 1000.0
OBJECTIVES = r.Objectives({"server": 30.0, "driver": 30.0, "user": 30.0})
READS_BEGIN_MS = 1000.0
STALL_MS = 400.0


@dataclass
class Recorded:
    """The records of each file, in the order in which they are written. down_ns: the truth, when the outage began."""

    run: r.Run
    ops: list[msgspec.Struct]
    cluster: list[r.ClusterEvent]
    faults: list[msgspec.Struct]
    seeded: list[r.Seeded]
    scan_ns: int
    documents: list[r.Document]
    down_ns: int

    def write(self, directory: Path) -> Path:
        """Writes it as a run does; the directory."""
        place, name = RunDirectory(directory), self.run.run
        run_crc32 = write_whole(place.run, self.run)
        readback = [*self.seeded, r.ScanStart(self.scan_ns), *self.documents]
        readback.append(r.ScanEnd(self.scan_ns + MS, len(self.documents)))
        files: list[tuple[Path, str, Iterable[msgspec.Struct]]] = [
            (place.ops, "ops", self.ops),
            (place.faults, "faults", self.faults),
            (place.readback, "readback", readback),
        ]
        if self.cluster:
            files.append((place.cluster, "cluster", self.cluster))
        for path, kind, records in files:
            with Writer(path, kind, name, run_crc32 if kind == "faults" else msgspec.UNSET) as writer:
                writer.write(*records)
        return directory

    def completions(self) -> dict[int, msgspec.Struct]:
        return {one.op: one for one in self.ops if isinstance(one, r.Ok | r.Fail | r.Info)}

    def invocations(self, f: str) -> list[r.Invoke]:
        return [one for one in self.ops if isinstance(one, r.Invoke) and one.f == f]


@dataclass
class _Lane:
    """Rates by function; how long answers take; for how long the lane does not find a server that is back."""

    rates: dict[str, float]
    latency_ms: float
    finds_late_ms: float = 0.0


@dataclass
class _Making:
    chance: random.Random
    begin_ms: float
    down_ms: float
    up_ms: float
    end_ms: float
    stall_ms: float
    refuses: bool
    lanes: dict[str, _Lane]
    number: int = 0
    timed: list[tuple[float, int, msgspec.Struct]] = field(default_factory=list)
    acknowledged: list[tuple[float, str, str]] = field(default_factory=list)
    there: list[r.Document] = field(default_factory=list)

    def perform(self, lane: str, f: str, due_ms: float) -> None:
        self.number += 1
        key, digest = self._subject(lane, f, due_ms)
        self._tell(due_ms - 60, r.Invoke(self.number, lane, f, at(due_ms), key, digest))  # type: ignore[arg-type]
        if f == "read" and lane != "user" and not key:
            self._tell(due_ms, r.Fail(self.number, 0, at(due_ms), "not sent: nothing acknowledged yet"))
            return
        sent = due_ms + min(self.chance.expovariate(10), 2.0)
        done, outcome, executed = self._answered(lane, sent)
        if f == "write" and executed:
            self.there.append(r.Document(key, digest))
        if f == "write" and isinstance(outcome, r.Ok):
            self.acknowledged.append((done, key, digest))
        self._tell(done, outcome)

    def _subject(self, lane: str, f: str, due_ms: float) -> tuple[str, str]:
        if f == "write":
            key = f"{run().marker}{lane[0]}{self.number}"
            return key, scores.digest(scores.workload_score(key, self.number))
        known = [(key, digest) for done, key, digest in self.acknowledged if done < due_ms - 80]
        return self.chance.choice(known) if f == "read" and lane != "user" and known else ("", "")

    def _answered(self, lane: str, sent: float) -> tuple[float, r.Ok | r.Fail | r.Info, bool]:
        """When the answer came, which it was, and whether the server executed the operation."""
        number, mine = self.number, self.lanes[lane]
        latency = mine.latency_ms * self.chance.lognormvariate(0, 0.5)
        latency += 60 * self.chance.random() if self.chance.random() < 0.01 else 0
        if self.stall_ms <= sent < self.stall_ms + STALL_MS:
            latency += self.stall_ms + STALL_MS - sent
        at_server = sent + latency / 2
        if at_server < self.down_ms or sent >= self.up_ms + mine.finds_late_ms:
            if sent + latency < self.down_ms or sent >= self.up_ms:
                return sent + latency, r.Ok(number, at(sent), at(sent + latency)), True
            return self._cut_off(sent, executed=True)  # it was executed, and the answer never came
        if sent < self.down_ms:
            return self._cut_off(sent, executed=False)
        if not self.refuses:
            return self._gave_up(sent)
        done = sent + self.chance.uniform(0.05, 0.6)
        return done, r.Fail(number, at(sent), at(done), "ConnectionRefusedError"), False

    def _cut_off(self, sent: float, executed: bool) -> tuple[float, r.Info, bool]:
        if not self.refuses:
            return self._gave_up(sent, executed)
        done = max(sent, self.down_ms) + self.chance.uniform(0.01, 0.5)
        return done, r.Info(self.number, at(sent), at(done), "ConnectionResetError"), executed

    def _gave_up(self, sent: float, executed: bool = False) -> tuple[float, r.Info, bool]:
        """A host that is silent; what was sent to it may be executed when nobody waits for it any more."""
        done = sent + DEADLINE_MS + self.chance.uniform(0, 2)
        late = executed or self.chance.random() < 0.05
        return done, r.Info(self.number, at(sent), at(done), "timed out"), late

    def _tell(self, when_ms: float, record: msgspec.Struct) -> None:
        self.timed.append((when_ms, len(self.timed), record))


def made(seed: int) -> Recorded:
    """A clean run; the fault is at 0 ms."""
    chance = random.Random(seed)
    down_ms = chance.uniform(20, 400)
    making = _Making(
        chance,
        begin_ms=-chance.uniform(3000, 5000),
        down_ms=down_ms,
        up_ms=down_ms + chance.uniform(300, 3000),
        end_ms=0,
        stall_ms=chance.uniform(-2500, -1000),
        refuses=chance.random() < 0.7,
        lanes={
            "server": _Lane({"hello": chance.choice([40.0, 100.0]), "write": 15.0, "read": 4.0}, 0.8),
            "driver": _Lane({"write": 12.0, "read": 4.0}, 2.5, chance.uniform(0, 500)),
            "user": _Lane({"write": 8.0, "read": 4.0}, 9.0, chance.uniform(0, 800)),
        },
    )
    making.end_ms = making.up_ms + 900 + chance.uniform(3500, 5000)
    for due_ms, lane, f in sorted(_schedule(making)):
        making.perform(lane, f, due_ms)
    return _recorded(making, chance)


def _schedule(making: _Making) -> Iterable[tuple[float, str, str]]:
    for lane, mine in making.lanes.items():
        for f, rate in mine.rates.items():
            due = making.begin_ms + making.chance.random() * 1000 / rate + (READS_BEGIN_MS if f == "read" else 0)
            while due < making.end_ms:
                yield due, lane, f
                due += 1000 / rate


def _recorded(making: _Making, chance: random.Random) -> Recorded:
    clustered, over_ms = chance.random() < 0.5, making.end_ms + 1600
    plans = {lane: r.LanePlan(mine.rates, DEADLINE_MS / 1000, "pod") for lane, mine in making.lanes.items()}
    seed, count, more = chance.randrange(100), chance.randrange(5, 30), chance.choice([0, 0, 3])
    seeds = [r.Document(score["name"], scores.digest(score)) for score in scores.seeded(seed, count + more)]
    documents = [*making.there, *seeds]
    chance.shuffle(documents)
    return Recorded(
        run=msgspec.structs.replace(IN_CLUSTER if clustered else run(), objectives=OBJECTIVES),
        ops=[
            r.Plan(at(making.begin_ms - 100), plans, {"w": 1, "j": True}, chance.random() < 0.5, 64),
            *(record for _, _, record in sorted(making.timed, key=lambda one: one[:2])),
            r.Note(at(over_ms), "stopped", {"reason": "told to"}),
        ],
        cluster=_cluster(making) if clustered else [],
        faults=[
            r.FaultStart(1, "delete_pod", T0, [MONGO_0 if clustered else SERVER_PROCESS], "replaced"),
            r.FaultEnd(1, at(15)),
            r.Note(at(over_ms + 500), "hypothesis", {"met": True, "probes": []}),
            r.Note(at(over_ms + 600), "ended", {"status": "completed", "deviated": False}),
        ],
        seeded=[r.Seeded(at(making.begin_ms - 500), seed, count, more)],
        scan_ns=at(over_ms + 100),
        documents=documents,
        down_ns=at(making.down_ms),
    )


def _cluster(making: _Making) -> list[r.ClusterEvent]:
    """mongo-0 is deleted gracefully and comes back on its volume."""
    down, up = making.down_ms, making.up_ms
    step = (up - down) / 10
    new = {"started": "2026-01-01T00:00:10Z"}
    return [
        listing(making.begin_ms - 900, pod("old")),
        listing(making.begin_ms - 900, claim("pv-1"), resource="persistentvolumeclaims"),
        event(10, "MODIFIED", pod("old", deleting=True)),
        event(down + step, "MODIFIED", pod("old", state="terminated", deleting=True)),
        event(down + 2 * step, "DELETED", pod("old", state="terminated", deleting=True)),
        event(down + 3 * step, "ADDED", pod("new", node="", state=None)),
        event(down + 4 * step, "MODIFIED", pod("new", state=None)),
        event(down + 8 * step, "MODIFIED", pod("new", ready=False, **new)),
        event(up + 300, "MODIFIED", pod("new", **new)),
    ]
