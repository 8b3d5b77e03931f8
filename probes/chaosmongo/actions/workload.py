"""The client load: processes of their own, started before the fault and stopped after the recovery."""

import heapq
import socket
import time

import msgspec

from chaosmongo import locate, run, scores, undo
from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument, NoRun, WorkloadFailed
from chaosmongo.history.records import LANES, MOST_SHARDS, LanePlan
from chaosmongo.run import Recording
from chaosmongo.undo import workload as undoing
from chaosmongo.workload import job
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import HIGHEST_RATE, LONGEST_DEADLINE_S, MOST_IN_FLIGHT, Settings, check

TOP = 10
"""How many scores the application's list shows."""


@activity
def start_workload(
    rate: float = 200,
    writes: float = 20,
    reads: float = 2,
    lanes: list = None,  # type: ignore[type-arg,assignment]  # noqa: RUF013
    write_concern: dict = None,  # type: ignore[type-arg,assignment]  # noqa: RUF013
    retry_writes: bool = False,
    deadline_s: float = 0.5,
    in_flight_max: int = 1024,
    timeout_s: float = 15,
    shards: int = 1,
    pods: int = 0,
    image: str = "",
) -> dict:  # type: ignore[type-arg]
    """Starts the client load; it runs until stop_workload, or until this process is gone.

    rate: hello messages per second on the server lane, 0 to 5,000. writes, reads: of each lane, per second.
    lanes: some of server, driver, user; all where left out (the user lane only where there is an application).
    write_concern: of the driver lane's writes, like {"w": "majority", "j": true, "wtimeout": 10000} (milliseconds);
    left out: as the URI says, else the server's own. retry_writes: whether the driver repeats a write by itself; it
    hides outages, so it is off. deadline_s: seconds after which an operation counts as not answered, at most 60.
    in_flight_max: operations that may be open at once, of hello and of each lane's writes and reads, in each process;
    what exceeds it is recorded as failed, not sent. timeout_s: seconds within which it must have begun.
    shards: processes that share the operations between them; one sustains about 1,000 operations a second.
    pods: in place of shards, pods that do: an indexed Job beside the runner's own pod, on its node, with its results
    volume; only for a runner in the cluster. Up to a minute until they are there is not counted in timeout_s. image: of
    these pods, where it is not the runner's own.

    Returns {"lanes": {lane: {"rates": ..., "via": ...}}, "shards": n, "pods": n}. Fails where the database refuses or
    does not answer.
    """
    recording = run.current()
    if recording.workload is not None:
        raise WorkloadFailed("a workload runs already: stop_workload comes first")
    _check(rate=(rate, 0, HIGHEST_RATE), writes=(writes, 0, HIGHEST_RATE), reads=(reads, 0, HIGHEST_RATE))
    _check(deadline_s=(deadline_s, 0.001, LONGEST_DEADLINE_S), in_flight_max=(in_flight_max, 1, MOST_IN_FLIGHT))
    _check(shards=(shards, 1, MOST_SHARDS), pods=(pods, 0, MOST_SHARDS))
    if pods and shards > 1:
        raise BadArgument(
            f"pods is {pods} and shards {shards}: the load is shared by pods or by processes here, not both"
        )
    recording.follows_pod = _pod_answers(recording) or recording.forward_pod()
    plan = _plan(recording, lanes or list(LANES), rate, writes, reads, deadline_s)
    if not lanes and not recording.app_url:
        plan.pop("user")
    settings = Settings(
        record=str(recording.directory.path),
        run=recording.run.run,
        marker=recording.marker,
        uri=recording.mongo.uri,
        database=recording.config.database,
        collection=recording.config.collection,
        app_url=recording.app_url,
        lanes=plan,
        write_concern={} if write_concern is None else write_concern,
        retry_writes=retry_writes,
        in_flight_max=in_flight_max,
        server=recording.server_place(),
        top_scores=top_scores(recording),
    )
    check(settings)
    if pods:
        recording.workload = _in_pods(recording, settings, pods, image, timeout_s)
    else:
        recording.will_undo("remove_scores", prefix=recording.marker)
        recording.workload = Handle(settings, timeout_s, shards)
    recording.workload.move(recording.server_place())
    lanes_told = {lane: {"rates": one.rates, "via": one.via} for lane, one in plan.items()}
    return {"lanes": lanes_told, "shards": pods or shards, "pods": pods}


def _in_pods(recording: Recording, settings: Settings, number: int, image: str, timeout_s: float) -> Handle:
    """The load in pods of its own. What keeps it from that is said before anything is made."""
    forwarded = [lane for lane, plan in settings.lanes.items() if plan.via == locate.PORT_FORWARD]
    if forwarded:
        raise BadArgument(
            f"pods is {number}, but {' and '.join(forwarded)} would go through a port-forward of this process, which "
            "other pods cannot reach: set reach to service"
        )
    cluster = recording.in_cluster()
    runner = job.Runner.find(cluster)
    pods = job.Pods(cluster, runner, recording.marker, number, image, recording.directory)
    settings = msgspec.structs.replace(settings, record=str(recording.directory.path.resolve()))
    recording.will_undo("remove_scores", prefix=recording.marker)
    undo_job = recording.will_undo(undoing.NAME, namespace=runner.namespace, job=job.name(recording.marker))
    recording.note(
        "workload", pods=number, namespace=runner.namespace, job=job.name(recording.marker), image=pods.image
    )
    with undo.on_failure(recording, undo_job):
        return Handle(settings, timeout_s, pods=pods)


@activity
def stop_workload() -> dict:  # type: ignore[type-arg]
    """Stops the client load and waits until its record is closed. Without one, or done twice, it does nothing.

    Returns {"stopped": whether one ran}. Fails where the workload had ended by itself.
    """
    try:
        recording = run.current()
    except NoRun:
        return {"stopped": False}
    handle, recording.workload = recording.workload, None
    if handle is None:
        return {"stopped": False}
    if handle.stop() != 0:
        raise WorkloadFailed(handle.why())
    return {"stopped": True}


def _check(**values: tuple[float, float, float]) -> None:
    """Each with the smallest and the largest that it may be."""
    for name, (value, smallest, largest) in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not smallest <= value <= largest:
            raise BadArgument(f"{name} is {value!r}: it must be a number from {smallest:g} to {largest:,}")


def _plan(
    recording: Recording, lanes: list[str], rate: float, writes: float, reads: float, deadline_s: float
) -> dict[str, LanePlan]:
    unknown = [lane for lane in lanes if lane not in LANES]
    if unknown:
        raise BadArgument(f"There is no lane {', '.join(map(str, unknown))}; there are {', '.join(LANES)}")
    both = {"write": float(writes), "read": float(reads)}
    ways = {
        "server": LanePlan({"hello": float(rate), **both}, deadline_s, recording.server_via),
        "driver": LanePlan(dict(both), deadline_s, recording.mongo.via),
        "user": LanePlan(dict(both), deadline_s, recording.user_via),
    }
    return {lane: ways[lane] for lane in LANES if lane in lanes}


def _pod_answers(recording: Recording) -> bool:
    """Whether the pod's own address can be reached from here: only then is the server seen apart from its Service."""
    if recording.config.reach == locate.PORT_FORWARD:
        return False
    end = time.monotonic() + 2
    while recording.cluster is not None and time.monotonic() < end:
        try:
            socket.create_connection((recording.pods.address, recording.pods.port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
            continue
        return bool(recording.pods.address)
    return False


def top_scores(recording: Recording) -> list[int]:
    """The highest of the seeded scores: the application's list must show at least these."""
    return heapq.nlargest(
        TOP, (score["score"] for seed, count in recording.seeded for score in scores.seeded(seed, count))
    )
