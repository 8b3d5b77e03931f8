"""How many operations a second does the workload sustain, and how late does it send them?

Against a real SecantusDB, a fresh one each time, and the demo's application on loopback, all on this machine. An
operation is late by sent minus due. A rate is sustained when its operations are sent and answered rightly: what was
planned and was not sent, or not answered, counts against it. Beside each rate stands how busy the database was: it
does its work on one core. Where it is the limit, another load shows what the workload itself can do: hello alone,
answered by something that answers hello alone.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaosmongo.history import Op, read, write_whole
from chaosmongo.history import records as r
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import Place, Settings

from benchmarks import laboratory
from benchmarks.harness import Row, extent, keep
from tests.conftest import Database, wait_for_port

PULSE = "server hello"
LATE_AT = 0.99
AT_MOST_MS = 0.5
BEGINNING_S = 1.0
"""With all the beginnings of a load."""
SUSTAINED = 0.99
"""Share of the planned operations that must have been answered rightly for a rate to be sustained."""


@dataclass(frozen=True)
class Load:
    """Operations per second of each lane's functions, over so many processes."""

    what: str
    rates: dict[str, dict[str, float]]
    shards: int = 1
    pulse: bool = False
    """Whether the lateness of hello is what is asked for."""
    database: bool = True
    """False: hello is answered by benchmarks.responder."""
    wanted: bool = True
    """Whether the rate is to be sustained, or it is only asked what becomes of it."""

    @property
    def rate(self) -> float:
        return sum(sum(rates.values()) for rates in self.rates.values())


HEAVY = {"write": 60.0, "read": 20.0}
DEFAULT = {"write": 20.0, "read": 2.0}
LOADS = (
    Load("server lane alone, hello 1,000/s", {"server": {"hello": 1000.0}}, pulse=True),
    Load(
        "server lane, hello 1,000/s and its default writes and reads",
        {"server": {"hello": 1000.0, **DEFAULT}},
        pulse=True,
    ),
    Load(
        "all lanes, one process, 1,000/s (default writes and reads, the rest hello)",
        {"server": {"hello": 934.0, **DEFAULT}, "driver": DEFAULT, "user": DEFAULT},
    ),
    Load(
        "all lanes, one process, 1,000/s (60 writes, 20 reads each, the rest hello)",
        {"server": {"hello": 760.0, **HEAVY}, "driver": HEAVY, "user": HEAVY},
        wanted=False,
    ),
    Load(
        "all lanes, 5 shards, 5,000/s (default writes and reads, the rest hello)",
        {"server": {"hello": 4934.0, **DEFAULT}, "driver": DEFAULT, "user": DEFAULT},
        shards=5,
    ),
    Load(
        "hello alone, 5 shards, 5,000/s, no database in the way",
        {"server": {"hello": 5000.0}},
        shards=5,
        database=False,
    ),
)


@dataclass
class Seen:
    """One run: share of the planned operations that were answered rightly, and 99 % lateness by lane and function.

    busy: of the database, the share of one core.
    """

    planned: int
    ok: int
    busy: float = 0.0
    late_ms: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.ok / self.planned if self.planned else 0.0


@dataclass(frozen=True)
class Services:
    """What the load is put on."""

    place: Place
    app_url: str
    pid: int = 0
    """The database's; 0 where there is none."""

    def cpu_s(self) -> float:
        """Processor seconds of the database since its start."""
        return laboratory.cpu_s(Path(f"/proc/{self.pid}")) if self.pid else 0.0


def run(quick: bool) -> list[Row]:
    seconds, repeats = (3.0, 1) if quick else (20.0, 5)
    rows, raw = [], []
    for load in LOADS:
        print(f"  {load.what}", file=sys.stderr, flush=True)
        seen = [_run(load, seconds) for _ in range(repeats)]
        rows += _rows(load, seen)
        raw += [{"load": load.what, "shards": load.shards, "seconds": seconds, **vars(one)} for one in seen]
        keep("workload", raw)  # after each, so that a later one that breaks does not take these along
    return rows


def _rows(load: Load, seen: list[Seen]) -> list[Row]:
    shares = [one.share for one in seen]
    planned = sum(one.planned for one in seen)
    sustained = f"{load.rate * sum(one.ok for one in seen) / planned:,.0f}/s"
    spread = extent([100 * share for share in shares], "% of planned", 1)
    wanted = f"at least {100 * SUSTAINED:.0f} % of {load.rate:,.0f}/s" if load.wanted else ""
    busy = extent([100 * one.busy for one in seen], "% of a core", 0)
    late = [one.late_ms[PULSE] for one in seen]
    at_most = f"at most {AT_MOST_MS} ms" if load.pulse else ""
    met = max(late) <= AT_MOST_MS if load.pulse else None
    return [
        Row(
            load.what,
            sustained,
            f"database busy {busy}" if load.database else "",
            n=planned,
            spread=spread,
            wanted=wanted,
            met=min(shares) >= SUSTAINED if load.wanted else None,
        ),
        Row("    its hello late, 99 %", f"{max(late):.2f} ms", "", "", len(late), extent(late, "ms"), at_most, met),
    ]


def _run(load: Load, seconds: float) -> Seen:
    """What the record says of a load that ran for so long; the first second is left out."""
    with tempfile.TemporaryDirectory(prefix="chaos-workload-") as name, _services(load.database) as services:
        directory = Path(name)
        write_whole(directory / "run.json", _run_json())
        handle = Handle(_settings(load, directory, services), 30, load.shards)
        time.sleep(BEGINNING_S)
        before_s = services.cpu_s()
        time.sleep(seconds)
        busy = (services.cpu_s() - before_s) / seconds
        time.sleep(0.5)
        status = handle.stop()
        if status != 0:
            raise RuntimeError(handle.why())
        history = read(directory)
    if history.damage:
        raise RuntimeError(f"the record is damaged: {history.damage[:3]}")
    begin_ns = history.ops[0].due_ns + int(BEGINNING_S * 1e9)
    ops = [op for op in history.ops if begin_ns <= op.due_ns < begin_ns + seconds * 1e9]
    seen = Seen(planned=round(load.rate * seconds), ok=sum(op.outcome == "ok" for op in ops), busy=busy)
    groups: dict[str, list[Op]] = {}
    for op in ops:
        if op.sent_ns:
            groups.setdefault(f"{op.lane} {op.f}", []).append(op)
    seen.late_ms = {what: _late_ms(groups[what]) for what in sorted(groups)}
    return seen


def _late_ms(ops: list[Op]) -> float:
    late = sorted(op.sent_ns - op.due_ns for op in ops)
    return late[int(LATE_AT * (len(late) - 1))] / 1e6


def _settings(load: Load, directory: Path, services: Services) -> Settings:
    return Settings(
        record=str(directory),
        run="bench/1",
        marker=f"chaos-{random.randrange(16**8):08x}-",
        uri=f"mongodb://{services.place.host}:{services.place.port}/pacman?directConnection=true",
        database="pacman",
        collection="highscore",
        app_url=services.app_url,
        lanes={lane: r.LanePlan(rates, 0.5, "uri") for lane, rates in load.rates.items()},
        write_concern={},
        retry_writes=False,
        in_flight_max=1024,
        server=services.place,
    )


def _run_json() -> r.Run:
    return r.Run(
        run="bench/1",
        marker="",
        title="",
        description="",
        experiment={},
        anchor=r.Anchor(0, 0),
        target=r.Target("", "", "pacman", "highscore"),
        objectives=r.Objectives({}),
        environment=r.Environment(),
        horizon_s=60.0,
    )


@contextmanager
def _services(database: bool) -> Iterator[Services]:
    """A fresh database and the demo's application in front of it, or what answers hello alone."""
    with tempfile.TemporaryDirectory(prefix="chaos-workload-db-") as name, ExitStack() as stack:
        address = f"127.33.{random.randrange(256)}.{random.randrange(1, 255)}"
        if not database:
            stack.enter_context(_process(Path(name), address, 27017, ["benchmarks.responder", address, "27017"], {}))
            yield Services(Place(address, 27017), "")
            return
        mongod = Database(Path(name)).start()
        stack.callback(mongod.close)
        told = {"KUBELAB_POD_IP": address, "MONGO_SERVICE_HOST": mongod.host, "MY_MONGO_PORT": str(mongod.port)}
        stack.enter_context(_process(Path(name), address, 8080, ["kubelab.images.pacman"], told))
        yield Services(Place(mongod.host, mongod.port), f"http://{address}:8080", mongod.pid)


@contextmanager
def _process(directory: Path, host: str, port: int, module: list[str], told: dict[str, str]) -> Iterator[None]:
    with (directory / f"{module[0]}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", *module], env=os.environ | told, stdout=log, stderr=log)
    try:
        wait_for_port(host, port)
        yield
    finally:
        process.terminate()
        process.wait(10)
