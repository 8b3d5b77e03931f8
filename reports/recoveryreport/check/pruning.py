"""Which runs are removed, so that a directory of runs does not grow without end: a pure function of what is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from recoveryreport.trend.records import State

NEVER = "failed"
"""The last run of an experiment in this state stays: it is what people will want to look at."""


@dataclass(frozen=True)
class Kept:
    """A run that is there. wall_ns: when it began, None where nothing tells. held: why it must stay, "" where it may go
    (it goes on, left something behind, or is not to be read as a run of ours).
    """

    experiment: str
    name: str
    wall_ns: int | None
    size: int
    state: State
    held: str = ""


@dataclass(frozen=True)
class Limits:
    """age_s: runs that began longer ago go. size: bytes that all runs together may have. None: no limit."""

    age_s: float | None = None
    size: int | None = None

    def __bool__(self) -> bool:
        return self.age_s is not None or self.size is not None


def plan(runs: Sequence[Kept], limits: Limits, now_ns: int) -> list[Kept]:
    """Those that go, the oldest first. Never the newest run of an experiment, nor its last one that failed, nor one
    that is held; none of which nothing tells when it was, or that lies in the future.
    """
    staying = {id(run) for run in _staying(runs)}
    dated = [run for run in runs if run.wall_ns is not None and run.wall_ns <= now_ns and not run.held]
    candidates = sorted((run for run in dated if id(run) not in staying), key=_order)
    total = sum(run.size for run in runs)
    going = []
    for run in candidates:
        if _is_old(run, limits, now_ns) or (limits.size is not None and total > limits.size):
            going.append(run)
            total -= run.size
    return going


def _staying(runs: Sequence[Kept]) -> list[Kept]:
    found: dict[tuple[str, bool], Kept] = {}
    for run in sorted(runs, key=_order):
        found[run.experiment, False] = run
        if run.state == NEVER:
            found[run.experiment, True] = run
    return list(found.values())


def _is_old(run: Kept, limits: Limits, now_ns: int) -> bool:
    return limits.age_s is not None and now_ns - (run.wall_ns or 0) > limits.age_s * 1e9


def _order(run: Kept) -> tuple[bool, int, str, str]:
    """By time; those of which nothing tells when are the last."""
    return (run.wall_ns is None, run.wall_ns or 0, run.experiment, run.name)
