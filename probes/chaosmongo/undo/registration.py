"""The run's registration beside the scores (`chaosmongo.company`)."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import CannotUndo

from .action import Done, Place, marker

NAME = "remove_registration"


def remove(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"marker": the run's own}."""
    ours = marker(place.run)
    if arguments.get("marker") != ours:
        raise CannotUndo(f"marker {arguments.get('marker')!r} is not the run's own ({ours}): refused")
    with place.registrations() as registrations:
        removed = registrations.remove(ours)
        what = "removed from" if removed else "is not in"
        return Done(removed, f"the run's registration {what} {registrations.name}")
