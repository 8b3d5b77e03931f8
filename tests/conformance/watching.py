"""A watch that a case reads event by event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from .conftest import Cluster

Object = dict[str, Any]


@contextmanager
def watching(
    cluster: Cluster, path: str, *, headers: dict[str, str | None] | None = None, **query: Any
) -> Iterator[Iterator[Object]]:
    """The events as they arrive; to wait for one that does not come fails after a while."""
    with cluster.open("GET", path, headers=headers, watch="true", **query) as response:
        assert response.status == 200, response.data
        yield _events(response)


def _events(response: Any) -> Iterator[Object]:
    rest = b""
    for part in response.stream():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield json.loads(line)


def told(events: Iterator[Object], count: int) -> list[tuple[str, str]]:
    """Type and object's name of the next events."""
    return [(event["type"], event["object"]["metadata"]["name"]) for event in islice(events, count)]
