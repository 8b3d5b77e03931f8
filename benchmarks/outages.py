"""Does the bracket of an outage hold the truth, and how far off is its middle?

A proxy breaks the service for known times (tests/groundtruth/truth.py says what the truth is), and the instrument says
what it saw: 200 outages at 1,000 hellos a second, 200 at the default 200 with all three lanes. What fails at once
(refused, reset, cut off) is known to a tick; what is silent (stalled, or answered too late) to the deadline.
Left out and counted as disturbed: what was injected while the database itself was slow, by the proxy's log. Beside the
errors of all stand those of the moments at which it answered hello within a tick, by the same log.
The driver and the user lane are compared with the moment at which their own first command was there again.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmongo.checks import validity
from chaosmongo.checks.evidence import Evidence

from benchmarks.harness import Row, extent, keep, median
from tests.groundtruth.comparison import Moment, compare
from tests.groundtruth.service import Service, inject, read, recording, workload
from tests.groundtruth.truth import Fault, outages

DEADLINE_S = 0.5
DISTURBED = 0.05
"""With a larger share left out, nothing was shown."""

AT_ONCE = 8
"""Injections under one workload, on a database of its own: the demo's application sorts all scores at each look,
without an index, and slows a database of many scores down."""
IN_FLIGHT_MAX = 64
"""A client that tries again on a thousand connections at once would disturb the database more than the fault did."""

Injection = tuple[Fault, ...]


@dataclass(frozen=True)
class Load:
    """A rate of hellos, what else is asked, and what the middle of a prompt failure's brackets may be off at most."""

    rate: int
    lanes: list[str]
    arguments: dict[str, Any]
    pause_s: float
    median_ms: float
    largest_ms: float

    def __str__(self) -> str:
        return f"{'all lanes, hello ' if len(self.lanes) > 1 else ''}{self.rate}/s"


LOADS = (
    Load(1000, ["server"], {"writes": 0, "reads": 0}, 1.3, 0.5, 2),
    Load(200, ["server"], {"writes": 0, "reads": 0}, 1.3, 2, 6),
    Load(200, ["server", "driver", "user"], {}, 2.0, 2, 6),
)


def run(quick: bool) -> list[Row]:
    rows: list[Row] = []
    kept: list[dict[str, object]] = []
    for load in LOADS:
        seen = list(_measure(load, _few() if quick else _many(load.rate)))
        kept += [record for one in seen for record in one.records(load)]
        rows += _rows(load, seen, quick)
    keep("outages", kept)
    return rows


def _few() -> list[Injection]:
    flapping = (Fault("refuse", 0.1), Fault("reset", 0.1, 0.2))
    return [(Fault("cut", 0.3),), (Fault("stall", 1.0),), flapping, (Fault("stall", 0.3),)]


def _many(seed: int) -> list[Injection]:
    """200 true outages and 12 that only degrade, in an order of their own."""
    plan: list[Injection] = []
    for kind in ("refuse", "reset", "cut"):
        plan += [(Fault(kind, length),) for length, times in ((0.3, 38), (1, 10), (3.217, 1)) for _ in range(times)]
    plan += [(Fault("refuse", 10.0),), (Fault("stall", 10.0),)]
    plan += [(Fault("stall", 1.0),)] * 20 + [(Fault("stall", 3.217),)] * 3
    plan += [(Fault("delay", 0.3, delay_s=0.7),)] * 12 + [(Fault("delay", 1.0, delay_s=0.7),)] * 4
    plan += [(Fault("refuse", 0.1), *(Fault("refuse", 0.1, 0.2),) * 3)] * 12
    plan += [(Fault("stall", 0.3),)] * 6 + [(Fault("delay", 0.3, delay_s=0.2),)] * 6
    random.Random(seed).shuffle(plan)
    return plan


@dataclass(frozen=True)
class Seen:
    """What came of the injections under one workload."""

    moments: list[Moment]
    true: int
    missed: dict[str, int]
    invented: dict[str, int]
    disturbed: dict[str, int]
    waited_out: dict[str, int]
    degraded: int
    truth_ns: list[int]
    problems: str
    late_ms: dict[str, float]

    def records(self, load: Load) -> Iterator[dict[str, object]]:
        for m in self.moments:
            told = None if m.told is None else [m.told.lo_ns - m.truth.lo_ns, m.told.hi_ns - m.truth.lo_ns]
            yield {
                "load": str(load),
                "lane": m.lane,
                "kinds": m.kinds,
                "which": m.which,
                "covered": m.covered,
                "late": m.late,
                "truth_width_ns": m.truth.hi_ns - m.truth.lo_ns,
                "bracket_from_truth_ns": told,
                "validity": self.problems,
            }


def _measure(load: Load, plan: Sequence[Injection]) -> Iterator[Seen]:
    for begin in range(0, len(plan), AT_ONCE):
        print(f"  {load}: {begin} of {len(plan)} injections", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="outages-") as directory:
            service = Service(Path(directory), application="user" in load.lanes)
            try:
                yield _under_one_load(service, Path(directory), load, plan[begin : begin + AT_ONCE])
            finally:
                service.close()


def _under_one_load(service: Service, directory: Path, load: Load, plan: Sequence[Injection]) -> Seen:
    faults = list(_in_a_row(plan, load.pause_s))
    with recording(service.uri, directory / "runs", service.app_url if "user" in load.lanes else "") as opened:
        with workload(
            rate=load.rate, lanes=load.lanes, deadline_s=DEADLINE_S, in_flight_max=IN_FLIGHT_MAX, **load.arguments
        ):
            time.sleep(2)
            done = inject(opened, service.proxy, faults)
            time.sleep(load.pause_s)
    evidence = Evidence(read(opened.directory.path))
    true = outages(done, DEADLINE_S)
    by_lane = {lane: compare(evidence, lane, true, service.proxy, DEADLINE_S) for lane in load.lanes}
    finding = validity.check(evidence).finding
    assert finding is not None
    return Seen(
        moments=[moment for compared in by_lane.values() for moment in compared.moments],
        true=len(true),
        missed={lane: compared.missed for lane, compared in by_lane.items()},
        invented={lane: compared.invented for lane, compared in by_lane.items()},
        disturbed={lane: compared.disturbed for lane, compared in by_lane.items()},
        waited_out={lane: compared.waited_out for lane, compared in by_lane.items()},
        degraded=sum(not fault.fails(DEADLINE_S) for fault in faults),
        truth_ns=[m.hi_ns - m.lo_ns for one in done for m in (one.began, one.ended)],
        problems=finding.summary,
        late_ms=finding.details["lateness_p99_ms"],
    )


def _in_a_row(plan: Iterable[Injection], pause_s: float) -> Iterator[Fault]:
    """With a pause before each injection that puts it anywhere between two ticks."""
    for injection in plan:
        first, *rest = injection
        yield Fault(first.kind, first.duration_s, pause_s + random.uniform(0, 0.05), first.delay_s)
        yield from rest


def _rows(load: Load, seen: Sequence[Seen], quick: bool) -> list[Row]:
    rows = [row for lane in load.lanes for row in _coverage(load, lane, seen)]
    server = [m for one in seen for m in one.moments if m.lane == "server"]
    prompt = [m for m in server if m.prompt]
    what = f"error of the middle, prompt failures, {load}"
    rows.append(_errors(what, load, prompt, quick))
    if any(m.late for m in prompt):
        rows.append(_errors("    the database prompt, too", load, [m for m in prompt if not m.late], quick))
    rows += _silence(load, [m for m in server if not m.prompt])
    rows += [_lag(load, lane, seen) for lane in load.lanes if lane != "server"]
    known = [width / 1e3 for one in seen for width in one.truth_ns]
    late = max(one.late_ms["server"] for one in seen)
    worst = f"largest {max(known):.0f} µs"
    rows.append(Row(f"truth known to, {load}", f"{median(known):.1f} µs", n=len(known), spread=worst))
    tick_ms = 1000 / load.rate
    rows.append(
        Row(f"server lane late at p99, {load}", f"{late:.2f} ms", wanted=f"< {tick_ms:g} ms", met=late < tick_ms)
    )
    return rows


def _coverage(load: Load, lane: str, seen: Sequence[Seen]) -> Iterator[Row]:
    disturbed, degraded = sum(one.disturbed[lane] for one in seen), sum(one.degraded for one in seen)
    injected = sum(one.true for one in seen)
    waited = sum(one.waited_out[lane] for one in seen)
    true = injected - disturbed - waited
    missed, invented = sum(one.missed[lane] for one in seen), sum(one.invented[lane] for one in seen)
    moments = [m for one in seen for m in one.moments if m.lane == lane]
    covered = sum(m.covered for m in moments)
    where = f"{lane} lane, {load}"
    told = f"{invented} more, {degraded} degraded, {waited} waited out, {disturbed} disturbed"
    enough = disturbed <= DISTURBED * injected
    met = enough and not missed + invented
    yield Row(f"outages seen, {where}", f"{true - missed}", f"{true}", "", true, told, "all, no more", met)
    share = f"{covered / len(moments):.3f}" if moments else ""
    met = enough and bool(moments) and covered == len(moments)
    yield Row(f"brackets that cover, {where}", f"{covered}", f"{len(moments)}", share, len(moments), "", "all", met)


def _errors(what: str, load: Load, moments: Sequence[Moment], quick: bool) -> Row:
    errors = [m.error_ns / 1e6 for m in moments if m.error_ns is not None]
    widths = [m.width_ns / 1e6 for m in moments if m.width_ns is not None]
    if not errors:
        return Row(what, "not seen", met=False)
    met = median(errors) <= load.median_ms and max(errors) <= load.largest_ms
    return Row(
        what,
        f"{median(errors):.2f} ms",
        f"half width {median(widths) / 2:.2f} ms",
        "",
        len(errors),
        f"largest {max(errors):.2f} ms",
        f"≤ {load.median_ms:g} ms, largest ≤ {load.largest_ms:g} ms",
        None if quick else met,
    )


def _silence(load: Load, moments: Sequence[Moment]) -> Iterator[Row]:
    for which in ("start", "end"):
        errors = [m.error_ns / 1e6 for m in moments if m.which == which and m.error_ns is not None]
        if errors:
            what = f"error of the middle, {which} of a silence, {load}"
            half = f"half the deadline is {DEADLINE_S * 500:g} ms"
            yield Row(what, f"{median(errors):.2f} ms", half, "", len(errors), f"largest {max(errors):.2f} ms")


def _lag(load: Load, lane: str, seen: Sequence[Seen]) -> Row:
    """By how much the lane was back later than the server lane, by the brackets' upper ends."""
    lags = []
    for one in seen:
        server = _back_ns(one, "server")
        lags += [
            (time_ns - server[number]) / 1e6 for number, time_ns in _back_ns(one, lane).items() if number in server
        ]
    what = f"{lane} back after the server, {load}"
    if not lags:
        return Row(what, "not seen")
    return Row(what, f"{median(lags):.0f} ms", n=len(lags), spread=extent(lags, "ms", 0))


def _back_ns(one: Seen, lane: str) -> dict[int, int]:
    """When the lane was surely back, by the outage's number."""
    return {m.outage: m.told.hi_ns for m in one.moments if m.lane == lane and m.which == "end" and m.told is not None}
