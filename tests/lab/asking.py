"""What tests that ask an API server share: its answer, a request by its verb, and waiting for something to be so."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A response: body is its JSON, of a watch a list of its events, or the text of anything else."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def reason(self) -> str:
        """Of a Status."""
        return str(self.body["reason"])

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Field and reason of each cause of a Status."""
        return [(cause.get("field", ""), cause["reason"]) for cause in self.body["details"]["causes"]]


class Verbs:
    """A request for each verb, by way of `call`."""

    @abstractmethod
    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """One request. body: an object to be sent as JSON, or bytes."""

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Answer:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("DELETE", path, body, **options)


def until(condition: Callable[[], Any], timeout_s: float) -> Any:
    """Waits until the condition holds; returns what it gave."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.005
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.05)
    return found
