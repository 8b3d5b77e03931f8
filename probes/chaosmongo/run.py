"""The run that is being recorded in this process: opened by the control, used by actions and probes, closed once."""

import itertools
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmongo import guard, locate
from chaosmongo.cluster import Cluster
from chaosmongo.config import Config
from chaosmongo.database import Address, Scores
from chaosmongo.environment import fingerprint
from chaosmongo.errors import CannotRecord, NoRun
from chaosmongo.history import RunDirectory, Writer, write_whole
from chaosmongo.history.records import (
    Anchor,
    ClusterEvent,
    FaultEnd,
    FaultStart,
    Hit,
    Note,
    Run,
    Undo,
    Undone,
)
from chaosmongo.observer import Observer
from chaosmongo.pods import Pods
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import Place


class Recording:
    """One run: its directory, its writers, what it observes, and the workload while it runs."""

    def __init__(self, config: Config, cluster: Cluster | None, mongo: Address, app_url: str, run: Run) -> None:
        self.config = config
        self.cluster = cluster
        self.mongo = mongo
        self.app_url = app_url
        self.run = run
        self.directory = RunDirectory(config.runs_directory / run.run)
        self.workload: Handle | None = None
        self.seeded: list[tuple[int, int]] = []
        """Seed and count of what was seeded in this run."""
        self.cleanup: dict[str, int] = {}
        """Prefixes of names of what this run puts into the database, and the numbers of their undo records."""
        self.pods = Pods(config.statefulset)
        self.last_fault: FaultStart | None = None
        self.follows_pod = False
        """Whether the server lane asks the pod itself, wherever it is."""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.faults = Writer(self.directory.faults, "faults", run.run)
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

    def scores(self) -> Scores:
        """The collection of scores, through a connection that the caller closes."""
        return Scores(self.mongo, self.config.database, self.config.collection)

    def note(self, what: str, **detail: Any) -> None:
        """Records something of the experiment's course."""
        self.faults.write(Note(time.monotonic_ns(), what, detail))

    @contextmanager
    def fault(self, name: str, hits: list[Hit], expect: str, arguments: dict[str, Any]) -> Iterator[None]:
        """Records a fault around its work: the start is on disk before anything is done."""
        number = next(self._numbers)
        start = FaultStart(number, name, time.monotonic_ns(), hits, expect, arguments)
        self.faults.commit([start])
        self.last_fault = start
        try:
            yield
        except BaseException as error:
            self.faults.commit([FaultEnd(number, time.monotonic_ns(), str(error) or type(error).__name__)])
            raise
        self.faults.commit([FaultEnd(number, time.monotonic_ns())])

    def will_undo(self, action: str, **arguments: Any) -> int:
        """Records, before a change, how to take it back; the number is for `undone`."""
        number = next(self._numbers)
        self.undo.commit([Undo(number, time.monotonic_ns(), action, arguments)])
        return number

    def undone(self, number: int) -> None:
        self.undo.commit([Undone(number, time.monotonic_ns())])

    def server_place(self) -> Place | None:
        """Where the server lane finds the server: the pod where it follows it, else what the URI names."""
        if not self.follows_pod:
            return Place(*self.mongo.node)
        return Place(self.pods.address, self.pods.port) if self.pods.address else None

    def effect_ns(self) -> int | None:
        """When the last fault had shown its effect: the moment of its start where there is nothing to be seen; None
        while a pod that was to be replaced is not there again, Ready.
        """
        fault = self.last_fault
        if fault is None:
            return 0
        if self.cluster is None or fault.expect != "replaced":
            return fault.time_ns
        ours = [hit.uid for hit in fault.hits if hit.name == self.pods.name]
        if ours and (self.pods.uid in ours or not self.pods.ready):
            return None
        return self.pods.ready_ns if ours else fault.time_ns

    def stop_workload(self) -> int | None:
        """Stops the workload if one runs; its exit status."""
        handle, self.workload = self.workload, None
        return None if handle is None else handle.stop()

    def close(self) -> None:
        """Stops what runs and closes every file. Doing it twice is harmless."""
        self.stop_workload()
        if self.observer is not None:
            self.observer.stop()
        for writer in (self.faults, self.undo, self.readback):
            writer.close()

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
    global _current
    config = Config.read(configuration)
    cluster = Cluster() if config.namespace else None
    if cluster is not None:
        guard.check_namespace(cluster, config.namespace)
    mongo = locate.mongo(config, cluster)
    app_url = locate.application(config, cluster)
    with Scores(mongo, config.database, config.collection) as scores:
        scores.check()
        version = scores.version()
    run = Run(
        run=f"{name}/{_make_directory(config.runs_directory / name)}",
        marker=f"chaos-{secrets.token_hex(4)}-",
        title=str(experiment.get("title", "")),
        description=str(experiment.get("description", "")),
        experiment=_without_values(experiment),
        anchor=Anchor(time.monotonic_ns(), time.time_ns()),
        target=config.target,
        objectives=config.objectives,
        environment=fingerprint(config, cluster, version),
        horizon_s=config.recovery_timeout_s,
    )
    write_whole(RunDirectory(config.runs_directory / run.run).run, run)
    _current = Recording(config, cluster, mongo, app_url, run)
    return _current


def forget() -> Recording | None:
    """Ends the recording: the run that was current, closed."""
    global _current
    recording, _current = _current, None
    if recording is not None:
        recording.close()
    return recording


def _make_directory(parent: Path) -> str:
    """A new directory below `parent`, named by the time in UTC; its name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for name in (stamp, *(f"{stamp}-{number}" for number in range(2, 100))):
        try:
            (parent / name).mkdir(parents=True, mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise CannotRecord(
                f"The run cannot be recorded: {parent / name} cannot be made ({error.strerror}); "
                "say where to record with --var runs=DIRECTORY"
            ) from None
        return name
    raise CannotRecord(f"The run cannot be recorded: {parent} is full of runs of this second")


def _without_values(experiment: dict[str, Any]) -> dict[str, Any]:
    """The experiment as it was written, less what could hold a secret."""
    return {key: value for key, value in experiment.items() if key not in ("secrets", "configuration", "dry")}
