"""A clock that was set back: its runs lie in the future, or the machine itself remembers when they began."""

import time
from collections.abc import Sequence

from chaosmongo import process
from chaosmongo.history.quantities import counted

from recoveryreport.trend.assembling import AHEAD_NS
from recoveryreport.trend.reading import APART_NS, Loaded
from recoveryreport.trend.words import moment

Now = tuple[int, int, str]
"""The time on the wall, CLOCK_MONOTONIC, and the machine since its last start."""


def now() -> Now:
    return time.time_ns(), time.monotonic_ns(), process.boot()


def doubt(runs: Sequence[Loaded], at: Now) -> str:
    """What is wrong with the clock; "" where nothing is."""
    wall_ns = at[0]
    if back := _set_back(runs, at):
        by_ns, run = back
        return (
            f"This machine's clock was set back by {round(by_ns / 1e9):,} s since run {run.directory.parent.name}/"
            f"{run.directory.name} began: by their names the runs since then come before it"
        )
    ahead = sorted(run.wall_ns for run in runs if run.wall_ns is not None and run.wall_ns > wall_ns + AHEAD_NS)
    if not ahead:
        return ""
    return (
        f"By this machine's clock it is {moment(wall_ns)} UTC, and {counted(len(ahead), 'run lies', 'runs lie')} after "
        f"that, up to {moment(ahead[-1])}: it was set back, or they come from another machine. Which run is the newest "
        "is not known; such runs are never removed"
    )


def _set_back(runs: Sequence[Loaded], at: Now) -> tuple[int, Loaded] | None:
    """By how much, since which run of this machine. A machine that slept has gone on less than the clock: no doubt."""
    wall_ns, monotonic_ns, boot = at
    found = []
    for run in runs:
        if run.run is None or not boot or run.run.anchor.boot_id != boot or run.run.anchor.time_ns > monotonic_ns:
            continue
        anchor = run.run.anchor
        by_ns = anchor.wall_ns - (wall_ns - (monotonic_ns - anchor.time_ns))
        if by_ns > APART_NS:
            found.append((by_ns, run))
    return max(found, key=lambda one: one[0], default=None)
