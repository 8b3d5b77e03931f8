"""How long does it take to read and judge a long record, and how much memory?

The record is made here, the same bytes every time: an hour of the default load on all three lanes (a million
operations), one fault with an outage in its middle, and the read-back of every write. It is read and judged in a
process of its own, which tells its time and its largest resident set. The reference decodes the same lines with
msgspec and keeps nothing: no reader of this format can be faster.
"""

import heapq
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from chaosmongo import scores
from chaosmongo.history import RunDirectory, Writer, write_whole
from chaosmongo.history import records as r
from chaosmongo.workload.schedule import Schedule

from benchmarks.harness import Row, extent, keep, median

S = 1_000_000_000
OPERATIONS = 1_000_000
WITHIN_S, WITHIN_MIB = 10, 500
LANES = {
    "server": r.LanePlan({"hello": 200.0, "write": 20.0, "read": 2.0}, 0.5, "pod"),
    "driver": r.LanePlan({"write": 20.0, "read": 2.0}, 0.5, "service"),
    "user": r.LanePlan({"write": 20.0, "read": 2.0}, 0.5, "application"),
}
LATENCY_NS = {"server": 800_000, "driver": 2_500_000, "user": 9_000_000}
OUTAGE_NS = 5 * S
SEED, SEEDED = 42, 1000


def run(quick: bool) -> list[Row]:
    count, repeats = (20_000, 2) if quick else (OPERATIONS, 5)
    with tempfile.TemporaryDirectory(prefix="chaos-record-") as name:
        directory = RunDirectory(Path(name))
        make(directory, count)
        judged = [_measured("judge", directory.path) for _ in range(repeats)]
        bare = [_measured("decode", directory.path) for _ in range(repeats)]
    keep("record", [{"what": what, **one} for what, all_ in (("judge", judged), ("decode", bare)) for one in all_])
    took, reference = [one["seconds"] for one in judged], median([one["seconds"] for one in bare])
    peaks = [one["peak_mib"] for one in judged]
    what = f"{count:,} operations read and judged"
    return [
        Row(
            f"{what}: time",
            f"{median(took):.2f} s",
            f"msgspec decode loop {reference:.2f} s",
            f"{median(took) / reference:.1f}",
            repeats,
            extent(took, "s"),
            f"at most {WITHIN_S} s",
            max(took) <= WITHIN_S,
        ),
        Row(
            f"{what}: peak resident set",
            f"{median(peaks):.0f} MiB",
            n=repeats,
            spread=extent(peaks, "MiB", 0),
            wanted=f"at most {WITHIN_MIB} MiB",
            met=max(peaks) <= WITHIN_MIB,
        ),
    ]


def make(directory: RunDirectory, count: int, outage_ns: int = OUTAGE_NS) -> None:
    """Records a run of `count` operations into an empty directory."""
    rate = sum(sum(plan.rates.values()) for plan in LANES.values())
    fault_ns = S + round(count / rate / 2 * S)
    write_whole(directory.run, _run())
    with Writer(directory.faults, "faults", "bench/1") as faults:
        faults.write(r.FaultStart(1, "kill", fault_ns, [r.Hit("Process", "mongod")], "restarted"))
        faults.write(r.FaultEnd(1, fault_ns + 1_000_000))
        faults.write(r.Note(fault_ns + 3600 * S, "ended", {"status": "completed"}))
    there, end_ns = _ops(directory, count, fault_ns, outage_ns)
    with Writer(directory.readback, "readback", "bench/1") as readback:
        readback.write(r.Seeded(1, SEED, SEEDED, 0), r.ScanStart(end_ns))
        readback.write(*there)
        seeded = [r.Document(score["name"], scores.digest(score)) for score in scores.seeded(SEED, SEEDED)]
        readback.write(*seeded, r.ScanEnd(end_ns + S, len(there) + len(seeded)))


def _ops(directory: RunDirectory, count: int, fault_ns: int, outage_ns: int) -> tuple[list[r.Document], int]:
    """Records the operations as the workload does, tick by tick; what is in the database afterwards, and the end."""
    chance = random.Random(1)
    schedule = Schedule(LANES, S)
    under_way: list[tuple[int, int, r.Ok | r.Fail | r.Info]] = []
    there: list[r.Document] = []
    tick_ns, number = S, 0
    with Writer(directory.ops, "ops", "bench/1") as ops:
        ops.write(r.Plan(S, LANES, {}, False, 256))
        while number < count:
            tick_ns += 20_000_000
            ended = list(_ended(under_way, tick_ns))
            invoked = []
            for due_ns, lane, f in schedule.until(tick_ns)[: count - number]:
                number += 1
                op = _invoke(number, lane, f, due_ns)
                invoked.append(op)
                done = _outcome(op, fault_ns, outage_ns, chance)
                heapq.heappush(under_way, (done.done_ns, number, done))
                if f == "write" and isinstance(done, r.Ok):
                    there.append(r.Document(op.key, op.digest))
            ops.write(*ended, *invoked)
        end_ns = tick_ns + S
        ops.write(*_ended(under_way, end_ns), r.Note(end_ns, "stopped", {"reason": "told to"}))
    return there, end_ns


def _ended(under_way: list[tuple[int, int, r.Ok | r.Fail | r.Info]], until_ns: int) -> Iterator[r.Ok | r.Fail | r.Info]:
    while under_way and under_way[0][0] < until_ns:
        yield heapq.heappop(under_way)[2]


def _invoke(number: int, lane: r.Lane, f: r.Function, due_ns: int) -> r.Invoke:
    if f == "hello" or (lane == "user" and f == "read"):
        return r.Invoke(number, lane, f, due_ns)
    key = f"chaos-0badcafe-{lane[0]}{number}"
    return r.Invoke(number, lane, f, due_ns, key, scores.digest(scores.workload_score(key, number)))


def _outcome(op: r.Invoke, fault_ns: int, outage_ns: int, chance: random.Random) -> r.Ok | r.Fail | r.Info:
    sent = op.due_ns + 50_000 + int(chance.random() * 100_000)
    done = sent + int(LATENCY_NS[op.lane] * (0.7 + chance.random()))
    if not fault_ns < op.due_ns < fault_ns + outage_ns:
        return r.Ok(op.op, sent, done)
    if op.due_ns < fault_ns + 50_000_000:
        return r.Info(op.op, sent, sent + 20_000_000, "ConnectionError: the server closed the connection")
    return r.Fail(op.op, sent, sent + 200_000, "ConnectionRefusedError: [Errno 111] Connection refused")


def _run() -> r.Run:
    return r.Run(
        run="bench/1",
        marker="chaos-0badcafe-",
        title="",
        description="",
        experiment={},
        anchor=r.Anchor(0, 0),
        target=r.Target("", "", "pacman", "highscore"),
        objectives=r.Objectives(dict.fromkeys(LANES, 30.0)),
        environment=r.Environment(),
        horizon_s=60.0,
    )


def _measured(what: str, path: Path) -> dict[str, float]:
    """What a fresh process says of itself."""
    command = [sys.executable, "-m", "benchmarks.record", what, str(path)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def _judge(path: Path) -> None:
    from chaosmongo.checks import judge
    from chaosmongo.history import read

    verdict = judge(read(path))
    if verdict.verdict != "passed":
        raise SystemExit(f"the record was judged wrongly: {verdict.sentence}")


def _decode(path: Path) -> None:
    import msgspec

    directory = RunDirectory(path)
    for kind, file in ((r.OpsLine, directory.ops), (r.ReadbackLine, directory.readback)):
        decode = msgspec.json.Decoder(kind).decode
        with file.open("rb") as lines:
            for line in lines:
                decode(line)


def _main(what: str, path: Path) -> None:
    begin = time.monotonic()
    {"judge": _judge, "decode": _decode}[what](path)
    seconds = time.monotonic() - begin
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib}))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
