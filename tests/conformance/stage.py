"""Cases with pods that run. They are begun together, each in a thread, since what they mostly do is wait.

On a real cluster a container's first process has the number 1, to which a signal means nothing unless it is handled:
scripts that are to end before their grace period is over have a trap. In the lab a container shares the file system
of its machine: scripts write to their working directory alone.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from kubernetes.stream.ws_client import ERROR_CHANNEL
from urllib3.exceptions import ReadTimeoutError

from .conftest import Cluster, own_namespace, until
from .watching import watching

Object = dict[str, Any]

THREADS = 24
PATIENCE_S = 60.0
STREAM_TIMEOUT_S = 20


@dataclass(frozen=True)
class Outcome:
    """Of a command in a container. status: what the server said of it in the end, or when it refused to run it."""

    stdout: str
    stderr: str
    status: Object

    @property
    def exit_code(self) -> int:
        if self.status["status"] == "Success":
            return 0
        (cause,) = self.status["details"]["causes"]
        assert cause["reason"] == "ExitCode", self.status
        return int(cause["message"])


class Stage:
    """A case's own namespace, and what its pods do in it."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.path = f"/api/v1/namespaces/{namespace}"

    def create(self, made: Object, collection: str = "pods") -> Object:
        return self.cluster.make(f"{self.path}/{collection}", made)

    def changes(self, made: Object) -> Iterator[tuple[str, Object]]:
        """Everything that became of a pod since it was made, until it is gone: type, and the pod as it was then."""
        metadata = made["metadata"]
        where = {"fieldSelector": f"metadata.name={metadata['name']}", "resourceVersion": metadata["resourceVersion"]}
        deadline = time.monotonic() + PATIENCE_S
        kind, now = "ADDED", made
        yield kind, now
        with watching(self.cluster, f"{self.path}/pods", **where) as events:
            try:
                for event in events:
                    kind, now = event["type"], event["object"]
                    yield kind, now
                    if kind == "DELETED":
                        return
                    assert time.monotonic() < deadline, f"not within {PATIENCE_S} s; at last: {now['status']}"
            except ReadTimeoutError:
                pytest.fail(f"nothing came after {now['status']}")

    def history(self, made: Object, condition: Callable[[Object], Any]) -> list[Object]:
        """The pod as it was from its beginning until the condition held first."""
        past = []
        for _, pod in self.changes(made):
            past.append(pod)
            if condition(pod):
                break
        return past

    def until(self, made: Object, condition: Callable[[Object], Any]) -> Object:
        """The pod as it was when the condition held first since it was made."""
        return self.history(made, condition)[-1]

    def gone(self, made: Object) -> Object:
        """The pod as it was last."""
        return next(pod for kind, pod in self.changes(made) if kind == "DELETED")

    def delete(self, name: str = "p", **options: Any) -> None:
        answer = self.cluster.delete(f"{self.path}/pods/{name}", **options)
        assert answer.status == 200, answer.body

    def events_of(self, reason: str) -> list[Object]:
        """The Events that were told about pods of the stage, for that reason."""
        return list(self.cluster.get(f"{self.path}/events", fieldSelector=f"reason={reason}").body["items"])

    def told(self, reason: str) -> Object:
        """The first event of that reason, as soon as there is one."""
        return dict(until(lambda: self.events_of(reason), PATIENCE_S)[0])

    def log(self, name: str = "p", **options: Any) -> str:
        return str(self.cluster.core.read_namespaced_pod_log(name, self.namespace, **options))

    def written(self, text: str, **options: Any) -> None:
        """Waits until the container has written this, and nothing else."""

        def is_there() -> bool:
            with suppress(ApiException):  # It may not have begun.
                return self.log(**options) == text
            return False

        until(is_there)

    @contextmanager
    def core(self) -> Iterator[client.CoreV1Api]:
        """A client of its own: `stream` changes the one that it is given while it works."""
        with config.new_client_from_config(str(self.cluster.kubeconfig)) as connection:
            yield client.CoreV1Api(connection)

    def execute(self, *command: str, stdin: str | None = None, **options: Any) -> Outcome:
        wanted = {"stdin": stdin is not None, "stdout": True, "stderr": True, "tty": False, **options}
        with self.core() as core:
            method = core.connect_get_namespaced_pod_exec
            try:
                session = stream(method, "p", self.namespace, command=list(command), _preload_content=False, **wanted)
            except ApiException as refusal:
                return Outcome("", "", {"status": "Failure", "message": refusal.reason})
            if stdin is not None:
                session.write_stdin(stdin)
            session.run_forever(timeout=STREAM_TIMEOUT_S)
            status = json.loads(session.read_channel(ERROR_CHANNEL))
            return Outcome(session.read_stdout(), session.read_stderr(), status)


def play(case: pytest.Function, cluster: Cluster, **known: Any) -> None:
    """Runs a case on a stage of its own."""
    with own_namespace(cluster) as namespace:
        parameters = case.callspec.params if hasattr(case, "callspec") else {}
        given = {"stage": Stage(cluster, namespace), **known, **parameters}
        case.obj(**{name: given[name] for name in inspect.signature(case.obj).parameters})


def of_container(pod: Object, name: str = "main") -> Object:
    """The status of a container; empty before there is one."""
    status = pod["status"]
    found = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    return next((one for one in found if one["name"] == name), {})


def state(pod: Object, kind: str, name: str = "main") -> Object:
    """A container's state if it is of that kind (waiting, running, terminated), else empty."""
    return dict(of_container(pod, name).get("state", {}).get(kind, {}))


def is_running(pod: Object) -> bool:
    return bool(state(pod, "running"))


def is_over(pod: Object) -> bool:
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def restarts(pod: Object, name: str = "main") -> int:
    return int(of_container(pod, name).get("restartCount", 0))


def seconds_between(earlier: str, later: str) -> float:
    """Of two times as the API writes them."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
