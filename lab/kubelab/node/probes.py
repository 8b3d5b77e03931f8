"""Startup, readiness and liveness probes.

After kubernetes/pkg/kubelet/prober (worker.go): the first probe comes right after the container's start, the next ones
by the period, or at once when the pod was looked at and is not ready yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from kubelab.node.environment import expand

Run = Callable[[list[str], float], Awaitable[tuple[int | None, str]]]
"""Runs a command inside the container: exit code (None: timed out) and output."""


@dataclass(frozen=True)
class Outcome:
    """Of one probe. output: what an event says about a failure."""

    success: bool
    output: str = ""


@dataclass(frozen=True)
class Target:
    """What is probed: the pod's address, the container's spec, and how to run a command in it."""

    pod_ip: str
    container: Mapping[str, Any]
    run: Run


class Threshold:
    """Turns single outcomes into a result, once enough of a kind came in a row."""

    def __init__(self, probe: Mapping[str, Any], result: bool | None) -> None:
        """result: before the first outcome (readiness False, liveness True, startup None: unknown)."""
        self.result = result
        self._needed = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
        self._last: bool | None = None
        self._run = 0

    def record(self, success: bool) -> bool:
        """Takes in an outcome; says whether it changed the result."""
        self._run = self._run + 1 if success == self._last else 1
        self._last = success
        if self._run < self._needed[success] or success == self.result:
            return False
        self.result = success
        return True


class Prober:
    """Probes one container while it runs; calls `changed` with every new result, `failed` with every failure."""

    def __init__(
        self,
        kind: str,
        probe: Mapping[str, Any],
        target: Target,
        *,
        changed: Callable[[str, bool], None],
        failed: Callable[[str, str], None],
        may_start: Callable[[], bool],
    ) -> None:
        """kind: startup, readiness or liveness. may_start: whether it is this probe's turn yet."""
        self.kind = kind
        self._probe = probe
        self._target = target
        self._threshold = Threshold(probe, {"readiness": False, "liveness": True, "startup": None}[kind])
        self._changed = changed
        self._failed = failed
        self._may_start = may_start
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Probe now, and by the period from then on; without effect once the result is good."""
        if not self._threshold.result:
            self._poked.set()

    async def run(self, started_at: datetime) -> None:
        """Until cancelled, or until the startup probe has succeeded."""
        while True:
            age_s = (datetime.now(UTC) - started_at).total_seconds()
            if age_s >= self._probe.get("initialDelaySeconds", 0) and self._may_start():
                outcome = await check(self._probe, self._target)
                if not outcome.success:
                    self._failed(self.kind, outcome.output)
                if self._threshold.record(outcome.success):
                    self._changed(self.kind, outcome.success)
                if self.kind == "startup" and self._threshold.result:
                    return
            try:
                await asyncio.wait_for(self._poked.wait(), self._probe.get("periodSeconds", 10))
            except TimeoutError:
                pass
            self._poked.clear()


async def check(probe: Mapping[str, Any], target: Target) -> Outcome:
    """One probe."""
    timeout_s = float(probe.get("timeoutSeconds", 1))
    if "exec" in probe:
        return await _exec(probe["exec"]["command"], target, timeout_s)
    if "httpGet" in probe:
        return await _http_get(probe["httpGet"], target, timeout_s)
    if "tcpSocket" in probe:
        return await _tcp_socket(probe["tcpSocket"], target, timeout_s)
    return Outcome(False, "this lab probes by exec, httpGet and tcpSocket only")


async def _exec(command: list[str], target: Target, timeout_s: float) -> Outcome:
    env = {e["name"]: e.get("value", "") for e in target.container.get("env") or ()}
    try:
        code, output = await target.run([expand(word, env) for word in command], timeout_s)
    except OSError as e:
        return Outcome(False, str(e))
    if code is None:
        return Outcome(False, f"command timed out: {command!r} timed out after {timeout_s:g}s")
    return Outcome(code == 0, output)


async def _http_get(action: Mapping[str, Any], target: Target, timeout_s: float) -> Outcome:
    try:
        status = await fetch(action, target, timeout_s, "kube-probe/1.36")
    except TimeoutError:
        return Outcome(False, f'Get "{_url(action, target)}": context deadline exceeded')
    except (aiohttp.ClientError, OSError) as e:
        return Outcome(False, f'Get "{_url(action, target)}": {e}')
    return Outcome(True) if 200 <= status < 400 else Outcome(False, f"HTTP probe failed with statuscode: {status}")


async def fetch(action: Mapping[str, Any], target: Target, timeout_s: float, agent: str) -> int:
    """Makes the request of an HTTPGetAction; returns the answer's status.

    Raises TimeoutError, OSError and aiohttp.ClientError.
    """
    headers = {h["name"]: h["value"] for h in action.get("httpHeaders") or ()}
    headers.setdefault("User-Agent", agent)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    connector = aiohttp.TCPConnector(force_close=True, ssl=False)  # Kubernetes verifies no certificate here.
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        async with session.get(_url(action, target), headers=headers) as response:
            await response.content.read(10 * 1024)
            return response.status


def _url(action: Mapping[str, Any], target: Target) -> str:
    host = action.get("host") or target.pod_ip
    path = action.get("path") or "/"
    scheme = action.get("scheme", "HTTP").lower()
    return f"{scheme}://{host}:{port(action['port'], target.container)}/{path.lstrip('/')}"


async def _tcp_socket(action: Mapping[str, Any], target: Target, timeout_s: float) -> Outcome:
    host = action.get("host") or target.pod_ip
    number = port(action["port"], target.container)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, number), timeout_s)
    except TimeoutError:
        return Outcome(False, f"dial tcp {host}:{number}: i/o timeout")
    except ConnectionRefusedError:
        return Outcome(False, f"dial tcp {host}:{number}: connect: connection refused")
    except OSError as e:
        return Outcome(False, f"dial tcp {host}:{number}: {e.strerror or e}")
    writer.close()
    return Outcome(True)


def port(value: int | str, container: Mapping[str, Any]) -> int:
    """A number, or the container's port of that name."""
    if isinstance(value, int):
        return value
    for candidate in container.get("ports") or ():
        if candidate.get("name") == value:
            return int(candidate["containerPort"])
    return int(value) if value.isdigit() else 0
