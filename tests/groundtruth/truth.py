"""What the proxy did, and what the outage of the service truly was: the other side of the comparison.

The service is the proxy and the database behind it. What follows comes from the proxy's own clock and log, and from
nothing that the workload measured.

The service is down from the moment from which nothing that is asked of it is answered rightly and in time, to the
moment from which what is asked is answered again; in time means within the deadline of the operations. By kind:

refuse   down from the closing of the listener to its being back. What was asked before and not answered then is reset
         with its connection: it fails, and was sent before the outage began
reset    down for what arrives from the beginning to the end. What was asked before is still answered
stall    nothing is answered from the beginning to the end; then all of it is, late. What was asked in the last
         `deadline` of the stall is answered late but in time: degraded, not failed. A stall no longer than the deadline
         fails nothing: it is no outage. The end of a longer one is the moment at which answers flow again, not the
         moment (deadline earlier) at which the first operation was asked that was going to be answered
delay    answers that come in from the beginning to the end are handed on later. By less than the deadline: degraded, no
         outage. By more: an outage of just that time
cut      answers that come in from the beginning to the end are cut off in the middle: that is no answer

Faults with less than STABLE between them are one outage, as in the definition of the lane's (closed by the first ok of
a stable streak of at least 20 operations and 1 s): it begins with the first and ends with the last of them.

Where the database itself was slow (a disk that is busy otherwise), what is measured is not what was injected: the
proxy says when that was, and what lies there is left out, counted, and shown.

Why a bracket that covers these moments says something: its bounds come from the client's clock and from what became of
single operations, the moments from the proxy's; a bracket that takes a wrong operation for its witness misses them.

Other lanes are down for longer than the service, because those who ask come back late. Their truth is the proxy's log
of commands: after the service is back, the lane is back when its first command (insert or find) is there that is
answered in time. As its operations are waiting all the time, that is when its driver has found the server again.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chaosmongo.history.results import Bracket

Kind = Literal["refuse", "reset", "stall", "delay", "cut"]
STABLE_NS = 1_000_000_000
"""Faults with less between them are one outage (chaosmongo.checks.outages)."""


@dataclass(frozen=True)
class Fault:
    """What the proxy is to do for duration_s, pause_s after the fault before it (or after now)."""

    kind: Kind
    duration_s: float
    pause_s: float = 0.0
    delay_s: float = 0.0

    def fails(self, deadline_s: float) -> bool:
        """Whether operations with this deadline fail by it. Near the deadline nobody could say: do not go there."""
        critical_s = {"stall": self.duration_s, "delay": self.delay_s}.get(self.kind)
        if critical_s is None:
            return True
        assert abs(critical_s - deadline_s) > 0.1, "too near the deadline to know what must happen"
        return critical_s > deadline_s

    @property
    def prompt(self) -> bool:
        """Whether operations fail at once, so that it is known at once that the service is down."""
        return self.kind in ("refuse", "reset", "cut")


@dataclass(frozen=True)
class Done:
    """A fault that is over. The moments lie within the proxy's own timestamps before and after the change."""

    fault: Fault
    began: Bracket
    ended: Bracket


@dataclass(frozen=True)
class Outage:
    """A true outage of the service: its beginning, its end, and the faults that it consists of."""

    start: Bracket
    end: Bracket
    faults: tuple[Done, ...]

    @property
    def prompt(self) -> bool:
        return all(done.fault.prompt for done in self.faults)


@dataclass(frozen=True)
class Command:
    """An insert or find that the service answered."""

    lane: str
    asked_ns: int
    answered_ns: int


def outages(done: Sequence[Done], deadline_s: float) -> list[Outage]:
    """The true outages of faults in their order."""
    found: list[list[Done]] = []
    for one in done:
        if not one.fault.fails(deadline_s):
            continue
        if found and one.began.lo_ns - found[-1][-1].ended.hi_ns < STABLE_NS:
            found[-1].append(one)
        else:
            found.append([one])
    return [Outage(group[0].began, group[-1].ended, tuple(group)) for group in found]


def covers(bracket: Bracket | None, truth: Bracket) -> bool:
    """Whether the true moment can lie in the bracket. What the proxy does not know better than `truth` is not held
    against it: microseconds, see `Bracket.width_ns` of what it logged.
    """
    return bracket is not None and bracket.lo_ns <= truth.hi_ns and bracket.hi_ns >= truth.lo_ns


def back(commands: Sequence[Command], lane: str, end: Bracket, deadline_s: float) -> Bracket | None:
    """When the lane was served again: the first moment, once the service was back (`end`), at which a command of it had
    arrived that was answered in time. None where none was.
    """
    in_time = [c for c in commands if c.lane == lane and 0 <= c.answered_ns - c.asked_ns <= deadline_s * 1e9]
    moments = [max(end.lo_ns, c.asked_ns) for c in in_time if c.answered_ns >= end.lo_ns]
    return Bracket(min(moments), max(min(moments), end.hi_ns)) if moments else None


class Proxy:
    """The proxy's process. `commands`, and when the database itself was `slow` or `late`, grow while it runs."""

    def __init__(self, port: int, database_port: int) -> None:
        self.port = port
        self.commands: list[Command] = []
        self.slow: list[Bracket] = []
        self.late: list[Bracket] = []
        self._done: queue.SimpleQueue[dict[str, list[int]]] = queue.SimpleQueue()
        program = [sys.executable, str(Path(__file__).with_name("proxy.py")), str(port), str(database_port)]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def inject(self, faults: Sequence[Fault]) -> list[Done]:
        """One fault after the other, as told; returns when the last is over."""
        assert self._process.stdin is not None
        at_ns = time.monotonic_ns() + 20_000_000
        for fault in faults:
            begin_ns = at_ns + int(fault.pause_s * 1e9)
            at_ns = begin_ns + int(fault.duration_s * 1e9)
            line = {"kind": fault.kind, "begin_ns": begin_ns, "end_ns": at_ns, "delay_s": fault.delay_s}
            self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        told = [self._done.get(timeout=60 + fault.pause_s + fault.duration_s) for fault in faults]
        return [
            Done(fault, Bracket(*one["began_ns"]), Bracket(*one["ended_ns"]))
            for fault, one in zip(faults, told, strict=True)
        ]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "kind" in told:
                self._done.put(told)
            elif "slow_ns" in told:
                self.slow.append(Bracket(*told["slow_ns"]))
            elif "late_ns" in told:
                self.late.append(Bracket(*told["late_ns"]))
            else:
                self.commands.append(Command(told["lane"], told["asked_ns"], told["answered_ns"]))
