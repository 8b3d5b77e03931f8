"""Watching a real API server: what it says is recorded, also across its death; what nobody can have seen is said."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaosmongo.cluster import Cluster
from chaosmongo.history import RunDirectory, Writer
from chaosmongo.history.lines import lines
from chaosmongo.history.model import History
from chaosmongo.history.records import ClusterEvent, ClusterLine, Note
from chaosmongo.observer import Observer

from tests.lab.api.conftest import ApiServer, running
from tests.lab.asking import until
from tests.probes.checks.histories import run

CLAIMS = "/api/v1/namespaces/pacman/persistentvolumeclaims"
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


class Watched:
    """A server, and what an observer of it has recorded so far."""

    def __init__(self, api: ApiServer, directory: Path) -> None:
        self.api = api
        self._file = RunDirectory(directory).cluster
        self.observer = Observer(Cluster(), "pacman", Writer(self._file, "cluster", "test/1"))

    def make(self, name: str) -> None:
        assert self.api.post(CLAIMS, {"metadata": {"name": name}, **CLAIM}).status == 201

    def records(self) -> list[ClusterEvent | Note]:
        found = lines(self._file, ClusterLine, History(run()))
        return [record for record in found if isinstance(record, ClusterEvent | Note)]

    def made(self) -> list[str]:
        """Names of claims that were seen to be made, in order."""
        events = [r for r in self.records() if isinstance(r, ClusterEvent) and r.resource == "persistentvolumeclaims"]
        return [event.object["metadata"]["name"] for event in events if event.kind == "ADDED"]

    def notes(self) -> set[tuple[str, str]]:
        return {(r.what, str(r.detail.get("resource"))) for r in self.records() if isinstance(r, Note)}

    def until(self, condition: Callable[[], bool]) -> None:
        until(condition, timeout_s=15)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    (tmp_path / "state").mkdir()
    with running(tmp_path / "state") as api:
        monkeypatch.setenv("KUBECONFIG", str(api.state / "kubeconfig"))
        assert api.post("/api/v1/namespaces", {"metadata": {"name": "pacman"}}).status == 201
        found = Watched(api, tmp_path)
        found.observer.start()
        try:
            yield found
        finally:
            found.observer.stop()


def test_an_api_server_that_dies_and_comes_back_leaves_no_gap(watched: Watched) -> None:
    watched.make("before")
    watched.until(lambda: watched.made() == ["before"])
    watched.api.stop(signal.SIGKILL)
    watched.until(lambda: ("broken", "persistentvolumeclaims") in watched.notes())
    watched.api.start()
    watched.make("after")
    watched.until(lambda: watched.made() == ["before", "after"])
    assert {what for what, _ in watched.notes()} == {"broken"}


def test_it_is_said_once_that_a_watch_broke_however_long_the_server_is_away(watched: Watched) -> None:
    watched.api.stop(signal.SIGKILL)
    watched.until(lambda: ("broken", "persistentvolumeclaims") in watched.notes())
    time.sleep(1)
    told = [r.detail["resource"] for r in watched.records() if isinstance(r, Note)]
    assert told.count("persistentvolumeclaims") == 1


def test_a_server_that_has_forgotten_leaves_a_gap(watched: Watched) -> None:
    """As after a restore from a backup, or on a server that keeps no history: what it knows is listed anew."""
    watched.make("before")
    watched.until(lambda: watched.made() == ["before"])
    watched.api.stop(signal.SIGKILL)
    for file in watched.api.state.glob("*.db*"):
        file.unlink()
    watched.api.start()
    watched.until(lambda: ("gap", "persistentvolumeclaims") in watched.notes())
