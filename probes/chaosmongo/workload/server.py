"""The server lane's journaled writes and reads, on raw connections of its own, logged in."""

import select
import ssl
import threading
import time
from typing import Any

from chaosmongo import scores, wire
from chaosmongo.history.records import Fail, Info, Invoke, Ok

from .outcome import REFUSED_BEFORE_EXECUTION, REFUSED_DOCUMENT, Outcome, shortened
from .settings import Place


class Server:
    """Performs writes and reads at `place`, which may be changed at any time."""

    def __init__(
        self,
        place: Place | None,
        database: str,
        collection: str,
        credentials: wire.Credentials | None,
        deadline_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.place = place
        self._database = database
        self._collection = collection
        self._credentials = credentials
        self._deadline_s = deadline_s
        self._tls = tls
        self._lock = threading.Lock()
        self._free: list[tuple[Place, wire.Connection]] = []

    def perform(self, op: Invoke) -> Outcome:
        sent = time.monotonic_ns()
        deadline = sent / 1e9 + self._deadline_s
        place = self.place
        if place is None:
            return Fail(op.op, sent, sent, "there is no pod to ask")
        try:
            connection = self._connection(place, deadline)
        except (OSError, wire.ServerError) as error:  # the operation itself was not sent
            return Fail(op.op, sent, time.monotonic_ns(), shortened(error))
        try:
            answer = connection.call(self._command(op), deadline)
        except wire.ServerError as error:
            self._keep(place, connection)
            kind = Fail if error.code in REFUSED_BEFORE_EXECUTION else Info
            return kind(op.op, sent, time.monotonic_ns(), shortened(error))
        except OSError as error:
            connection.close()
            kind = Info if connection.sent else Fail
            return kind(op.op, sent, time.monotonic_ns(), shortened(error))
        done = time.monotonic_ns()
        self._keep(place, connection)
        return judged_write(op, answer, sent, done) if op.f == "write" else judged_read(op, answer, sent, done)

    def _command(self, op: Invoke) -> wire.Command:
        if op.f == "read":
            return {"find": self._collection, "filter": {"_id": op.key}, "limit": 1, "singleBatch": True} | self._db
        document = {"_id": op.key, **scores.workload_score(op.key, op.op)}
        return {"insert": self._collection, "documents": [document], "writeConcern": {"w": 1, "j": True}} | self._db

    @property
    def _db(self) -> wire.Command:
        return {"$db": self._database}

    def _connection(self, place: Place, deadline: float) -> wire.Connection:
        with self._lock:
            while self._free:
                reached, connection = self._free.pop()
                if reached == place and not _ended(connection):
                    return connection
                connection.close()
        connection = wire.Connection(place.host, place.port, deadline, self._tls)
        if self._credentials is not None:
            try:
                connection.log_in(self._credentials, deadline)
            except (OSError, wire.ServerError):
                connection.close()
                raise
        return connection

    def _keep(self, place: Place, connection: wire.Connection) -> None:
        with self._lock:
            self._free.append((place, connection))


def _ended(connection: wire.Connection) -> bool:
    """Whether the server has closed an idle connection: a dead connection must not pass for a dead server."""
    return bool(select.select([connection], [], [], 0)[0])


def judged_write(op: Invoke, answer: dict[str, Any], sent: int, done: int) -> Outcome:
    if answer.get("writeErrors"):
        error = answer["writeErrors"][0]
        kind = Fail if error.get("code") in REFUSED_DOCUMENT else Info
        return kind(op.op, sent, done, shortened(f"{error.get('errmsg', 'refused')} (code {error.get('code')})"))
    if answer.get("writeConcernError"):
        return Info(op.op, sent, done, shortened(str(answer["writeConcernError"].get("errmsg", "not acknowledged"))))
    if answer.get("n") != 1:
        return Info(op.op, sent, done, "the server acknowledged something else")
    return Ok(op.op, sent, done)


def judged_read(op: Invoke, answer: dict[str, Any], sent: int, done: int) -> Outcome:
    found = (answer.get("cursor") or {}).get("firstBatch") or []
    return judged_document(op, found[0] if found else None, sent, done)


def judged_document(op: Invoke, document: dict[str, Any] | None, sent: int, done: int) -> Outcome:
    """A read is ok only where it shows what was acknowledged before it was sent."""
    if document is None:
        return Info(op.op, sent, done, "answered without a score that was acknowledged before", stale=True)
    if scores.digest(document) != op.digest:
        return Info(op.op, sent, done, "answered with a score other than the acknowledged one", stale=True)
    return Ok(op.op, sent, done)
