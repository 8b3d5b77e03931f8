"""The cluster that the cases ask: a lab of two nodes, or the one of CONFORMANCE_KUBECONFIG, as its administrator.

A case that needs nodes on which containers run asks for `nodes`; one that needs the lab's own powers asks for `lab`.
Either is skipped where there is none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from kubernetes import client, config

from tests.lab.conftest import RunningLab

Object = dict[str, Any]

KUBECONFIG = os.environ.get("CONFORMANCE_KUBECONFIG", "")
IMAGE = os.environ.get("CONFORMANCE_IMAGE", "docker.io/library/mongo:8")
"""An image with a shell; the lab has it as well."""
TIMEOUT_S = 30.0
MANAGED = "managedFields"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A lab is started for them; another cluster is there already."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")


@dataclass(frozen=True)
class Answer:
    """A response: body is its JSON, of a watch a list of its lines, or the text of anything else."""

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


class Cluster:
    """An API server by its kubeconfig: plain requests, and the official client's connection."""

    def __init__(self, kubeconfig: str | Path) -> None:
        self.kubeconfig = Path(kubeconfig)
        self.connection = config.new_client_from_config(str(kubeconfig))
        self.core = client.CoreV1Api(self.connection)
        self.apps = client.AppsV1Api(self.connection)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: dict[str, str | None] | None = None,
        **query: Any,
    ) -> Answer:
        """One request. body: an object to be sent as JSON, or bytes; a header None is not sent."""
        with self.open(method, path, body, content_type=content_type, headers=headers, **query) as response:
            text = response.data.decode()
        is_json = response.headers.get("Content-Type", "").partition(";")[0] == "application/json" and method != "HEAD"
        is_watch = is_json and query.get("watch")
        parsed = [json.loads(x) for x in text.splitlines()] if is_watch else json.loads(text) if is_json else text
        return Answer(response.status, dict(response.headers), parsed)

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: dict[str, str | None] | None = None,
        **query: Any,
    ) -> Iterator[Any]:
        """A response whose body was not read yet: of urllib3, closed at the end."""
        told: dict[str, str] = {}
        settings = self.connection.configuration
        self.connection.update_params_for_auth(told, [], ["BearerToken"], path, method, body)
        sent = {name: value for name, value in {**told, **(headers or {})}.items() if value is not None}
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", content_type)
        url = settings.host + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        response = self.connection.rest_client.pool_manager.request(
            method, url, body=raw, headers=sent, preload_content=False, retries=False, timeout=TIMEOUT_S
        )
        try:
            yield response
        finally:
            response.close()

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Answer:
        return self.call("PUT", path, body, **options)

    def patch(self, path: str, body: Any, kind: str = "merge-patch", **options: Any) -> Answer:
        """kind: merge-patch, strategic-merge-patch or json-patch."""
        return self.call("PATCH", path, body, content_type=f"application/{kind}+json", **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("DELETE", path, body, **options)

    def make(self, path: str, body: Any, **options: Any) -> Object:
        """The object that was created."""
        answer = self.post(path, body, **options)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    def read(self, path: str) -> Object:
        """The object that is there."""
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return dict(answer.body)

    def is_gone(self, path: str) -> bool:
        return self.get(path).status == 404


def until(condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> Any:
    """Waits until the condition holds; returns what it gave."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab | None]:
    if KUBECONFIG:
        yield None
        return
    running = RunningLab(tmp_path_factory.mktemp("conformance") / "state")
    try:
        running.kubelab("up")
        yield running
    finally:
        running.kubelab("down", check=False)


@pytest.fixture(scope="session")
def cluster(own_lab: RunningLab | None) -> Cluster:
    return Cluster(own_lab.kubeconfig if own_lab else KUBECONFIG)


@pytest.fixture(scope="session")
def lab(own_lab: RunningLab | None) -> RunningLab:
    """For a case that needs what only `kubelab` can do."""
    if own_lab is None:
        pytest.skip("needs the lab's own powers")
    return own_lab


@pytest.fixture(scope="session")
def nodes(cluster: Cluster) -> list[str]:
    """Names of the nodes on which containers can run now."""
    found = []
    for node in cluster.read("/api/v1/nodes")["items"]:
        conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", ())}
        if conditions.get("Ready") == "True" and not node["spec"].get("taints"):
            found.append(node["metadata"]["name"])
    if not found:
        pytest.skip("needs a node on which containers run")
    return found


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the case's own, in which pods can be created."""
    made = cluster.make("/api/v1/namespaces", {"metadata": {"generateName": "conformance-"}})
    name = made["metadata"]["name"]
    probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}
    # A cluster with service accounts takes none before the namespace has got its own.
    until(lambda: cluster.post(f"/api/v1/namespaces/{name}/pods", probe, dryRun="All").status == 201)
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def core(namespace: str) -> str:
    """The path of the core group's objects in the case's namespace."""
    return f"/api/v1/namespaces/{namespace}"


@pytest.fixture
def apps(namespace: str) -> str:
    """The path of the apps group's objects in the case's namespace."""
    return f"/apis/apps/v1/namespaces/{namespace}"
