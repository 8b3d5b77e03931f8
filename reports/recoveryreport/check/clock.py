"""A clock that was set back: runs that lie in the future."""

from collections.abc import Sequence

from chaosmongo.history.quantities import counted

from recoveryreport.trend.assembling import AHEAD_NS
from recoveryreport.trend.words import moment

from .pruning import Kept


def doubt(runs: Sequence[Kept], now_ns: int) -> str:
    """ "" where none does."""
    ahead = sorted(run.wall_ns for run in runs if run.wall_ns is not None and run.wall_ns > now_ns + AHEAD_NS)
    if not ahead:
        return ""
    lie = counted(len(ahead), "run lies", "runs lie")
    return (
        f"By this machine's clock it is {moment(now_ns)} UTC, and {lie} after that, up to {moment(ahead[-1])}: the "
        "clock was set back, or was wrong before. Which run is the newest is not known; such runs are never removed"
    )
