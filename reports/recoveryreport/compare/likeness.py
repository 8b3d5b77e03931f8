"""What must be alike in two sets that are compared: what must be alike in runs that are pooled, except for what was
changed on purpose.
"""

from collections.abc import Sequence

from chaosmongo.history.quantities import listed

from recoveryreport.errors import UnlikeRuns
from recoveryreport.trials.conditions import Conditions, differences
from recoveryreport.trials.records import Trials

from .records import Unlike

SHOWN = 5


def unlike(base: Trials, new: Trials, meant: Sequence[str]) -> list[Unlike]:
    """Every condition that differs. meant: names of those that were changed on purpose, those below them included.

    A set of which nothing is pooled has no conditions, and differs in none. Raises UnlikeRuns where nothing was changed
    under a name that is meant: it would be taken for the cause.
    """
    if not (base.pooled and new.pooled):
        return []
    found = [
        Unlike(name, _told(base.conditions, name), _told(new.conditions, name), any(_below(name, one) for one in meant))
        for name in differences(base.conditions, new.conditions)
    ]
    for one in meant:
        if not any(_below(condition.name, one) for condition in found):
            names = listed([condition.name for condition in found], most=SHOWN) or "nothing"
            raise UnlikeRuns(f"--changed {one}: BASE and NEW do not differ in it. What differs: {names}")
    return found


def check_alike(found: Sequence[Unlike]) -> None:
    """Raises UnlikeRuns with what differs though it was not meant to, and both values."""
    told = [f"{one.name} is {one.base} in BASE and {one.new} in NEW" for one in found if not one.meant]
    if told:
        raise UnlikeRuns(
            f"BASE and NEW were not measured alike: {listed(told, most=SHOWN)}. "
            "Where that is what you changed, say so: --changed NAME (a name, or the beginning of several). "
            "To compare them all the same: --allow-unlike"
        )


def _below(name: str, meant: str) -> bool:
    return name == meant or name.startswith((f"{meant}.", f"{meant}["))


def _told(conditions: Conditions, name: str) -> str:
    return repr(conditions[name]) if name in conditions else "absent"
