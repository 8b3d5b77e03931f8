"""A real API server as a process of its own, with a state directory like a lab's, on a block that no lab uses."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import settings

from tests.lab.asking import Answer, Verbs

TOKEN = "admin-token"
PORT = 6443
START_TIMEOUT_S = 30.0
BLOCKS = range(128, 250)  # labs take 127.64 to 127.127

settings.register_profile("thorough", max_examples=10_000)  # for test_any_request.py


def free_block() -> int:
    """The second number of a loopback block in which nothing listens yet."""
    for block in random.sample(BLOCKS, len(BLOCKS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"127.{block}.0.1", PORT))
            except OSError:
                continue
            return block
    raise AssertionError("every loopback block is in use")


WITHOUT_ACCOUNTS = ("--disable-admission-plugins", "ServiceAccount")
"""No controller makes ServiceAccounts here."""


@contextmanager
def running(state: Path, options: tuple[str, ...] = WITHOUT_ACCOUNTS) -> Iterator[ApiServer]:
    """A server on a new state directory, stopped afterwards come what may. options: of its command line."""
    server = ApiServer(state, free_block(), options)
    write_state(state, server.address)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def write_state(state: Path, address: str) -> None:
    """What the supervisor gives an API server: its keys, the tokens, an administrator's kubeconfig."""
    authority = trustme.CA()
    certificate = authority.issue_cert(address, "localhost", "kubernetes.default.svc")
    (state / "pki").mkdir(mode=0o700, parents=True)
    authority.cert_pem.write_to_path(state / "pki" / "ca.pem")
    bundle = b"".join(blob.bytes() for blob in (certificate.private_key_pem, *certificate.cert_chain_pems))
    write_private(state / "pki" / "apiserver.pem", bundle.decode())
    write_private(state / "tokens.json", json.dumps({TOKEN: {"user": "admin", "groups": ["system:masters"]}}))
    write_private(state / "kubelet-token", "kubelet-token")
    write_private(state / "kubeconfig", yaml.safe_dump(kubeconfig(state, address)))


def kubeconfig(state: Path, address: str) -> dict[str, Any]:
    server = {"server": f"https://{address}:{PORT}", "certificate-authority": str(state / "pki" / "ca.pem")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "current-context": "lab",
    }


@dataclass
class ApiServer(Verbs):
    """A server process and the plainest possible client of it."""

    state: Path
    block: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    _connection: HTTPSConnection | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"127.{self.block}.0.1"

    @property
    def log(self) -> Path:
        return self.state / "api.log"

    def start(self) -> None:
        command = [sys.executable, "-m", "kubelab.api", "--state", str(self.state), "--address", self.address]
        command += ["--port", str(PORT), "--service-cidr", f"127.{self.block}.240.0/20", *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"https://{self.address}:{PORT}/readyz", context=self.trust(), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the API server did not become ready: {self.log.read_text()[-2000:]}")

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.state / "pki" / "ca.pem"))

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Idempotent."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=10)
            self.process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connection(self) -> HTTPSConnection:
        """A connection of its own, to be closed by the caller."""
        return HTTPSConnection(self.address, PORT, context=self.trust(), timeout=15)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        """One request on a kept connection; body: an object to be sent as JSON, or bytes; a header None is not sent."""
        if self._connection is None:
            self._connection = self.connection()
        given = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        sent = {name: value for name, value in given.items() if value is not None}
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", content_type)
        self._connection.request(method, path, raw, sent)
        response = self._connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get_content_type() == "application/json" and method != "HEAD"
        is_stream = is_json and response.headers.get("Transfer-Encoding") == "chunked"
        body = [json.loads(line) for line in text.splitlines()] if is_stream else json.loads(text) if is_json else text
        return Answer(response.status, dict(response.headers), body)

    def patch(self, path: str, body: Any, kind: str = "strategic-merge-patch", **options: Any) -> Answer:
        return self.call("PATCH", path, body, content_type=f"application/{kind}+json", **options)

    def kubectl(self, *arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        """The output of the real kubectl (its messages, if it is expected to fail)."""
        program = Path(sys.executable).with_name("kubectl")
        command = [str(program), "--kubeconfig", str(self.state / "kubeconfig"), *arguments]
        environment = {"HOME": str(self.state), "PATH": os.environ["PATH"]}
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, timeout=30)
        assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stderr if fails else done.stdout


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("state")) as server:
        yield server


@pytest.fixture(scope="module")
def api(shared_server: ApiServer) -> Iterator[ApiServer]:
    """The server of the session; nothing that a test does may have been a mistake of its own."""
    yield shared_server
    assert "Traceback" not in shared_server.log.read_text(), shared_server.log.read_text()[-4000:]


@pytest.fixture
def fresh_api(tmp_path: Path) -> Iterator[ApiServer]:
    """A server that a test may kill."""
    with running(tmp_path) as server:
        yield server


@pytest.fixture
def namespace(api: ApiServer) -> Iterator[str]:
    """A namespace of the test's own."""
    created = api.post("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    name = created.body["metadata"]["name"]
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
