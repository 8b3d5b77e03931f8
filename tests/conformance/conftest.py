"""The cluster that the cases ask: a lab of two nodes, or the one of CONFORMANCE_KUBECONFIG, as its administrator.

A case that needs nodes on which containers run asks for `nodes`; one that needs the lab's own powers asks for `lab`.
Either is skipped where there is none. One that waits for containers asks for a `stage`: all of these run at once.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from kubernetes import client, config

from tests.lab import asking
from tests.lab.asking import Answer, Verbs
from tests.lab.conftest import RunningLab

Object = dict[str, Any]

KUBECONFIG = os.environ.get("CONFORMANCE_KUBECONFIG", "")
IMAGE = os.environ.get("CONFORMANCE_IMAGE", "docker.io/library/mongo:8")
"""An image with a shell; the lab has it as well."""
TIMEOUT_S = 30.0
STAGE_TIMEOUT_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A lab is started for them; another cluster is there already. The first one on a stage waits for all on one."""
    here = Path(__file__).parent
    for item in items:
        asked = getattr(item, "fixturenames", ())
        if here in item.path.parents and "cluster" in asked:
            item.add_marker("e2e")
            item.add_marker("conformance")
        if "stage" in asked:
            item.add_marker(pytest.mark.timeout(STAGE_TIMEOUT_S))


class Cluster(Verbs):
    """An API server by its kubeconfig: plain requests, and the official client's connection."""

    def __init__(self, kubeconfig: str | Path) -> None:
        self.kubeconfig = Path(kubeconfig)
        self.connection = config.new_client_from_config(str(kubeconfig))
        self._authorization: dict[str, str] = {}
        self.connection.update_params_for_auth(self._authorization, [], ["BearerToken"], "", "", None)
        self.core = client.CoreV1Api(self.connection)
        self.apps = client.AppsV1Api(self.connection)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """One request, as `open` takes it."""
        with self.open(method, path, body, **options) as response:
            text = response.data.decode()
        is_json = response.headers.get("Content-Type", "").partition(";")[0] == "application/json" and method != "HEAD"
        is_watch = is_json and options.get("watch") and response.status == 200
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
        """A response whose body was not read yet: of urllib3, closed at the end.

        body: an object to be sent as JSON, or bytes; a header None is not sent.
        """
        settings = self.connection.configuration
        told = {**self._authorization, **(headers or {})}
        sent = {name: value for name, value in told.items() if value is not None}
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

    def patch(self, path: str, body: Any, kind: str = "merge-patch", **options: Any) -> Answer:
        """kind: merge-patch, strategic-merge-patch or json-patch."""
        return self.call("PATCH", path, body, content_type=f"application/{kind}+json", **options)

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
    """Waits until the condition holds, on a slower cluster than the lab, too; returns what it gave."""
    return asking.until(condition, timeout_s)


def never(condition: Callable[[], Any], for_s: float = 0.2) -> None:
    """Fails if the condition comes to hold within that time."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        assert not condition()
        time.sleep(0.02)


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


@contextmanager
def own_namespace(cluster: Cluster) -> Iterator[str]:
    """One in which pods can be created; deleted at the end."""
    made = cluster.make("/api/v1/namespaces", {"metadata": {"generateName": "conformance-"}})
    name = made["metadata"]["name"]
    probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}
    # A cluster with service accounts takes none before the namespace has got its own.
    until(lambda: cluster.post(f"/api/v1/namespaces/{name}/pods", probe, dryRun="All").status == 201)
    try:
        yield name
    finally:
        cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the case's own, in which pods can be created."""
    with own_namespace(cluster) as name:
        yield name


@pytest.fixture
def core(namespace: str) -> str:
    """The path of the core group's objects in the case's namespace."""
    return f"/api/v1/namespaces/{namespace}"


@pytest.fixture
def apps(namespace: str) -> str:
    """The path of the apps group's objects in the case's namespace."""
    return f"/apis/apps/v1/namespaces/{namespace}"


@pytest.fixture
def batch(namespace: str) -> str:
    """The path of the batch group's objects in the case's namespace."""
    return f"/apis/batch/v1/namespaces/{namespace}"


SILENT_TAINT = {"key": "example.org/silent", "effect": "NoSchedule"}
"""Keeps all pods from a silent node but those that are meant for it."""


@pytest.fixture
def silent_node(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A node that calls itself Ready, and runs nothing: a pod on it stays, also when it is deleted, until it is let go.

    It has four CPUs and room for ten pods. Its silence is noticed after 40 s, which is longer than a case takes.
    """
    name = f"{namespace}-node"
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, "example.org/level": "7"}}
    cluster.make("/api/v1/nodes", {"metadata": metadata, "spec": {"taints": [SILENT_TAINT]}})
    room = {"cpu": "4", "memory": "8Gi", "pods": "10"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    status = {"capacity": room, "allocatable": room, "conditions": [ready]}
    answer = cluster.patch(f"/api/v1/nodes/{name}/status", {"status": status}, "strategic-merge-patch")
    assert answer.status == 200, answer.body
    until(lambda: cluster.read(f"/api/v1/nodes/{name}")["spec"].get("taints") == [SILENT_TAINT])
    yield name
    cluster.delete(f"/api/v1/namespaces/{namespace}")  # From now on, no controller makes pods in it.
    for pod in cluster.get("/api/v1/pods", fieldSelector=f"spec.nodeName={name}").body["items"]:
        where = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        cluster.delete(where, gracePeriodSeconds=0)
    cluster.delete(f"/api/v1/nodes/{name}")


@pytest.fixture
def held(cluster: Cluster) -> Iterator[list[str]]:
    """Paths of objects that a case keeps from going: in the end they are let go, without finalizers and grace."""
    paths: list[str] = []
    yield paths
    for path in paths:
        cluster.patch(path, {"metadata": {"finalizers": None}})
        cluster.delete(path, gracePeriodSeconds=0)


@pytest.fixture
def leases(namespace: str) -> str:
    """The path of a collection in the case's namespace in which nobody else creates anything."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


@pytest.fixture(scope="session")
def played(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    nodes: list[str],  # noqa: ARG001
    own_lab: RunningLab | None,
) -> Iterator[dict[str, Future[None]]]:
    """All cases that have a stage, played together: what they mostly do is wait for containers.

    To their end: pytest changes the environment between two tests, and the official client reads it all the time.
    """
    from .stage import THREADS, play

    cases = [case for case in request.session.items if "stage" in getattr(case, "fixturenames", ())]
    possible = [case for case in cases if own_lab is not None or "lab" not in case.fixturenames]
    with ThreadPoolExecutor(THREADS) as pool:
        endings = {case.nodeid: pool.submit(play, case, cluster, lab=own_lab) for case in possible}
        try:
            wait(endings.values())
        finally:
            pool.shutdown(cancel_futures=True)
    yield endings


@pytest.fixture
def stage(played: dict[str, Future[None]], request: pytest.FixtureRequest) -> Future[None] | None:
    """The case gets its Stage from `play`; here is how it ended."""
    return played.get(request.node.nodeid)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A case that has a stage was begun already."""
    ending = pyfuncitem.funcargs.get("stage")
    if ending is not None:
        ending.result()
    return True if ending is not None else None
