"""What stands in the way of a fault, or comes of it: one file for each kind, each a pure function of what was read."""

from collections.abc import Callable, Sequence

from chaosmongo.config import Config
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.findings import Finding
from chaosmongo.preflight.seen import Seen
from chaosmongo.preflight.targets import Target

from . import budgets, commands, data, drains, guarding, places, processes, rollouts, service, staying, unreadable

Obstacle = Callable[[Planned, Target, Seen, Config], list[Finding]]

OBSTACLES: Sequence[Obstacle] = (
    guarding.find,
    drains.find,
    budgets.find,
    commands.find,
    processes.find,
    rollouts.find,
    unreadable.find,
    service.find,
    staying.find,
    places.find,
    data.find,
)


def find(fault: Planned, target: Target, seen: Seen, config: Config) -> list[Finding]:
    """Errors first; what is missing before all."""
    found = [*target.missing, *(finding for obstacle in OBSTACLES for finding in obstacle(fault, target, seen, config))]
    return sorted(found, key=lambda finding: finding.level)


__all__ = ["OBSTACLES", "Obstacle", "find"]
