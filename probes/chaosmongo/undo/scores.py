"""The scores that the workload wrote. Their names begin with the run's marker, which no other run has."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import CannotUndo
from chaosmongo.history.quantities import counted

from .action import Done, Place, marker

NAME = "remove_scores"


def remove(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"prefix": the run's marker}; any other prefix is refused."""
    ours = marker(place.run)
    if arguments.get("prefix") != ours:
        raise CannotUndo(f"prefix {arguments.get('prefix')!r} is not the run's own ({ours}): refused")
    with place.scores() as scores:
        removed = scores.delete_prefix(ours)
        return Done(removed, f"{counted(removed, 'score')} of the load removed from {scores.name} ({ours}*)")
