"""MongoDB through its driver. The only module that knows pymongo (`wire` uses its BSON alone)."""

import re
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote_plus

import bson
import pymongo
from bson.errors import BSONError
from pymongo import monitoring
from pymongo.cursor import Cursor
from pymongo.errors import (
    BulkWriteError,
    ExecutionTimeout,
    InvalidName,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.uri_parser import parse_uri

from .ahead import ahead
from .errors import BadConfiguration, DatabaseRefuses, DatabaseUnavailable, NothingToHit
from .scores import Score
from .wire import Credentials

APP_NAME = "chaosmongo"
ANSWERS_WITHIN_S = 15
"""For each command of ours outside the workload; without it a server that is silent would be waited for without end."""
READ_WITHIN_S = 300
"""For a look at a whole collection: the more there is, the longer. SecantusDB reads all of it before it answers."""
READ_AT_ONCE = 20_000
"""Documents that are asked for with one command: some MiB of ours. SecantusDB takes longer where many more follow."""
LONGEST_REASON = 300
"""Characters of what a server says that a message of ours repeats."""
REMOVED_PER_S = 500
"""Documents that one command is sure to remove in a second: it is waited for accordingly."""
REGISTRATIONS = "chaos_runs"
SEEDED_BY = "run"
"""The field of a seeded score that holds the marker of the run that put it there. No digest covers it."""
NONSENSE = (BSONError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, struct.error)
"""What the driver's own code stumbles over when a server answers what is no answer."""
FAILURES = (PyMongoError, *NONSENSE)
T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    """How to reach one MongoDB: a URI (never recorded: it holds the password), and the way it was found."""

    uri: str = field(repr=False)
    via: str = "uri"

    @classmethod
    def build(cls, host: str, port: int, user: str, password: str, database: str, via: str) -> "Address":
        login = f"{quote_plus(user)}:{quote_plus(password)}@" if user else ""
        return cls(f"mongodb://{login}{host}:{port}/{database}?directConnection=true", via)

    def parsed(self) -> dict[str, Any]:
        """The parts of the URI. Raises DatabaseUnavailable where it is none; the message does not show it."""
        try:
            return dict(parse_uri(self.uri))
        except (PyMongoError, ValueError):
            raise DatabaseUnavailable(
                "mongo_uri is no MongoDB URI; it looks like mongodb://USER:PASSWORD@HOST:27017/DATABASE"
            ) from None

    @property
    def node(self) -> tuple[str, int]:
        """Host and port of the first server that the URI names."""
        host, port = self.parsed()["nodelist"][0]
        return host, port or 27017

    @property
    def shown(self) -> str:
        """Host and port, for people and records."""
        host, port = self.node
        return f"{host}:{port}"

    @property
    def credentials(self) -> Credentials | None:
        parts = self.parsed()
        if not parts["username"]:
            return None
        source = parts["options"].get("authsource") or parts["database"] or "admin"
        return Credentials(parts["username"], parts["password"], source)


class Sent(monitoring.CommandListener):
    """Knows whether the operation of the calling thread has put a command on the wire."""

    def __init__(self) -> None:
        self._local = threading.local()

    def reset(self) -> None:
        self._local.sent = False

    @property
    def sent(self) -> bool:
        return bool(getattr(self._local, "sent", False))

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in ("saslStart", "saslContinue"):  # logging in is not yet the operation
            self._local.sent = True

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Of no interest."""


class Collection:
    """A collection, through the driver. timeout_s: for finding a server and connecting to it.

    Raises DatabaseUnavailable with host, database and reason, whatever the server does; never shows the password.
    Documents are decoded whatever they hold: strings that are no UTF-8, and dates beyond those of Python.
    """

    def __init__(self, address: Address, database: str, collection: str, timeout_s: float = 5) -> None:
        self._where = f"MongoDB at {address.shown}"
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            address.uri,
            appname=APP_NAME,
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            connectTimeoutMS=int(timeout_s * 1000),
            socketTimeoutMS=int(ANSWERS_WITHIN_S * 1000),
            retryWrites=False,
            unicode_decode_error_handler="replace",
            datetime_conversion="DATETIME_AUTO",
        )
        try:
            self._collection = self._client[database][collection]
        except InvalidName as error:
            self._client.close()
            raise BadConfiguration(f"database {database!r}, collection {collection!r}: {error}") from None
        self.name = f"{database}.{collection}"

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What goes wrong inside is told as DatabaseUnavailable."""
        try:
            yield
        except FAILURES as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> DatabaseUnavailable:
        # A time that is over before something is sent counts as refused with the driver.
        if isinstance(error, OperationFailure) and not isinstance(error, ExecutionTimeout):
            if error.code in (18, 8000):
                what = "refuses user and password"
                todo = "check the Secret that mongo_secret names, or mongo_uri"
            else:
                what = f"refuses: {_told(error.details.get('errmsg', error) if error.details else error)}"
                todo = f"does the user have readWrite on {self.name}, and is that a collection?"
            return DatabaseRefuses(f"{self._where} {what}; {todo}")
        if isinstance(error, PyMongoError):
            return DatabaseUnavailable(
                f"{self._where} does not answer ({_told(error)}); is the pod Ready, is mongo_uri right?"
            )
        return DatabaseUnavailable(
            f"{self._where} answers what cannot be understood ({type(error).__name__}: {_told(error)}); is it MongoDB?"
        )


def _told(reason: object) -> str:
    """In one line, without the driver's remarks on its own settings."""
    text = " ".join(str(reason).split(", Timeout:")[0].split(" (configured timeouts")[0].split())
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + " ..."


@dataclass(frozen=True)
class Batch:
    """Documents as the server sent them: BSON, one after the other."""

    raw: bytes
    _decoded: Callable[[bytes], list[dict[str, Any]]]

    def documents(self) -> list[dict[str, Any]]:
        """Raises DatabaseUnavailable where they are none."""
        return self._decoded(self.raw)


class Scores(Collection):
    """The collection of scores."""

    def check(self, timeout_s: float | None = None) -> None:
        """Raises DatabaseUnavailable unless the server lets us read the collection, within timeout_s if given."""
        with self._asking(), pymongo.timeout(timeout_s):
            self._collection.find_one({"_id": ""}, {"_id": 1})  # which no number of documents makes slower
            if self._is_view():
                raise DatabaseRefuses(f"{self._where}: {self.name} is a view: nothing can be written to it")

    def _is_view(self) -> bool:
        database, name = self._collection.database, self._collection.name
        try:
            return any(one.get("type") == "view" for one in database.list_collections(filter={"name": name}))
        except OperationFailure:  # the user may not ask, which is nothing against the collection
            return False

    def version(self) -> str:
        """As the server names itself, "" where it does not. One that only speaks MongoDB's protocol tells its own
        version beside that of the MongoDB it stands for: "8.2.11 (secantusVersion 0.7.0b3)".
        """
        try:
            info = self._client.server_info()
        except FAILURES:
            return ""
        own = [f"{key} {value}" for key, value in info.items() if key.endswith("Version") and key != "gitVersion"]
        return f"{info.get('version', '')} ({', '.join(own)})" if own else str(info.get("version", ""))

    def insert(self, scores: Iterable[Score]) -> None:
        """Inserts all of them, in order, journaled. Raises DatabaseUnavailable; those before the failure are there."""
        concern = pymongo.WriteConcern(w=1, j=True)
        with self._asking():
            try:
                self._collection.with_options(write_concern=concern).insert_many(scores)
            except BulkWriteError as error:
                written = error.details.get("writeErrors") or error.details.get("writeConcernErrors")
                reason = _told(written[0]["errmsg"] if written else error)
                raise DatabaseRefuses(f"{self._where}: {self.name} refuses a score: {reason}") from None

    def beginning_with(self, prefixes: tuple[str, ...], timeout_s: float) -> Iterator[Batch]:
        """Every document whose name or _id begins with one of `prefixes`, as it is, in batches, all within timeout_s.
        While one batch is used, the next one is fetched. There may be other documents among them.
        """
        for batch in ahead(self._batches(prefixes, time.monotonic() + timeout_s)):
            yield Batch(batch, self._decoded)

    def _batches(self, prefixes: tuple[str, ...], end: float) -> Iterator[bytes]:
        cursor = self._raw({})
        batch = self._next(cursor, end)
        # Where hardly any document is another's, to have the server choose would only take it longer.
        if batch and not _mostly(self._decoded(batch), prefixes):
            cursor.close()
            cursor = self._raw(_beginning_like(prefixes))
            batch = self._next(cursor, end)
        while batch:
            yield batch
            batch = self._next(cursor, end)

    def _raw(self, chosen: dict[str, Any]) -> Cursor[Any]:
        return self._collection.find_raw_batches(chosen, batch_size=READ_AT_ONCE)

    def _next(self, cursor: Cursor[Any], end: float) -> bytes:
        with self._asking(), pymongo.timeout(max(end - time.monotonic(), 0.001)):
            return cast("bytes", next(cursor, b""))

    def _decoded(self, batch: bytes) -> list[dict[str, Any]]:
        with self._asking():
            return bson.decode_all(batch, self._collection.codec_options)

    def with_marker(self, prefix: str, marker: str) -> Iterator[dict[str, Any]]:
        """Those of the documents whose name begins with `prefix` that the run with this marker seeded."""
        cursor, end = self._raw(_seeded_by(prefix, marker)), time.monotonic() + READ_WITHIN_S
        while batch := self._next(cursor, end):
            yield from self._decoded(batch)

    def knows(self, marker: str) -> bool:
        """Whether any document here is of the run with this marker."""
        with self._asking(), pymongo.timeout(READ_WITHIN_S):
            ours = {"$or": [{"name": _beginning_with(marker)}, {"_id": _beginning_with(marker)}, {SEEDED_BY: marker}]}
            return self._collection.find_one(ours, {"_id": 1}) is not None

    def primary(self) -> str:
        """Host and port of the replica set's primary. Raises NothingToHit where there is none."""
        with self._asking():
            said = self._client.admin.command("hello")
        if not said.get("primary"):
            raise NothingToHit(f"{self._where} knows no primary: is it a member of a replica set that has one?")
        return str(said["primary"])

    def step_down(self, for_s: int, catch_up_s: int) -> None:
        """Has the primary step down (MongoDB manual, replSetStepDown)."""
        with self._asking():
            self._client.admin.command("replSetStepDown", for_s, secondaryCatchUpPeriodSecs=min(catch_up_s, for_s - 1))

    def some(self, prefix: str, count: int) -> list[str]:
        """Names of the `count` documents that the server finds first among those whose name begins with `prefix`."""
        with self._asking(), pymongo.timeout(READ_WITHIN_S):
            found = self._collection.find({"name": _beginning_with(prefix)}, {"name": 1}).limit(count)
            return [str(document["name"]) for document in found]

    def remove(self, names: list[str]) -> None:
        """Removes the documents with these names."""
        self._delete({"name": {"$in": names}}, len(names))

    def delete_prefix(self, prefix: str) -> int:
        """Removes every document whose name or _id begins with `prefix`; how many there were."""
        chosen = {"$or": [{"name": _beginning_with(prefix)}, {"_id": _beginning_with(prefix)}]}
        with self._asking(), pymongo.timeout(READ_WITHIN_S):
            there = sum(1 for _ in self._collection.find(chosen, {"_id": 1}, batch_size=1000))
        return self._delete(chosen, there)

    def delete_seeded(self, prefix: str, marker: str, keep: list[Any], there: int) -> int:
        """Removes those of `with_marker`, but for the `_id`s in `keep`; how many. there: how many to expect."""
        return self._delete({**_seeded_by(prefix, marker), "_id": {"$nin": keep}}, there)

    def _delete(self, chosen: dict[str, Any], there: int) -> int:
        """One command, for each may look at the whole collection; it may take the longer the more there are."""
        if there == 0:
            return 0
        with self._asking():
            journaled = self._collection.with_options(write_concern=pymongo.WriteConcern(w=1, j=True))
            with pymongo.timeout(ANSWERS_WITHIN_S + there / REMOVED_PER_S):
                return journaled.delete_many(chosen).deleted_count


def _beginning_like(prefixes: Iterable[str]) -> dict[str, Any]:
    beginning = {"$regex": f"^(?:{'|'.join(map(re.escape, prefixes))})"}
    return {"$or": [{"name": beginning}, {"_id": beginning}]}


def _mostly(documents: list[dict[str, Any]], prefixes: tuple[str, ...]) -> bool:
    """Whether more than half of them begin like this."""
    return 2 * sum(str(document.get("name")).startswith(prefixes) for document in documents) > len(documents)


def _beginning_with(prefix: str) -> dict[str, str]:
    return {"$gte": prefix, "$lt": prefix[:-1] + chr(ord(prefix[-1]) + 1)}


def _seeded_by(prefix: str, marker: str) -> dict[str, Any]:
    return {"name": _beginning_with(prefix), SEEDED_BY: marker}


class Registrations(Collection):
    """Which runs are at work in a database: one document each, in a collection of their own beside the scores.

    {_id: marker, run, collection, process: {...}, opened, met: [{marker, run}, ...]}. Nobody changes another's but to
    add to whom it has met, and nobody removes another's.
    """

    def __init__(self, address: Address, database: str, timeout_s: float = 5) -> None:
        super().__init__(address, database, REGISTRATIONS, timeout_s)
        concern = pymongo.WriteConcern(w="majority", j=True, wtimeout=int(ANSWERS_WITHIN_S * 1000))
        self._collection = self._collection.with_options(write_concern=concern)

    def add(self, registration: dict[str, Any]) -> None:
        """Raises DatabaseRefuses where the user may not write here."""
        with self._asking():
            self._collection.insert_one(registration)

    def own(self, marker: str) -> dict[str, Any] | None:
        """The registration of the run with this marker."""
        with self._asking():
            return _document(self._collection.find_one({"_id": marker}))

    def others(self, marker: str, collection: str) -> list[dict[str, Any]]:
        """The registrations of the other runs on a collection; what does not look like one is left out."""
        with self._asking():
            found = list(self._collection.find({"_id": {"$ne": marker}, "collection": collection}).limit(1000))
        return [one for one in found if isinstance(one["_id"], str) and isinstance(one.get("met"), list)]

    def tell(self, markers: list[str], met: list[dict[str, str]]) -> None:
        """Lets the runs with these markers know whom they have met."""
        with self._asking():
            for marker in markers:
                self._collection.update_one({"_id": marker}, {"$addToSet": {"met": {"$each": met}}})

    def remove(self, marker: str) -> int:
        """Removes the run's own; 0 where it was gone already."""
        with self._asking():
            return self._collection.delete_one({"_id": marker}).deleted_count


def _document(found: Any) -> dict[str, Any] | None:
    """What the server gave as a document, if it is one. Raises TypeError."""
    if found is not None and not isinstance(found, dict):
        raise TypeError(f"the server gave a {type(found).__name__} for a document")
    return found


class DriverError(Exception):
    """An operation through the driver failed. `sent`: whether a command of it was put on the wire; `waited`: whether
    the driver knew no server to send it to, up to the end; `code`: the server's error code, 0 where it gave none.
    """

    def __init__(self, error: Exception, sent: bool) -> None:
        reason = str(error).split(" (configured timeouts")[0].split(", Timeout:")[0]
        super().__init__(f"{type(error).__name__}: {reason}")
        self.sent = sent
        self.waited = not sent and isinstance(error, ServerSelectionTimeoutError)
        self.code = (error.code or 0) if isinstance(error, OperationFailure) else 0


_STEPS = ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "waitQueueTimeoutMS")


class Driver:
    """pymongo with its defaults, but for what the experiment sets: write concern (w, j, wtimeout) and retryWrites.

    Raises DriverError where an operation fails or is not over within deadline_s. The driver does not send a wtimeout
    while it keeps a deadline itself; so with a wtimeout each of its steps (finding a server, connecting, the answer)
    has deadline_s of its own.
    """

    def __init__(
        self,
        address: Address,
        database: str,
        collection: str,
        write_concern: dict[str, Any],
        retry_writes: bool,
        deadline_s: float,
    ) -> None:
        self._sent = Sent()
        self._deadline_s = deadline_s
        self._by_step = "wtimeout" in write_concern or "wtimeoutms" in address.parsed()["options"]
        limits: dict[str, Any] = dict.fromkeys(_STEPS, int(deadline_s * 1000)) if self._by_step else {}
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            address.uri, appname=APP_NAME, retryWrites=retry_writes, event_listeners=[self._sent], **limits
        )
        self._collection = self._client[database].get_collection(
            collection, write_concern=pymongo.WriteConcern(**write_concern) if write_concern else None
        )
        self.write_concern: dict[str, Any] = dict(self._collection.write_concern.document)
        """What the driver asks of the server: as given, else as the URI says, {} where neither says anything."""

    def insert(self, document: dict[str, Any]) -> None:
        """Inserts one document."""
        self._within(lambda: self._collection.insert_one(document))

    def find(self, key: str) -> dict[str, Any] | None:
        """The document whose _id is `key`."""
        return self._within(lambda: _document(self._collection.find_one({"_id": key})))

    def close(self) -> None:
        self._client.close()

    def _within(self, operation: Callable[[], T]) -> T:
        self._sent.reset()
        try:
            with nullcontext() if self._by_step else pymongo.timeout(self._deadline_s):
                return operation()
        except FAILURES as error:
            raise DriverError(error, self._sent.sent) from None
