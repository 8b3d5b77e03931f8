"""What an action of taking back is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chaosmongo.cluster import Cluster
from chaosmongo.database import Registrations, Scores
from chaosmongo.errors import CannotUndo
from chaosmongo.history.records import Run

MARKER = re.compile(r"chaos-[0-9a-f]{8}-")
"""What the marker of a run looks like. Nothing else is taken for one: a shorter prefix would hit more than ours."""


class Place(Protocol):
    """Where a run took place, as its runner knows it, or as it was found again. Looked up only when asked for."""

    @property
    def run(self) -> Run: ...
    def scores(self) -> Scores: ...
    def registrations(self) -> Registrations: ...
    def in_cluster(self) -> Cluster: ...


@dataclass(frozen=True)
class Done:
    """How many things were taken back, and what to tell of it in one line."""

    number: int
    said: str


Action = Callable[[Place, Mapping[str, Any]], Done]
"""Takes one change back, from the arguments that were recorded for it. Twice is harmless. Raises ChaosMongoError."""


NAMED = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
"""A name of Kubernetes' (RFC 1123): what is none must not get into the path of a request."""


def named(arguments: Mapping[str, Any], key: str) -> str:
    """The name of an object in the arguments. Raises CannotUndo where there is none."""
    value = arguments.get(key)
    if not isinstance(value, str) or not NAMED.fullmatch(value):
        raise CannotUndo(f"{key} {value!r} is no name of an object: refused")
    return value


def marker(run: Run) -> str:
    """The run's marker. Raises CannotUndo where it is none, for everything that begins like it would be taken out."""
    if not MARKER.fullmatch(run.marker):
        raise CannotUndo(
            f"run.json says {run.marker!r}, which is no marker of a run: nothing can be told to be its own"
        )
    return run.marker
