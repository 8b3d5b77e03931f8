"""The user lane: what a player's browser asks of the application, each time on a connection of its own."""

import http.client
import io
import json
import socket
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from chaosmongo import scores
from chaosmongo.history.records import Fail, Info, Invoke, Ok

from .outcome import Outcome, shortened

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LARGEST_ANSWER = 1_000_000
"""Bytes of an answer that are read at most."""


class NotServed(Exception):
    """The application answered, but not with what was asked for."""


class User:
    """POST /highscores and GET /highscores/list. `top_scores`: what the list must show at least, highest first.

    The application answers a failed insert with HTTP 200 and rs: "error": that is no success.
    """

    def __init__(self, app_url: str, deadline_s: float, top_scores: list[int]) -> None:
        self._url = urlsplit(app_url)
        self._deadline_s = deadline_s
        self._top_scores = top_scores

    def perform(self, op: Invoke) -> Outcome:
        sent = time.monotonic_ns()
        connection = self._connection()
        try:
            connection.connect()
        except OSError as error:  # nothing was sent
            return Fail(op.op, sent, time.monotonic_ns(), shortened(error))
        connection.sock = Timed(connection.sock, sent / 1e9 + self._deadline_s)
        try:
            self._ask(connection, op)
        except (OSError, http.client.HTTPException, NotServed) as error:
            return Info(op.op, sent, time.monotonic_ns(), shortened(error))
        finally:
            connection.close()
        return Ok(op.op, sent, time.monotonic_ns())

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self._deadline_s)

    def _ask(self, connection: http.client.HTTPConnection, op: Invoke) -> None:
        base = self._url.path.rstrip("/")
        if op.f == "write":
            form = urlencode(scores.workload_score(op.key, op.op))
            connection.request("POST", f"{base}/highscores", form, FORM)
            answer = _answer(connection)
            if not isinstance(answer, dict) or answer.get("rs") == "error" or answer.get("name") != op.key:
                raise NotServed(f"the score was not stored: rs {_field(answer, 'rs')}")
        else:
            connection.request("GET", f"{base}/highscores/list")
            check_list(_answer(connection), self._top_scores)


class Timed:
    """A connected socket as http.client uses it, all of whose calls together must be over by `deadline`
    (CLOCK_MONOTONIC, seconds): a timeout of the socket's own begins anew with every byte.
    """

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.hurry()
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002
        return io.BufferedReader(_Received(self, self._socket.makefile("rb", buffering=0)))

    def close(self) -> None:
        self._socket.close()

    def hurry(self) -> None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no answer within its deadline")
        self._socket.settimeout(left_s)


class _Received(io.RawIOBase):
    """What comes in. The socket stays open until this is closed, too."""

    def __init__(self, timed: Timed, raw: socket.SocketIO) -> None:
        self._timed = timed
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timed.hurry()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def check_list(answer: Any, top_scores: list[int]) -> None:
    """Raises NotServed unless `answer` is a score list, highest first, that shows at least the scores it must show."""
    if not isinstance(answer, list):
        raise NotServed("the answer is no list of scores")
    shown = [_field(row, "score") for row in answer]
    if not all(isinstance(score, int) for score in shown) or shown != sorted(shown, reverse=True):
        raise NotServed("the list of scores is not in order")
    if len(shown) < len(top_scores) or any(have < must for have, must in zip(shown, top_scores, strict=False)):
        raise NotServed(f"the list of {len(shown)} scores lacks some of the {len(top_scores)} highest")


def _answer(connection: http.client.HTTPConnection) -> Any:
    response = connection.getresponse()
    body = response.read(LARGEST_ANSWER)
    if response.status != 200:
        raise NotServed(f"HTTP {response.status}")
    try:
        return json.loads(body)
    except ValueError:
        raise NotServed("the answer is no JSON") from None


def _field(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, dict) else None
