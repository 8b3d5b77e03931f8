"""What the way through a port-forward adds to an answer, measured when a run is opened."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from chaosmongo import wire

ANSWERS = 100
CONNECTIONS = 10
ANSWERS_WITHIN_S = 2.0
HELLO = {"hello": 1, "$db": "admin"}

Place = tuple[str, int]


def added(forwarded: Place, direct: Place | None) -> dict[str, Any]:
    """Round trips of hello in milliseconds, for the record: {"hello_ms": {"median", "p95", "n"}} on one connection,
    {"first_answer_ms": ...} on a new one each time, from connect(2) to the answer; and the same of the direct way,
    where there is one, as {"direct": ...}. {"error": ...} where a server did not answer.
    """
    found = _measured(*forwarded)
    return found if direct is None else found | {"direct": _measured(*direct)}


def _measured(host: str, port: int) -> dict[str, Any]:
    try:
        connection = wire.Connection(host, port, _deadline())
        try:
            answers = _quantiles(lambda: connection.call(HELLO, _deadline()), ANSWERS)
        finally:
            connection.close()
        return {"hello_ms": answers, "first_answer_ms": _quantiles(lambda: _first(host, port), CONNECTIONS)}
    except (OSError, wire.ServerError) as error:
        return {"error": str(error)}


def _first(host: str, port: int) -> None:
    connection = wire.Connection(host, port, _deadline())
    try:
        connection.call(HELLO, _deadline())
    finally:
        connection.close()


def _quantiles(ask: Callable[[], object], n: int) -> dict[str, float]:
    took = []
    for _ in range(n):
        begin = time.perf_counter_ns()
        ask()
        took.append((time.perf_counter_ns() - begin) / 1e6)
    took.sort()
    return {"median": round(statistics.median(took), 3), "p95": round(took[int(0.95 * (n - 1))], 3), "n": n}


def _deadline() -> float:
    return time.monotonic() + ANSWERS_WITHIN_S
