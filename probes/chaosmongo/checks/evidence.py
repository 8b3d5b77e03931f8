"""A history, sorted for the checks: worked out once, where it is first asked for. As pure as the history itself."""

from functools import cached_property

from chaosmongo.history import History, Op
from chaosmongo.history.records import Document, SeedsRead

from . import lateness, outages, watch
from .lateness import Lateness
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
    def lateness(self) -> dict[str, Lateness]:
        """Of each lane that sent anything."""
        plans = self.history.plan.lanes if self.history.plan else {}
        found = {lane: lateness.measure(ops, plans.get(lane)) for lane, ops in self.lanes.items()}
        return {lane: one for lane, one in found.items() if one is not None}

    @cached_property
    def end_ns(self) -> int:
        """When the last operation was over: the end of the watch over the lanes. 0 without operations."""
        return max((max(op.done_ns, op.sent_ns) for op in self.history.ops), default=0)

    @cached_property
    def pods(self) -> list[watch.Sighting]:
        return watch.sightings(self.history.cluster, "pods", self.history.run.target.namespace)

    @cached_property
    def unread(self) -> str:
        """Why nobody can say what is in the database; "" where the read-back is whole."""
        scan = self.history.scan
        if scan is None:
            return "the database was not read back"
        if scan.end is None:
            return "the read-back broke off: its end is not on record"
        if scan.end.error:
            return f"the read-back broke off: {scan.end.error}"
        if scan.end.documents != scan.count:
            return f"the read-back counted {scan.end.documents:,} documents, and {scan.count:,} are on record"
        return "the record of the read-back is damaged" if self.damaged("readback") else ""

    @property
    def documents(self) -> list[Document]:
        """What was read back; nothing where `unread` says why."""
        scan = self.history.scan
        return [] if scan is None or self.unread else scan.documents

    @property
    def stretches(self) -> list[SeedsRead]:
        """What was read back of the seeded scores by the stretch; nothing where `unread` says why."""
        scan = self.history.scan
        return [] if scan is None or self.unread else scan.seeds

    def damaged(self, file: str) -> bool:
        """Whether something is wrong with the record whose files' names begin with `file`."""
        return any(told.startswith(file) for told in self.history.damage)

    def cut_off(self, file: str) -> bool:
        """Whether the end of that record may be missing."""
        return any(name.startswith(file) for name in self.history.unclosed)

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

    @cached_property
    def server_caused(self) -> dict[str, list[Window]]:
        """The same for each function of the server lane, as if it were a lane of its own."""
        functions: dict[str, list[Op]] = {}
        for op in self.lanes.get("server", []):
            functions.setdefault(op.f, []).append(op)
        deadline_ns = self.deadline_ns("server")
        return {f: list(filter(self.is_caused, outages.find(ops, deadline_ns))) for f, ops in functions.items()}
