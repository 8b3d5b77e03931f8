"""Plans, records what it is about to do, hands it to the lanes, and records what came of it.

    every TICK:    completions so far + invocations of the next TICK --one fdatasync--> ops.jsonl --> lanes

Invocations are recorded LEAD before they are due, so that waiting for the disk makes no operation late.
"""

import collections
import itertools
import random
import ssl
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from chaosmongo import process, scores
from chaosmongo.database import Address, Driver
from chaosmongo.history import RunDirectory, Writer
from chaosmongo.history.records import Fail, Function, Invoke, Lane, LanePlan, Note, Ok, Plan

from . import concern
from .driver import DriverLane
from .hello import Hello
from .outcome import Outcome
from .pool import Perform, Pool
from .schedule import Schedule
from .server import Server
from .settings import Settings, Share, Tell
from .user import User

TICK_S = 0.02
LEAD_S = 0.06
RECENT = 20
"""A read asks as often for one of this many newest acknowledged scores as for any older one."""

GONE = "the runner is gone"
HURRY_S = 3
"""For what is still under way when nobody waits for the workload any more."""


class Executor(Protocol):
    """What performs the operations of a lane, or some of them."""

    @property
    def idle(self) -> bool: ...
    def submit(self, op: Invoke) -> None: ...
    def close(self) -> None: ...


class Workload:
    """A share of what the settings ask for. Raises FileExistsError where it was recorded already, BadArgument where the
    URI's own write concern acknowledges nothing.
    """

    def __init__(self, settings: Settings, share: Share) -> None:
        self._settings = settings
        self._share = share
        self._write_concern: dict[str, Any] = concern.checked(settings.write_concern)
        self._done: collections.deque[Outcome] = collections.deque()
        self._writing: dict[int, Invoke] = {}
        self._acknowledged: list[tuple[str, str]] = []
        self._numbers = itertools.count(1 + share.shard, share.of)
        self._begins = threading.Event()
        self._begin_ns = 0
        self._stop = threading.Event()
        self._reason = "told to"
        self._server: Server | None = None
        self._hello: Hello | None = None
        self._executors = self._make_executors()
        file = RunDirectory(Path(settings.record)).shard(share.shard, share.of)
        self._writer = Writer(file, "ops", settings.run, boot_id=process.boot())

    def begin(self, begin_ns: int) -> None:
        """The moment of the first operation of all shards."""
        self._begin_ns = begin_ns
        self._begins.set()

    def stop(self, reason: str) -> None:
        if not self._stop.is_set():
            self._reason = reason
            self._stop.set()
            self._begins.set()

    def move(self, tell: Tell) -> None:
        """The server lane goes on elsewhere."""
        for part in (self._server, self._hello):
            if part is not None:
                part.place = tell.server
        shown = {"place": f"{tell.server.host}:{tell.server.port}" if tell.server else ""}
        self._writer.write(Note(time.monotonic_ns(), "target", shown))

    def run(self) -> None:
        """Until it is stopped. Raises OSError where the record cannot be written."""
        settings, share = self._settings, self._share
        start_ns = self._start_ns()
        self._writer.commit(
            [
                Plan(
                    start_ns,
                    settings.lanes,
                    self._write_concern,
                    settings.retry_writes,
                    settings.in_flight_max,
                    share.shard,
                    share.of,
                )
            ]
        )
        schedule = Schedule(settings.lanes, start_ns, share)
        while not self._stop.wait(TICK_S):
            ops = [self._invoke(*due) for due in schedule.until(time.monotonic_ns() + int((LEAD_S + TICK_S) * 1e9))]
            self._record(ops)
            for op in ops:
                self._hand_over(op)
        self._drain()
        self._writer.commit([Note(time.monotonic_ns(), "stopped", {"reason": self._reason})])
        self._writer.close()

    def _start_ns(self) -> int:
        if self._settings.begins == "told":
            self._begins.wait()
        return self._begin_ns or time.monotonic_ns() + int(2 * LEAD_S * 1e9)

    def _make_executors(self) -> dict[tuple[str, str], Executor]:
        made: dict[tuple[str, str], Executor] = {}
        for lane, plan in self._settings.lanes.items():
            if lane == "server":
                made["server", "hello"] = self._hello_lane(plan)
                made["server", "write"] = made["server", "read"] = self._server_lane(plan)
            elif lane == "driver":
                made["driver", "write"] = made["driver", "read"] = self._driver_lane(plan)
            elif lane == "user":
                made["user", "write"] = made["user", "read"] = self._user_lane(plan)
        return made

    def _hello_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        self._hello = Hello(settings.server, plan.deadline_s, self._done.append, settings.in_flight_max)
        self._hello.start()
        return self._hello

    def _server_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        address = Address(settings.uri)
        tls = ssl.create_default_context() if address.parsed()["options"].get("tls") else None
        self._server = Server(
            settings.server, settings.database, settings.collection, address.credentials, plan.deadline_s, tls
        )
        return self._pool("server", self._server.perform)

    def _driver_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        driver = Driver(
            Address(settings.uri),
            settings.database,
            settings.collection,
            self._write_concern,
            settings.retry_writes,
            plan.deadline_s,
        )
        self._write_concern = concern.checked(driver.write_concern)
        return self._pool("driver", DriverLane(driver).perform)

    def _user_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        return self._pool("user", User(settings.app_url, plan.deadline_s, settings.top_scores).perform)

    def _pool(self, lane: Lane, perform: Perform) -> Pool:
        return Pool(lane, perform, self._done.append, self._settings.in_flight_max)

    def _invoke(self, due_ns: int, lane: Lane, f: Function) -> Invoke:
        number = next(self._numbers)
        if f == "write":
            key = f"{self._settings.marker}{lane[0]}{number}"
            return Invoke(number, lane, f, due_ns, key, scores.digest(scores.workload_score(key, number)))
        if f == "read" and lane != "user":
            key, digest = self._something_acknowledged()
            return Invoke(number, lane, f, due_ns, key, digest)
        return Invoke(number, lane, f, due_ns)

    def _something_acknowledged(self) -> tuple[str, str]:
        known = self._acknowledged
        if not known:
            return "", ""
        return random.choice(known[-RECENT:] if random.random() < 0.5 else known)

    def _record(self, ops: list[Invoke]) -> None:
        """Completions so far and invocations to come, on disk with one sync."""
        for op in ops:
            if op.f == "write" and op.lane != "user":
                self._writing[op.op] = op
        outcomes = self._completed()
        if ops or outcomes:
            self._writer.commit([*outcomes, *ops])

    def _completed(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while self._done:
            outcome = self._done.popleft()
            outcomes.append(outcome)
            written = self._writing.pop(outcome.op, None)
            if written is not None and isinstance(outcome, Ok):
                self._acknowledged.append((written.key, written.digest))
        return outcomes

    def _hand_over(self, op: Invoke) -> None:
        if op.f == "read" and op.lane != "user" and not op.key:
            self._done.append(Fail(op.op, 0, time.monotonic_ns(), "not sent: nothing acknowledged yet"))
        else:
            self._executors[op.lane, op.f].submit(op)

    def _drain(self) -> None:
        """Waits for what is under way, no longer than its deadline allows, and closes the lanes."""
        executors = set(self._executors.values())
        patience_s = self._settings.longest_deadline_s if self._reason == "told to" else HURRY_S
        end = time.monotonic() + LEAD_S + TICK_S + min(patience_s, self._settings.longest_deadline_s) + 0.5
        while time.monotonic() < end and not all(executor.idle for executor in executors):
            time.sleep(TICK_S)
            self._record([])
        for executor in executors:
            executor.close()
        self._record([])
