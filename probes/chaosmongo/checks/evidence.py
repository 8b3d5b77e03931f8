"""A history, sorted for the checks: worked out once, where it is first asked for. As pure as the history itself."""

from functools import cached_property

from chaosmongo.history import History, Op

from . import outages, watch
from .outages import Window


class Evidence:
    def __init__(self, history: History) -> None:
        self.history = history

    @cached_property
    def fault_ns(self) -> int | None:
        """When the first fault began; None without a fault."""
        return min((fault.start.time_ns for fault in self.history.faults), default=None)

    @cached_property
    def lanes(self) -> dict[str, list[Op]]:
        """Operations by lane, in the order of their due times: planned lanes first, with or without operations."""
        lanes: dict[str, list[Op]] = {lane: [] for lane in (self.history.plan.lanes if self.history.plan else {})}
        for op in self.history.ops:
            lanes.setdefault(op.lane, []).append(op)
        for ops in lanes.values():
            ops.sort(key=lambda op: (op.due_ns, op.op))
        return lanes

    @cached_property
    def windows(self) -> dict[str, list[Window]]:
        """All outages, by lane."""
        return {lane: outages.find(ops, self.deadline_ns(lane)) for lane, ops in self.lanes.items()}

    @cached_property
    def end_ns(self) -> int:
        """When the last operation was over: the end of the watch over the lanes. 0 without operations."""
        return max((max(op.done_ns, op.sent_ns) for op in self.history.ops), default=0)

    @cached_property
    def pods(self) -> list[watch.Sighting]:
        return watch.sightings(self.history.cluster, "pods", self.history.run.target.namespace)

    @property
    def clustered(self) -> bool:
        """Whether the run was about something in a cluster."""
        return bool(self.history.run.target.namespace)

    def deadline_ns(self, lane: str) -> int | None:
        plan = self.history.plan.lanes.get(lane) if self.history.plan else None
        return None if plan is None else int(plan.deadline_s * 1e9)

    def caused(self, lane: str) -> list[Window]:
        """The lane's outages that began after the first fault did."""
        return [window for window in self.windows.get(lane, []) if self.is_caused(window)]

    def is_caused(self, window: Window) -> bool:
        return self.fault_ns is not None and window.start.hi_ns > self.fault_ns

    def caused_of(self, lane: str, f: str) -> list[Window]:
        """The same for one function of the lane, as if it were a lane of its own."""
        ops = [op for op in self.lanes.get(lane, []) if op.f == f]
        return [window for window in outages.find(ops, self.deadline_ns(lane)) if self.is_caused(window)]
