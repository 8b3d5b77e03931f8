"""The instrument's windows beside the truth: covered or not, how far off, how wide."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosmongo.checks.evidence import Evidence
from chaosmongo.checks.outages import Window
from chaosmongo.history.results import Bracket

from .truth import Done, Outage, Proxy, back, covers


@dataclass(frozen=True)
class Moment:
    """One end of an outage as one lane saw it. outage: its number. told None: the lane does not know it. late: whether
    the database itself answered a hello late just then, by the proxy's log.
    """

    outage: int
    lane: str
    kinds: str
    which: str
    prompt: bool
    truth: Bracket
    told: Bracket | None
    late: bool

    @property
    def covered(self) -> bool:
        return covers(self.told, self.truth)

    @property
    def error_ns(self) -> int | None:
        """Of the reported middle."""
        return None if self.told is None else abs(self.told.middle_ns - self.truth.middle_ns)

    @property
    def width_ns(self) -> int | None:
        return None if self.told is None else self.told.hi_ns - self.told.lo_ns


@dataclass(frozen=True)
class Comparison:
    """moments: of every true outage that a lane saw. missed: true outages without a window. invented: the other way.
    disturbed: true outages that are left out because the database itself was slow before the next one. waited_out: no
    operation of the lane failed by an outage whose faults are each shorter than its deadline; a driver that knows no
    server waits, and may be late but right. So it may fail by some of the faults of an outage only, and its window then
    begins with one of them and ends after one of them. The server lane does not wait.
    """

    moments: list[Moment]
    missed: int
    invented: int
    disturbed: int
    waited_out: int


def compare(evidence: Evidence, lane: str, true: Sequence[Outage], proxy: Proxy, deadline_s: float) -> Comparison:
    """Each window belongs to the true outage during which, or soon after which, it began."""
    left = list(evidence.windows[lane])
    moments: list[Moment] = []
    missed = disturbed = waited_out = 0
    until_ns = 0
    for number, outage in enumerate(true):
        next_ns = true[number + 1].start.lo_ns if number + 1 < len(true) else evidence.end_ns
        began_ns = true[number - 1].end.hi_ns if number else 0
        if outage.start.hi_ns < until_ns or any(s.lo_ns < next_ns and s.hi_ns > began_ns for s in proxy.slow):
            disturbed += 1
            beside = [w for w in left if began_ns < w.start.hi_ns and w.start.lo_ns < next_ns]
            left = [w for w in left if w not in beside]
            until_ns = max([until_ns, *(evidence.end_ns if w.end is None else w.end.hi_ns for w in beside)])
            continue
        window = next((w for w in left if _belongs(w, outage)), None)
        if window is None and lane != "server" and all(_waited_out(fault, deadline_s) for fault in outage.faults):
            waited_out += 1
            continue
        starts, ends = _true_moments(outage, lane, proxy, deadline_s)
        start, end = _one_of(starts, window.start if window else None), _one_of(ends, window.end if window else None)
        if window is None or start is None or end is None:
            missed += 1
            continue
        left.remove(window)
        kinds = "+".join(done.fault.kind for done in outage.faults)
        for which, truth, told in (("start", start, window.start), ("end", end, window.end)):
            moments.append(Moment(number, lane, kinds, which, outage.prompt, truth, told, _late(told, proxy)))
    return Comparison(moments, missed, len(left), disturbed, waited_out)


def _true_moments(
    outage: Outage, lane: str, proxy: Proxy, deadline_s: float
) -> tuple[Sequence[Bracket | None], Sequence[Bracket | None]]:
    """When the lane may rightly say that the outage began, and that it ended; None: its own return is not known."""
    if lane == "server":
        return [outage.start], [outage.end]
    ends = [back(proxy.commands, lane, fault.ended, deadline_s) for fault in outage.faults]
    return [fault.began for fault in outage.faults], ends


def _late(told: Bracket | None, proxy: Proxy) -> bool:
    return told is not None and any(late.lo_ns < told.hi_ns and late.hi_ns > told.lo_ns for late in proxy.late)


def _waited_out(fault: Done, deadline_s: float) -> bool:
    return fault.ended.hi_ns - fault.began.lo_ns < deadline_s * 1e9


def _one_of(moments: Sequence[Bracket | None], told: Bracket | None) -> Bracket | None:
    """The moment that the bracket covers; the last where it covers none."""
    return next((moment for moment in moments if moment is not None and covers(told, moment)), moments[-1])


def _belongs(window: Window, outage: Outage) -> bool:
    """Whether its failures began within the outage; how well its bounds lie is not asked here."""
    return window.start.lo_ns < outage.end.hi_ns and window.start.hi_ns > outage.start.lo_ns
