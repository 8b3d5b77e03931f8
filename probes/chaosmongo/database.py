"""MongoDB through its driver. The only module that knows pymongo (`wire` uses its BSON alone)."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote_plus

import pymongo
from pymongo import monitoring
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.uri_parser import parse_uri

from .errors import DatabaseUnavailable
from .scores import Score
from .wire import Credentials

APP_NAME = "chaosmongo"
ANSWERS_WITHIN_S = 15
"""For each command of ours outside the workload; without it a server that is silent would be waited for without end."""
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

    def started(self, event: monitoring.CommandStartedEvent) -> None:  # noqa: ARG002
        self._local.sent = True

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Of no interest."""


class Scores:
    """The collection of scores, through the driver. timeout_s: for finding a server and connecting to it.

    Raises DatabaseUnavailable with host, database and reason; never shows the password.
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
        )
        self._collection = self._client[database][collection]
        self.name = f"{database}.{collection}"

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> "Scores":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """Raises DatabaseUnavailable unless the server answers and lets us read the collection."""
        try:
            self._collection.find_one({"name": ""}, {"_id": 1})
        except PyMongoError as error:
            raise self._unavailable(error) from None

    def version(self) -> str:
        """As the server names itself, "" where it does not."""
        try:
            return str(self._client.server_info().get("version", ""))
        except PyMongoError:
            return ""

    def insert(self, scores: Iterable[Score]) -> None:
        """Inserts all of them, in order, journaled. Raises DatabaseUnavailable; those before the failure are there."""
        concern = pymongo.WriteConcern(w=1, j=True)
        try:
            self._collection.with_options(write_concern=concern).insert_many(scores)
        except BulkWriteError as error:
            reason = error.details["writeErrors"][0]["errmsg"] if error.details.get("writeErrors") else str(error)
            raise DatabaseUnavailable(f"{self._where}: {self.name} refuses a score: {reason}") from None
        except PyMongoError as error:
            raise self._unavailable(error) from None

    def with_prefix(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Every document whose name begins with `prefix`, as it is."""
        upper = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        try:
            yield from self._collection.find({"name": {"$gte": prefix, "$lt": upper}}, batch_size=1000)
        except PyMongoError as error:
            raise self._unavailable(error) from None

    def delete_prefix(self, prefix: str) -> int:
        """Removes every document whose name begins with `prefix`; how many there were."""
        upper = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        try:
            return self._collection.delete_many({"name": {"$gte": prefix, "$lt": upper}}).deleted_count
        except PyMongoError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: PyMongoError) -> DatabaseUnavailable:
        if isinstance(error, OperationFailure):
            if error.code in (18, 8000):
                what = "refuses user and password"
                todo = "check the Secret that mongo_secret names, or mongo_uri"
            else:
                what = f"refuses: {error.details.get('errmsg', error) if error.details else error}"
                todo = f"does the user have readWrite on {self.name}?"
            return DatabaseUnavailable(f"{self._where} {what}; {todo}")
        reason = str(error).split(", Timeout:")[0].split(" (configured timeouts")[0]
        return DatabaseUnavailable(f"{self._where} does not answer ({reason}); is the pod Ready, is mongo_uri right?")


class DriverError(Exception):
    """An operation through the driver failed. `sent`: whether a command of it was put on the wire; `waited`: whether
    the driver knew no server to send it to, up to the end; `code`: the server's error code, 0 where it gave none.
    """

    def __init__(self, error: PyMongoError, sent: bool) -> None:
        reason = str(error).split(" (configured timeouts")[0].split(", Timeout:")[0]
        super().__init__(f"{type(error).__name__}: {reason}")
        self.sent = sent
        self.waited = not sent and isinstance(error, ServerSelectionTimeoutError)
        self.code = (error.code or 0) if isinstance(error, OperationFailure) else 0


class Driver:
    """pymongo with its defaults, but for what the experiment sets: write concern and retryWrites."""

    def __init__(
        self, address: Address, database: str, collection: str, write_concern: dict[str, Any], retry_writes: bool
    ) -> None:
        self._sent = Sent()
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            address.uri, appname=APP_NAME, retryWrites=retry_writes, event_listeners=[self._sent]
        )
        options = {"wtimeout" if key == "wtimeoutMS" else key: value for key, value in write_concern.items()}
        self._collection = self._client[database].get_collection(
            collection, write_concern=pymongo.WriteConcern(**options)
        )

    def insert(self, document: dict[str, Any], deadline_s: float) -> None:
        """Inserts one document within deadline_s. Raises DriverError."""
        self._within(deadline_s, lambda: self._collection.insert_one(document))

    def find(self, key: str, deadline_s: float) -> dict[str, Any] | None:
        """The document whose _id is `key`, within deadline_s. Raises DriverError."""
        return self._within(deadline_s, lambda: self._collection.find_one({"_id": key}))

    def close(self) -> None:
        self._client.close()

    def _within(self, deadline_s: float, operation: Callable[[], T]) -> T:
        self._sent.reset()
        try:
            with pymongo.timeout(deadline_s):
                return operation()
        except PyMongoError as error:
            raise DriverError(error, self._sent.sent) from None
