"""Outages of a lane, from its operations alone.

    due time  ───ok──ok──✗──✗──ok──✗──ok──ok──ok── … ──ok──▶
                     │   └────── window ──────┘└─ stable streak ─┘
              start in [sent ok, done ✗]    end in [sent ✗, done ok]

Which moment of the server an operation bears witness to (operations are concurrent, so that one due earlier may be
answered later):

ok       the server was up at some moment of [sent, done]
not ok   it was not serving at some moment of [sent, done]; where the operation waited for its whole deadline, soon
         after sent: in the time that the slowest good operation before the outage took, a server that was up had
         answered
waited   it was not serving from sent to the deadline: the client itself was looking for a server all the time, and
         would have gone on at once had it known one (a driver's server selection that timed out)
neither  an operation that was never sent (too many in flight) or has no end on record says nothing at all and is left
         out; so is a stale read: it was answered, and what it was answered with is a matter of durability

Therefore a start is not before the sending of an ok that was answered before anything that failed was sent, and not
after the first failure was known; an end is not before the last sending that failed, and not after the first answer to
an operation of the stable streak that was sent when a failure had already shown. Where operations do not overlap, these
are the brackets of the definition. They hold as long as no further outage hides between two operations of the streak.

An operation that found nobody to ask (no pod has an address) is not ok, but bounds a bracket only where nothing else
does: it tells of the lane's knowledge of the server, which comes late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaosmongo.history import Op
from chaosmongo.history.results import Bracket

STABLE_OPERATIONS = 20
STABLE_NS = 1_000_000_000
"""A streak of ok operations is stable when it has this many and its first and last are due this far apart."""

WAITED = 0.9
"""An operation that took this share of its deadline is taken to have waited for the whole of it."""


@dataclass(frozen=True)
class Window:
    """One outage. end is None where the record ends before a stable streak was seen, first_success where no ok was.

    last_failure_ns: when the last operation that was not ok was sent. first_ok: the first good operation, by due time,
    that was sent when a failure had shown.
    """

    start: Bracket
    first_success: Bracket | None
    end: Bracket | None
    operations: int
    not_ok: int
    last_failure_ns: int
    first_ok: Op | None

    def covers(self, time_ns: int) -> bool:
        """Whether it may have been under way at that moment."""
        return self.start.lo_ns <= time_ns and (self.end is None or self.end.hi_ns > time_ns)


def tells(op: Op) -> bool:
    """Whether the operation bears witness to the server being up or not."""
    return op.sent_ns > 0 and op.done_ns > 0 and not op.stale


def find(ops: Iterable[Op], deadline_ns: int | None = None) -> list[Window]:
    """The windows of operations that are in the order of their due times. deadline_ns: that of each operation."""
    telling = [op for op in ops if tells(op)]
    found: list[Window] = []
    slowest_ns = 0
    at = 0
    while at < len(telling):
        op = telling[at]
        if op.outcome == "ok":
            slowest_ns = max(slowest_ns, op.done_ns - op.sent_ns)
            at += 1
            continue
        stop = _stable_from(telling, at)
        found.append(_window(telling, at, stop, slowest_ns, deadline_ns))
        at = len(telling) if stop is None else stop
    return found


def _stable_from(ops: Sequence[Op], at: int) -> int | None:
    """Index of the first ok of the first stable streak from `at` on."""
    first: int | None = None
    for index in range(at, len(ops)):
        if ops[index].outcome != "ok":
            first = None
            continue
        if first is None:
            first = index
        if index - first + 1 >= STABLE_OPERATIONS and ops[index].due_ns - ops[first].due_ns >= STABLE_NS:
            return first
    return None


def _window(ops: Sequence[Op], at: int, stop: int | None, slowest_ns: int, deadline_ns: int | None) -> Window:
    members = ops[at : len(ops) if stop is None else stop]
    failures = _failures(members)
    back = _Return(ops, slowest_ns, deadline_ns)
    first = back.first_success(at, at + len(members), stop)
    return Window(
        start=_start(ops, at, _witnesses(failures)),
        first_success=None if first is None else back.bracket(_failures(ops[at:first]), first),
        end=None if stop is None else back.bracket(failures, stop),
        operations=len(members),
        not_ok=len(failures),
        last_failure_ns=max(op.sent_ns for op in failures),
        first_ok=None if first is None else ops[first],
    )


def _failures(ops: Sequence[Op]) -> list[Op]:
    return [op for op in ops if op.outcome != "ok"]


def _witnesses(failures: Sequence[Op]) -> Sequence[Op]:
    """Those that asked somebody, or all of them where none did."""
    return [op for op in failures if op.done_ns > op.sent_ns] or failures


def _start(ops: Sequence[Op], at: int, failures: Sequence[Op]) -> Bracket:
    """With no ok before it, the outage may be as old as the record."""
    known_ns = min(op.sent_ns if op.waited else op.done_ns for op in failures)
    first_sent_ns = min(op.sent_ns for op in failures)
    for index in range(at - 1, -1, -1):
        if ops[index].outcome == "ok" and ops[index].done_ns <= first_sent_ns:
            return Bracket(ops[index].sent_ns, known_ns)
    return Bracket(min(ops[0].due_ns, ops[0].sent_ns, known_ns), known_ns)


@dataclass(frozen=True)
class _Return:
    """The server's coming back, as the operations after `failures` bracket it."""

    ops: Sequence[Op]
    slowest_ns: int
    deadline_ns: int | None

    def first_success(self, at: int, until: int, stop: int | None) -> int | None:
        """Index of the first ok, by due time, that was sent when a failure had shown; `stop` where the window has none.

        One that was sent before may have been answered before the outage.
        """
        shown_ns: int | None = None
        for index in range(at, until):
            op = self.ops[index]
            if op.outcome != "ok":
                shown_ns = self._shown_ns(op) if shown_ns is None else min(shown_ns, self._shown_ns(op))
            elif shown_ns is not None and op.sent_ns >= shown_ns:
                return index
        return stop

    def bracket(self, failures: Sequence[Op], first: int) -> Bracket:
        """`first`: index of the ok after the failures, by due time, from which on a success may count."""
        witnesses = _witnesses(failures)
        down_ns = max(self._down_until_ns(op) for op in witnesses)
        shown_ns = min(self._shown_ns(op) for op in witnesses)
        known_ns: int | None = None
        for index in range(first, len(self.ops)):
            op = self.ops[index]
            if known_ns is not None and op.due_ns >= known_ns:
                break  # what is sent later is not answered earlier
            if op.outcome == "ok" and op.sent_ns >= shown_ns and op.done_ns >= down_ns:
                known_ns = op.done_ns if known_ns is None else min(known_ns, op.done_ns)
        if known_ns is None:
            known_ns = max(down_ns, shown_ns, self.ops[first].done_ns)
        return Bracket(down_ns, known_ns)

    def _down_until_ns(self, op: Op) -> int:
        """Up to when the server was surely not serving yet, if `op` failed because of it."""
        if op.waited and self.deadline_ns is not None:
            return min(op.done_ns, op.sent_ns + self.deadline_ns)
        return op.sent_ns

    def _shown_ns(self, op: Op) -> int:
        """By when the server had not been serving, if `op` failed because of it."""
        if op.waited:
            return op.sent_ns
        if self.deadline_ns is None or not self.slowest_ns or op.done_ns - op.sent_ns < WAITED * self.deadline_ns:
            return op.done_ns
        return min(op.done_ns, op.sent_ns + self.slowest_ns)
