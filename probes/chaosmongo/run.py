"""The run that is being recorded in this process: opened by the control, used by actions and probes, closed once."""

import contextlib
import itertools
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmongo import company, guard, locate, process, window
from chaosmongo.cluster import Cluster
from chaosmongo.config import Config
from chaosmongo.database import Address, Registrations, Scores
from chaosmongo.environment import fingerprint
from chaosmongo.errors import CannotRecord, NoCluster, NoRun, Occupied, OutsideWindow
from chaosmongo.history import RunDirectory, Writer, write_whole
from chaosmongo.history.records import (
    Anchor,
    ClusterEvent,
    FaultEnd,
    FaultStart,
    Found,
    Hit,
    Note,
    Run,
    Undo,
    Undone,
)
from chaosmongo.history.redaction import redacted
from chaosmongo.lease import Held
from chaosmongo.lock import Lock, free
from chaosmongo.observer import Observer
from chaosmongo.pods import Pods
from chaosmongo.tunnel.added import added
from chaosmongo.tunnel.handle import Tunnel
from chaosmongo.tunnel.settings import LOOPBACK
from chaosmongo.undo import lock as releasing
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import Place


@dataclass
class LastFault:
    """The fault that began last, and the database's pod as it was then. end_ns: None while it goes on."""

    start: FaultStart
    uid: str
    restarts: int
    node: str
    end_ns: int | None = None

    def concerns(self, name: str) -> bool:
        """Whether it is to end, or move, the database's pod of this name."""
        if self.start.expect == "down":
            return self.node in [hit.name for hit in self.start.hits if hit.kind == "Node"]
        hit = any(hit.kind == "Pod" and hit.name == name for hit in self.start.hits)
        return hit and self.start.expect in ("replaced", "restarted", "moved")


class Recording:
    """One run: its directory, its writers, what it observes, and the workload while it runs."""

    def __init__(
        self, config: Config, cluster: Cluster | None, mongo: Address, app_url: str, run: Run, tunnel: Tunnel
    ) -> None:
        self.config = config
        self.cluster = cluster
        self.mongo = mongo
        self.app_url = app_url
        self.run = run
        self.tunnel = tunnel
        self.directory = RunDirectory(config.runs_directory / run.run)
        self.workload: Handle | None = None
        self.seeded: list[tuple[int, int]] = []
        """Seed and count of what was seeded in this run."""
        self.pending: dict[int, Undo] = {}
        """What this run has changed, or was about to change, and not taken back yet."""
        self.met: list[str] = []
        """Other runs that were at work on the same scores when this one began."""
        self.pods = Pods(config.statefulset)
        self.last_fault: LastFault | None = None
        self.follows_pod = False
        """Whether the server lane asks the pod itself, wherever it is."""
        self.pod_port = 0
        """The local port through which it does so, where that is a port-forward; else 0."""
        self.lock: Lock | None = None
        """The namespace's; None without a cluster."""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.faults = Writer(self.directory.faults, "faults", run.run, write_whole(self.directory.run, run))
        self.undo = Writer(self.directory.undo, "undo", run.run)
        self.readback = Writer(self.directory.readback, "readback", run.run)
        self.observer: Observer | None = None
        if cluster is not None:
            writer = Writer(self.directory.cluster, "cluster", run.run)
            self.observer = Observer(cluster, config.namespace, writer)
            self.observer.listen(self._observed)
            self.observer.start()

    @property
    def marker(self) -> str:
        """How the name of every score that this run's workload writes begins."""
        return self.run.marker

    def scores(self, timeout_s: float = 5) -> Scores:
        """The collection of scores, through a connection that the caller closes. timeout_s: for finding a server."""
        return Scores(self.mongo, self.config.database, self.config.collection, timeout_s)

    def registrations(self) -> Registrations:
        """Who is at work in the database, through a connection that the caller closes."""
        return Registrations(self.mongo, self.config.database)

    def occupy(self, found: Held | None) -> None:
        """Takes the namespace's lock. found: what stands there. Raises Occupied where another run was quicker."""
        if self.cluster is None:
            return
        lock = Lock(self.cluster, self.config.namespace, self.run)
        number = self.will_undo(releasing.NAME, holder=lock.holder)
        try:
            lock.take(found)
        except Occupied:
            self.undone(number)
            raise
        self.lock = lock
        before = found.run or found.holder if found is not None else ""
        self.note("lock", state="taken", holder=lock.holder, **({"before": before} if before else {}))

    def register(self) -> None:
        """Lets other runs on the same scores know of this one, and records who they are."""
        self.will_undo("remove_registration", marker=self.marker)
        said = company.register(self.mongo, self.run)
        self.met = said.detail.get("runs", [])
        with self._recording():
            self.faults.commit([said])

    def look_around(self, timeout_s: float = 5) -> None:
        """Records whom this run has met by now: after every look at what others could have taken away."""
        said = company.look(self.mongo, self.run, timeout_s)
        with self._recording():
            self.faults.commit([said])

    def note(self, what: str, **detail: Any) -> None:
        """Records something of the experiment's course."""
        self.faults.write(Note(time.monotonic_ns(), what, detail))

    def mark(self, name: str) -> None:
        """Records the end of a phase that only the fault, or what takes it back, can tell: it is named by that end."""
        self.note("mark", name=name)

    @contextmanager
    def fault(self, name: str, hits: list[Hit], expect: str, arguments: dict[str, Any]) -> Iterator[None]:
        """Records a fault around its work: the start is on disk before anything is done. Raises CannotRecord,
        OutsideWindow or LockLost: then nothing must be done.
        """
        _check_window(self.config)
        if self.lock is not None:
            self.lock.check()
        number = next(self._numbers)
        start = FaultStart(number, name, time.monotonic_ns(), hits, expect, arguments)
        with self._recording():
            self.faults.commit([start])
        fault = self.last_fault = LastFault(start, self.pods.uid, self.pods.restarts, self.pods.node)
        error = ""
        try:
            yield
        except BaseException as failure:
            error = str(failure) or type(failure).__name__
            raise
        finally:
            fault.end_ns = time.monotonic_ns()
            self.faults.commit([FaultEnd(number, fault.end_ns, error)])

    def will_undo(self, action: str, **arguments: Any) -> int:
        """Records, before a change, how to take it back; the number is for `undone`. Raises CannotRecord: then the
        change must not be made.
        """
        number = next(self._numbers)
        undo = Undo(number, time.monotonic_ns(), action, arguments)
        with self._recording():
            self.undo.commit([undo])
        self.pending[number] = undo
        return number

    def undone(self, number: int) -> None:
        """Records that a change is taken back. Raises CannotRecord."""
        with self._recording():
            self.undo.commit([Undone(number, time.monotonic_ns())])
        self.pending.pop(number, None)

    def server_place(self) -> Place | None:
        """Where the server lane finds the server: the pod where it follows it, else what the URI names."""
        if not self.follows_pod:
            return Place(*self.mongo.node)
        if not self.pods.address:
            return None
        return Place(LOOPBACK, self.pod_port) if self.pod_port else Place(self.pods.address, self.pods.port)

    def forward_pod(self) -> bool:
        """Has the server lane ask the pod through a port-forward if MongoDB is reached through one; whether it does."""
        if self.mongo.via == locate.PORT_FORWARD:
            self.pod_port = self.tunnel.pod(self.config.namespace, self.pods.name, self.pods.port)
        return self.pod_port > 0

    @property
    def server_via(self) -> str:
        """The server lane's way, once it is known whether it follows the pod."""
        if self.pod_port:
            return locate.PORT_FORWARD
        return "pod" if self.follows_pod else self.mongo.via

    @property
    def user_via(self) -> str:
        return locate.PORT_FORWARD if self.tunnel.leads_from(self.app_url) else "application"

    def effect_ns(self) -> int | None:
        """When the last fault was over and had shown its effect; 0 without a fault; None while it goes on, or while the
        database's pod, which it was to end, is not there again, Ready.
        """
        fault = self.last_fault
        if fault is None:
            return 0
        if fault.end_ns is None:
            return None
        if self.cluster is None or not fault.concerns(self.pods.name):
            return fault.end_ns
        pod = self.pods
        if not pod.ready or (pod.uid, pod.restarts) == (fault.uid, fault.restarts):
            return None
        return max(fault.start.time_ns, pod.ready_ns)

    def in_cluster(self) -> Cluster:
        """The cluster's API. Raises NoCluster where the run has none."""
        if self.cluster is None:
            raise NoCluster("This needs a cluster: set the configuration's namespace")
        return self.cluster

    def stop_workload(self) -> int | None:
        """Stops the workload if one runs; its exit status."""
        handle, self.workload = self.workload, None
        return None if handle is None else handle.stop()

    def close(self) -> None:
        """Stops what runs and closes every file. Doing it twice is harmless."""
        self.stop_workload()
        if self.lock is not None:
            self.lock.stop()
        if self.observer is not None:
            self.observer.stop()
        if trouble := self.tunnel.close():
            self.note("tunnel", trouble=trouble)
        for writer in (self.faults, self.undo, self.readback):
            with contextlib.suppress(OSError):  # no space: a file without its end says so to whoever judges it
                writer.close()

    @contextmanager
    def _recording(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _cannot_record(self.directory.path, error) from None

    def _observed(self, event: ClusterEvent) -> None:
        if event.resource != "pods":
            return
        with self._lock:
            moved = self.pods.see(event)
        if moved and self.follows_pod and self.workload is not None:
            self.workload.move(self.server_place())


_current: Recording | None = None


def current() -> Recording:
    """The run that is being recorded. Raises NoRun where there is none."""
    if _current is None:
        raise NoRun(
            "No run is being recorded: add the control to the experiment\n"
            "    controls: [{name: record, provider: {type: python, module: chaosmongo.controls.record}}]"
        )
    return _current


def open_run(name: str, experiment: dict[str, Any], configuration: dict[str, Any]) -> Recording:
    """Checks that everything is there and allowed, touching nothing, then opens the record.

    Raises ChaosMongoError with what is wrong and what to do.
    """
    config = Config.read(configuration)
    _check_window(config)
    cluster = Cluster() if config.namespace else None
    found = None
    if cluster is not None:
        guard.check_namespace(cluster, config.namespace)
        found = free(cluster, config.namespace)
    tunnel = Tunnel()
    try:
        return _opened(name, experiment, config, cluster, found, tunnel)
    except BaseException:
        tunnel.close()
        raise


def _opened(
    name: str,
    experiment: dict[str, Any],
    config: Config,
    cluster: Cluster | None,
    found: Held | None,
    tunnel: Tunnel,
) -> Recording:
    global _current
    mongo = locate.mongo(config, cluster, tunnel)
    app_url = locate.application(config, cluster, tunnel)
    with Scores(mongo, config.database, config.collection) as scores:
        scores.check()
        version = scores.version()
    run = Run(
        run=f"{name}/{_make_directory(config.runs_directory / name)}",
        marker=f"chaos-{secrets.token_hex(4)}-",
        title=str(redacted(experiment.get("title", ""))),
        description=str(redacted(experiment.get("description", ""))),
        experiment=_without_values(experiment),
        anchor=Anchor(time.monotonic_ns(), time.time_ns(), process.boot()),
        target=config.target,
        objectives=config.objectives,
        environment=fingerprint(config, cluster, version),
        horizon_s=config.recovery_timeout_s,
        found=_found(config, cluster, mongo),
    )
    directory = RunDirectory(config.runs_directory / run.run)
    try:
        _current = Recording(config, cluster, mongo, app_url, run, tunnel)
    except OSError as error:
        raise _cannot_record(directory.path, error) from None
    try:
        _current.occupy(found)
        if mongo.via == locate.PORT_FORWARD:
            _current.note("reach", **added(mongo.node, locate.direct(config, cluster)))
        _current.register()
    except Occupied:
        forget()
        shutil.rmtree(directory.path, ignore_errors=True)  # as every run that is refused, it leaves no record
        raise
    except BaseException:
        forget()
        raise
    return _current


def forget() -> Recording | None:
    """Ends the recording: the run that was current, closed."""
    global _current
    recording, _current = _current, None
    if recording is not None:
        recording.close()
    return recording


def _found(config: Config, cluster: Cluster | None, mongo: Address) -> Found:
    uid = "" if cluster is None else guard.namespace_uid(cluster, config.namespace)
    if cluster is None or config.mongo_uri:
        return Found(mongo.shown, namespace_uid=uid)
    return Found(mongo.shown, config.mongo_service, config.mongo_secret, uid)


def _make_directory(parent: Path) -> str:
    """A new directory below `parent`, named by the time in UTC; its name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for name in (stamp, *(f"{stamp}-{number}" for number in range(2, 100))):
        try:
            (parent / name).mkdir(parents=True, mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise _cannot_record(parent / name, error) from None
        return name
    raise CannotRecord(f"The run cannot be recorded: {parent} is full of runs of this second")


def _check_window(config: Config) -> None:
    now = datetime.now(UTC)
    if not window.is_open(config.windows, now):
        raise OutsideWindow(f"No fault may be made now: {window.told(config.windows, now)}")


def _cannot_record(path: Path, error: OSError) -> CannotRecord:
    return CannotRecord(
        f"The run cannot be recorded in {path} ({error.strerror}); say where to record with --var runs=DIRECTORY"
    )


def _without_values(experiment: dict[str, Any]) -> dict[str, Any]:
    """The experiment as it was written, less what could hold a secret."""
    kept = {key: value for key, value in experiment.items() if key not in ("secrets", "configuration", "dry")}
    return {key: redacted(value) for key, value in kept.items()}
