"""Asks a lab's API server and takes the time: plain HTTPS on kept connections, so that little of it is the client's."""

import http.client
import json
import multiprocessing
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubelab import kubeconfig

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"  # as kubectl asks
WRITERS = 4
TURN_S = 0.0002
WATCHED_WITHIN_S = 30
ANNOTATION = "benchmarks/due"
ROOT = Path(__file__).parents[1]


class Api:
    """One kept connection to the API server that a kubeconfig names."""

    def __init__(self, path: Path) -> None:
        self._told = kubeconfig.load(path)
        where = urlsplit(self._told.server)
        self._connection = http.client.HTTPSConnection(
            where.hostname or "", where.port, timeout=60, context=self._told.ssl_context()
        )

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> bytes:
        """The answer's body. Raises RuntimeError for a refusal."""
        with self.open(method, path, body, headers) as response:
            return response.read()

    def open(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Raises RuntimeError for a refusal."""
        sent = None if body is None else json.dumps(body)
        told = {"Authorization": f"Bearer {self._told.token}", "Content-Type": "application/json"}
        self._connection.request(method, path, sent, told | (headers or {}))
        response = self._connection.getresponse()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {response.read()[:500]!r}")
        return response

    def close(self) -> None:
        self._connection.close()


@contextmanager
def bare(certificate: Path, body: bytes) -> Iterator[http.client.HTTPSConnection]:
    """A kept connection to benchmarks.bare, which answers with body."""
    asked = [sys.executable, "-m", "benchmarks.bare", str(certificate), str(len(body))]
    with subprocess.Popen(
        asked, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:  # Its input is closed at the end of this, and it ends.
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(body)
        process.stdin.flush()
        port = int(process.stdout.readline())
        # It has the lab's certificate, which is not made out to its address.
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
        yield connection
        connection.close()


def timed_ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - begin) / 1e6


def in_turn_ms(works: dict[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Milliseconds of each, one after the other, so that what else the machine does meets all alike."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            took[name].append(timed_ms(work))
    return took


def create(path: Path, where: str, objects: Sequence[dict[str, Any]]) -> None:
    api = Api(path)
    for one in objects:
        api.ask("POST", where, one)
    api.close()


def changes_ms(path: Path, pods: Sequence[str], rate: int, seconds: float, watchers: int) -> list[float]:
    """Changes an annotation of one of the pods `rate` times a second, by the clock, not by the answers.

    Milliseconds from the moment at which each change was due until the last watcher held its event. Raises RuntimeError
    when an event did not come.
    """
    due_ns = [round(number * 1e9 / rate) for number in range(round(rate * seconds))]
    namespace = pods[0].rpartition("/")[0]
    with _watching(path, namespace, len(due_ns), watchers) as arrived:
        begin_ns = time.perf_counter_ns() + 300_000_000
        writers = [
            threading.Thread(
                target=_write, args=(path, pods, begin_ns, due_ns, range(first, len(due_ns), WRITERS)), daemon=True
            )
            for first in range(WRITERS)
        ]
        with _brief_turns():
            for thread in writers:
                thread.start()
            for thread in writers:
                thread.join(seconds + 30)
        seen = arrived()
    missing = sum(len(due_ns) - len(one) for one in seen)
    if missing:
        raise RuntimeError(f"{missing} events did not come")
    return [(max(one[number] for one in seen) - begin_ns - due) / 1e6 for number, due in enumerate(due_ns)]


@contextmanager
def _watching(path: Path, namespace: str, expected: int, watchers: int) -> Iterator[Callable[[], list[dict[int, int]]]]:
    """A process that watches, so that no writer's turn of the interpreter is counted as the server's time.

    Yields what waits for its answer: by watcher and by number of the change, when its event arrived. Both processes
    read the same clock. Raises RuntimeError when it does not answer.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_watch, args=(path, namespace, expected, watchers, theirs), daemon=True)
    process.start()
    theirs.close()

    def answer() -> Any:
        if not ours.poll(WATCHED_WITHIN_S):
            raise RuntimeError(f"{watchers} watchers of {namespace} did not answer within {WATCHED_WITHIN_S} s")
        try:
            return ours.recv()
        except EOFError as error:
            raise RuntimeError(f"the process of {watchers} watchers of {namespace} ended") from error

    try:
        answer()  # it watches
        yield answer
    finally:
        process.terminate()
        process.join()


def _watch(path: Path, namespace: str, expected: int, watchers: int, told: Connection) -> None:
    seen = [_Watcher(path, namespace, expected) for _ in range(watchers)]
    told.send(None)
    with _brief_turns():
        for one in seen:
            one.start()
        for one in seen:
            one.join()
    told.send([one.arrived_ns for one in seen])


@contextmanager
def _brief_turns() -> Iterator[None]:
    """A thread waits for another's turn to end 0.2 ms at most, not 5: that is not the server's time."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def _write(path: Path, pods: Sequence[str], begin_ns: int, due_ns: Sequence[int], numbers: range) -> None:
    api = Api(path)
    api.ask("GET", "/readyz")  # the handshake is over when the first is due
    patch = {"Content-Type": "application/merge-patch+json"}
    for number in numbers:
        time.sleep(max(0, (begin_ns + due_ns[number] - time.perf_counter_ns()) / 1e9))
        changed = {"metadata": {"annotations": {ANNOTATION: str(number)}}}
        api.ask("PATCH", pods[number % len(pods)], changed, patch)
    api.close()


class _Watcher(threading.Thread):
    """When the event of each change arrived, by the change's number."""

    def __init__(self, path: Path, where: str, expected: int) -> None:
        super().__init__(daemon=True)
        self.arrived_ns: dict[int, int] = {}
        self._expected = expected
        self._api = Api(path)
        version = json.loads(self._api.ask("GET", where))["metadata"]["resourceVersion"]
        self._response = self._api.open("GET", f"{where}?watch=true&resourceVersion={version}")

    def run(self) -> None:
        while len(self.arrived_ns) < self._expected and (line := self._response.readline()):
            now_ns = time.perf_counter_ns()
            number = json.loads(line)["object"]["metadata"].get("annotations", {}).get(ANNOTATION)
            if number is not None:
                self.arrived_ns.setdefault(int(number), now_ns)
        self._response.close()
        self._api.close()
