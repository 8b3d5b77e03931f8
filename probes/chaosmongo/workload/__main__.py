"""Plans, records what it is about to do, hands it to the lanes, and records what came of it.

    standard input --> Settings, Tell ...          when it ends, the runner is gone: stop
    every TICK:    completions so far + invocations of the next TICK --one fdatasync--> ops.jsonl --> lanes

Invocations are recorded LEAD before they are due, so that waiting for the disk makes no operation late.
"""

import collections
import itertools
import os
import random
import signal
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

import msgspec

from chaosmongo import scores
from chaosmongo.database import Address, Driver, Scores
from chaosmongo.errors import ChaosMongoError
from chaosmongo.history import Writer
from chaosmongo.history.records import Fail, Invoke, LanePlan, Note, Ok, Plan

from .driver import DriverLane
from .hello import Hello
from .outcome import Outcome
from .pool import Pool
from .schedule import Schedule
from .server import Server
from .settings import Hello as Word
from .settings import Settings, Tell
from .user import User

TICK_S = 0.02
LEAD_S = 0.06
RECENT = 20
"""A read asks as often for one of this many newest acknowledged scores as for any older one."""


class Executor(Protocol):
    """What performs the operations of a lane, or some of them."""

    @property
    def full(self) -> bool: ...
    @property
    def idle(self) -> bool: ...
    def submit(self, op: Invoke) -> None: ...
    def close(self) -> None: ...


class Workload:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._writer = Writer(Path(settings.record), "ops", settings.run)
        self._done: collections.deque[Outcome] = collections.deque()
        self._writing: dict[int, Invoke] = {}
        self._acknowledged: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._reason = "told to"
        self._server: Server | None = None
        self._hello: Hello | None = None
        self._executors = self._make_executors()

    def stop(self, reason: str) -> None:
        if not self._stop.is_set():
            self._reason = reason
            self._stop.set()

    def move(self, tell: Tell) -> None:
        """The server lane goes on elsewhere."""
        for part in (self._server, self._hello):
            if part is not None:
                part.place = tell.server
        shown = {"place": f"{tell.server.host}:{tell.server.port}" if tell.server else ""}
        self._writer.write(Note(time.monotonic_ns(), "target", shown))

    def run(self) -> None:
        settings = self._settings
        start_ns = time.monotonic_ns() + int(2 * LEAD_S * 1e9)
        self._writer.commit(
            [Plan(start_ns, settings.lanes, settings.write_concern, settings.retry_writes, settings.in_flight_max)]
        )
        schedule = Schedule(settings.lanes, start_ns)
        while not self._stop.wait(TICK_S):
            ops = [self._invoke(*due) for due in schedule.until(time.monotonic_ns() + int((LEAD_S + TICK_S) * 1e9))]
            self._record(ops)
            for op in ops:
                self._hand_over(op)
        self._drain()
        self._writer.commit([Note(time.monotonic_ns(), "stopped", {"reason": self._reason})])
        self._writer.close()

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
        return Pool("server", self._server.perform, self._done.append, settings.in_flight_max)

    def _driver_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        driver = Driver(
            Address(settings.uri),
            settings.database,
            settings.collection,
            settings.write_concern,
            settings.retry_writes,
        )
        return Pool("driver", DriverLane(driver, plan.deadline_s).perform, self._done.append, settings.in_flight_max)

    def _user_lane(self, plan: LanePlan) -> Executor:
        settings = self._settings
        user = User(settings.app_url, plan.deadline_s, settings.top_scores)
        return Pool("user", user.perform, self._done.append, settings.in_flight_max)

    def _invoke(self, due_ns: int, lane: str, f: str) -> Invoke:
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
        executor = self._executors[op.lane, op.f]
        if executor.full:
            error = f"not sent: {self._settings.in_flight_max} operations in flight"
            self._done.append(Fail(op.op, 0, time.monotonic_ns(), error))
        elif op.f == "read" and op.lane != "user" and not op.key:
            self._done.append(Fail(op.op, 0, time.monotonic_ns(), "not sent: nothing acknowledged yet"))
        else:
            executor.submit(op)

    def _drain(self) -> None:
        """Waits for what is under way, no longer than its deadline allows, and closes the lanes."""
        executors = set(self._executors.values())
        longest_s = max((plan.deadline_s for plan in self._settings.lanes.values()), default=0)
        end = time.monotonic() + LEAD_S + TICK_S + longest_s + 0.5
        while time.monotonic() < end and not all(executor.idle for executor in executors):
            time.sleep(TICK_S)
            self._record([])
        for executor in executors:
            executor.close()
        self._record([])


def _listen(workload: Workload) -> None:
    """Does what the runner says, until it says no more."""
    for line in sys.stdin.buffer:
        tell = msgspec.json.decode(line, type=Tell)
        if tell.stop:
            workload.stop("told to")
        else:
            workload.move(tell)
    workload.stop("the runner is gone")


def _say(word: Word) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    sys.setswitchinterval(0.0005)  # a lane that wakes up waits no longer than this for another lane's Python
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    try:
        with Scores(Address(settings.uri), settings.database, settings.collection) as database:
            database.check()
        workload = Workload(settings)
    except (ChaosMongoError, OSError) as error:
        _say(Word(False, str(error)))
        return 1
    signal.signal(signal.SIGTERM, lambda *_: workload.stop("SIGTERM"))
    threading.Thread(target=_listen, args=(workload,), name="listen", daemon=True).start()
    _say(Word(True))
    workload.run()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads that still wait for a dead server are of no interest any more
