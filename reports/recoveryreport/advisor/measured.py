"""A run as the rules ask about it: its settings, when marks were reached, which lanes waited for what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaosmongo.history import History
from chaosmongo.history.records import FaultStart
from chaosmongo.history.results import Bracket, LaneRecovery, Outage, Verdict

S = 1_000_000_000


@dataclass(frozen=True)
class Measured:
    history: History
    verdict: Verdict

    @property
    def statefulset(self) -> str:
        return self.history.run.target.statefulset

    def setting(self, name: str) -> str | int | float | bool | None:
        """Of the StatefulSet, as it was recorded (chaosmongo.environment); None where it was not, or is not there."""
        return self._settings.get(f"{self.statefulset}.{name}")

    def number(self, name: str) -> float | None:
        found = self.setting(name)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    @property
    def containers(self) -> list[str]:
        """Of the StatefulSet, by name."""
        begin, end = f"{self.statefulset}.", ".image"
        names = (
            name[len(begin) : -len(end)] for name in self._settings if name.startswith(begin) and name.endswith(end)
        )
        return [name for name in names if name and "." not in name]

    @property
    def _settings(self) -> dict[str, Any]:
        return self.history.run.environment.settings

    @property
    def fault(self) -> FaultStart | None:
        """The first one."""
        starts = [fault.start for fault in self.history.faults]
        return min(starts, key=lambda start: start.time_ns, default=None)

    def reached_ns(self, mark: str) -> int | None:
        """When a phase ended, from the fault on; None where there is none of that name before the last recovery."""
        phases = self.verdict.phases
        return next((phase.end_ns - phases[0].start_ns for phase in phases if phase.name == mark), None)

    @property
    def bound_ns(self) -> int:
        """When the pod was bound to its node, from the fault on; 0 where it stayed."""
        return next((at for mark in ("scheduled", "recreated") if (at := self.reached_ns(mark)) is not None), 0)

    @property
    def waited_for_the_service(self) -> list[str]:
        """The lanes that recovered only after the Service had the pod again."""
        there = [at for mark in ("endpoint", "ready") if (at := self.reached_ns(mark)) is not None]
        if not there:
            return []
        plan = self.history.plan
        pods_own = {name for name, lane in plan.lanes.items() if lane.via == "pod"} if plan else set()
        return [
            lane.lane
            for lane in self.verdict.recovery
            if lane.rta and lane.lane not in ("server", *pods_own) and lane.rta.lo_ns >= min(there)
        ]

    def lane(self, name: str) -> LaneRecovery | None:
        return next((lane for lane in self.verdict.recovery if lane.lane == name), None)

    @property
    def server_outage(self) -> Outage | None:
        """The first that a fault caused."""
        lane = self.lane("server")
        return next((outage for outage in lane.outages if outage.caused), None) if lane else None

    @property
    def server_down_ns(self) -> Bracket | None:
        """When the server stopped to serve, from the fault on."""
        outage, fault = self.server_outage, self.fault
        if outage is None or fault is None:
            return None
        return Bracket(outage.start.lo_ns - fault.time_ns, outage.start.hi_ns - fault.time_ns)

    @property
    def pods(self) -> Iterator[dict[str, Any]]:
        """The StatefulSet's, each time one was seen, as the API server told of it."""
        for event in self.history.cluster:
            if event.resource == "pods":
                for thing in event.items or [event.object]:
                    owners = (thing.get("metadata") or {}).get("ownerReferences") or []
                    if any(owner.get("name") == self.statefulset for owner in owners):
                        yield thing


def span_s(values: list[tuple[float, float]], of: int) -> tuple[float, float]:
    """The bounds that hold all of these, in seconds; 0 among them where not all of the `of` runs have one."""
    low = min(low for low, _ in values) if len(values) == of else 0.0
    return max(0.0, low), max(high for _, high in values)


def between(low: float, high: float, decimals: int = 2) -> str:
    """Like "2.08 to 2.23 s", or one number where both are the same."""
    least, most = f"{low:.{decimals}f}", f"{high:.{decimals}f}"
    return f"{least} s" if least == most else f"{least} to {most} s"
