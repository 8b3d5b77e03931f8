"""What the workload process is told: one `Settings` as its first line, then `Tell` lines; and what it answers."""

from typing import Any, Literal, get_args

import msgspec

from chaosmongo.errors import BadArgument
from chaosmongo.history.records import LANES, MOST_SHARDS, Function, LanePlan

from . import concern

HIGHEST_RATE = 5_000
"""Of one function, per second. One process sustains about 1,000 operations a second; more takes several shards."""

LONGEST_DEADLINE_S = 60
MOST_IN_FLIGHT = 4096


class Place(msgspec.Struct, frozen=True):
    """Where a server listens."""

    host: str
    port: int


class Share(msgspec.Struct, frozen=True):
    """Which part of the workload a process sends: of each function of each lane, operation k where k mod `of` is
    `shard`. Both are the process' own (`--shard shard/of`); everything else is the same for all.
    """

    shard: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """From "i/n". Raises BadArgument."""
        shard, _, of = text.partition("/")
        if not (shard.isdecimal() and of.isdecimal() and int(shard) < int(of) <= MOST_SHARDS):
            raise BadArgument(
                f"The shard is {text!r}: it must be i/n with i from 0 to n - 1 and n at most {MOST_SHARDS}, like 0/4"
            )
        return cls(int(shard), int(of))

    def __str__(self) -> str:
        return f"{self.shard}/{self.of}"


class Settings(msgspec.Struct, frozen=True):
    """All that the workload needs. It holds the database's password: it travels through a pipe or a socket and is never
    written.
    """

    record: str
    """The run directory: ops.jsonl, or each shard's ops-<i>.jsonl, must not be there yet."""
    run: str
    marker: str
    uri: str
    database: str
    collection: str
    app_url: str
    lanes: dict[str, LanePlan]
    """Of the whole workload, not of a shard."""
    write_concern: dict[str, Any]
    retry_writes: bool
    in_flight_max: int
    """Operations that may be open at once: hello, the server lane's others, the driver lane's, the user lane's."""
    server: Place | None
    """Where the server lane begins; None: wait until told."""
    top_scores: list[int] = []
    """The highest scores that the list must show at least, highest first."""
    begins: Literal["ready", "told"] = "ready"
    """Whether the first operation is due as soon as the process is ready, or at `Tell.begin_ns`: that is how several
    shards begin at one moment."""

    @property
    def longest_deadline_s(self) -> float:
        return max((plan.deadline_s for plan in self.lanes.values()), default=0.0)


class Tell(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word to the running workload: stop; or begin; or else the server lane's new place (None: there is none)."""

    stop: bool = False
    begin_ns: int = 0
    server: Place | None = None


class Hello(msgspec.Struct, frozen=True):
    """The workload's one word to the runner: `ready` to send, or why nothing will be sent."""

    ready: bool
    error: str = ""


class Greeting(msgspec.Struct, frozen=True):
    """The runner's first word to a process that it has not started itself: what its clock says."""

    time_ns: int


class Arrival(msgspec.Struct, frozen=True):
    """The answer: which share of the workload this is, in which pod, and what its clock said in between. token: what
    only the pods of this run's Job were given.
    """

    shard: int
    of: int
    pod: str
    boot_id: str
    time_ns: int
    token: str


class Ended(msgspec.Struct, frozen=True):
    """Such a process' last word, for nobody can wait for its exit status."""

    status: int


def check(settings: Settings) -> None:
    """Raises BadArgument, which names the first value that cannot be used."""
    unknown = [lane for lane in settings.lanes if lane not in LANES]
    if unknown:
        raise BadArgument(f"There is no lane {', '.join(unknown)}; there are {', '.join(LANES)}")
    if not settings.lanes:
        raise BadArgument(f"No lane is left to send anything; there are {', '.join(LANES)}")
    for lane, plan in settings.lanes.items():
        _check_lane(lane, plan)
    if "user" in settings.lanes and not settings.app_url:
        raise BadArgument("The user lane needs an application: set app_url (APP_URL) or app_service")
    if not 1 <= settings.in_flight_max <= MOST_IN_FLIGHT:
        raise BadArgument(f"in_flight_max is {settings.in_flight_max}: it must be between 1 and {MOST_IN_FLIGHT:,}")
    concern.checked(settings.write_concern)


def _check_lane(lane: str, plan: LanePlan) -> None:
    for f, rate in plan.rates.items():
        if f not in get_args(Function) or (f == "hello" and lane != "server"):
            raise BadArgument(f"The {lane} lane has no {f}")
        if not 0 <= rate <= HIGHEST_RATE:  # a NaN is neither
            raise BadArgument(f"{lane} {f}: {rate:g} per second; it must be between 0 and {HIGHEST_RATE:,}")
    if not 0 < plan.deadline_s <= LONGEST_DEADLINE_S:
        raise BadArgument(f"deadline_s is {plan.deadline_s:g}: it must be above 0 and at most {LONGEST_DEADLINE_S}")
