"""One run at a time in a namespace: who makes faults there holds its Lease `chaos-mongodb` (coordination.k8s.io/v1).

A run takes it before it touches anything, renews it while it goes on, and deletes it at its end. A holder whose process
is certainly gone (it was on this machine) is not waited for, any other until its Lease is stale. Every change names the
version that it was made from, so of two that take it at once one is refused.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from chaosmongo import lease, process
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused, LockLost, NoCluster, Occupied
from chaosmongo.history.records import Run
from chaosmongo.lease import CONFLICT, DURATION_S, FORBIDDEN, GONE, LEASE, PROCESS, RUN, Held, path

RENEWED_EVERY_S = 10.0
TRIED_AGAIN_AFTER_S = 1.0
TAKEN_WITHIN_S = 15.0
"""How long an API server that does not answer is asked for the lock."""
REQUEST_TIMEOUT_S = 5.0

UNAVAILABLE = 500
"""And more: the API server is there, and cannot answer just now."""


def holder_of(run: Run) -> str:
    """Who holds the lock for a run: host, run and marker, by which it knows its own."""
    return f"{socket.gethostname()}/{run.run}/{run.marker.rstrip('-')}"


def free(cluster: Cluster, namespace: str) -> Held | None:
    """Returns when nobody holds the lock: the stale one that is to be taken over, or None where there is none.

    Raises Occupied as soon as its holder renews it; NotAllowed where we may not look.
    """
    seen = lease.read(cluster, namespace)
    if seen is None or not seen.holder or process.is_gone(seen.process):
        return seen
    now = lease.until_stale(cluster, namespace, seen)
    if now is not None and now.holder and now is not seen:
        raise occupied(namespace, now)
    return now


def occupied(namespace: str, held: Held | None) -> Occupied:
    who = f"{held.holder} since {held.since}" if held is not None and held.holder else "another run since just now"
    return Occupied(
        f"Another run is at work in namespace {namespace}: its lock (Lease {namespace}/{LEASE}) is held by {who}. "
        "Nothing was touched. Wait for its end, or end it (Ctrl-C or SIGTERM), and try again"
    )


class Lock:
    """The lock as one run takes and keeps it. Everything but `take` may be called from any thread."""

    def __init__(self, cluster: Cluster, namespace: str, run: Run) -> None:
        self.holder = holder_of(run)
        self.lost = ""
        """Why it is not ours any more."""
        self._cluster, self._namespace, self._run = cluster, namespace, run
        self._version, self._renewed_at = "", 0.0
        self._stopped = threading.Event()
        self._told: Callable[[str], None] | None = None
        self._telling = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)

    def take(self, found: Held | None) -> None:
        """found: as `free` returned it. Raises Occupied where another run was quicker, NotAllowed, NoCluster."""
        end = time.monotonic() + TAKEN_WITHIN_S
        while not self._taken(found):
            if time.monotonic() > end:
                raise NoCluster(f"Lease {self._namespace}/{LEASE} could not be taken within {TAKEN_WITHIN_S:g} s")
            time.sleep(TRIED_AGAIN_AFTER_S)
        self._thread.start()

    def listen(self, told: Callable[[str], None]) -> None:
        """told: is called once with the reason when the lock is lost, from another thread."""
        with self._telling:
            self._told = told
            lost = self.lost
        if lost:
            told(lost)

    def check(self) -> None:
        """Raises LockLost where it is not ours any more, or where others may take it for stale by now."""
        why = self.lost
        if not why and time.monotonic() - self._renewed_at >= DURATION_S:
            why = f"it was not renewed for {DURATION_S} s"
        if why:
            raise LockLost(f"No fault may be made: the lock of namespace {self._namespace} is lost ({why})")

    def stop(self) -> None:
        """It is not renewed any more, and not lost either. Doing it twice is harmless."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _taken(self, found: Held | None) -> bool:
        sent = time.monotonic()
        try:
            if found is None:
                made = self._cluster.post(path(self._namespace), self._fresh(), REQUEST_TIMEOUT_S)
            else:
                made = self._patch(found.version, self._spec(found.transitions + 1), self._notes())
            now = Held.of(made)
        except NoCluster:
            return False
        except ApiRefused as refusal:
            if refusal.status >= UNAVAILABLE:
                return False
            if refusal.status == FORBIDDEN:
                raise lease.forbidden(self._namespace, "create" if found is None else "patch", refusal) from None
            if refusal.status != CONFLICT:
                raise
            other = lease.read(self._cluster, self._namespace)
            if other is None or other.holder != self.holder:  # else an earlier request came through unanswered
                raise occupied(self._namespace, other) from None
            now = other
        self._version, self._renewed_at = now.version, sent
        return True

    def _fresh(self) -> Object:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE, "namespace": self._namespace, "annotations": self._notes()},
            "spec": self._spec(0),
        }

    def _spec(self, transitions: int) -> Object:
        now = _now()
        return {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _notes(self) -> dict[str, str]:
        return {RUN: self._run.run, PROCESS: json.dumps(process.me())}

    def _patch(self, version: str, spec: Object, notes: Mapping[str, str] | None = None) -> Object:
        metadata: Object = {"resourceVersion": version} | ({"annotations": notes} if notes else {})
        where = path(self._namespace, LEASE)
        return self._cluster.patch(where, {"metadata": metadata, "spec": spec}, REQUEST_TIMEOUT_S)

    def _keep(self) -> None:
        pause = RENEWED_EVERY_S
        while not self._stopped.wait(pause):
            try:
                why = self._renewed()
                pause = TRIED_AGAIN_AFTER_S if why else RENEWED_EVERY_S
                if why and time.monotonic() - self._renewed_at >= DURATION_S:
                    raise LockLost(f"it could not be renewed for {DURATION_S} s: {why}")
            except Exception as error:  # whatever it is, nobody renews it any more
                self._lose(str(error) or type(error).__name__)
                break

    def _renewed(self) -> str:
        """Why not, where it may be tried again. Raises LockLost."""
        sent = time.monotonic()
        try:
            try:
                ours = self._patch(self._version, {"renewTime": _now()})
            except ApiRefused as refusal:
                if refusal.status not in (CONFLICT, GONE):
                    raise
                # changed by an earlier request of ours that was not answered, or by somebody
                ours = self._still_ours(self._cluster.find(path(self._namespace, LEASE)))
                self._version = Held.of(ours).version
                ours = self._patch(self._version, {"renewTime": _now()})
        except (ApiRefused, NoCluster) as error:
            return str(error).splitlines()[0]
        self._version, self._renewed_at = Held.of(ours).version, sent
        return ""

    def _still_ours(self, found: Object | None) -> Object:
        if found is None:
            raise LockLost("somebody has deleted it")
        if (holder := Held.of(found).holder) != self.holder:
            raise LockLost(f"{holder or 'nobody'} holds it now")
        return found

    def _lose(self, why: str) -> None:
        if self._stopped.is_set():
            return
        with self._telling:
            self.lost, told = why, self._told
        if told is not None:
            told(why)


def _now() -> str:
    """As a MicroTime."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
