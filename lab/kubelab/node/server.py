"""The node's HTTPS server: logs of pods, commands in them and their ports, for the API server alone.

Both know a bearer token that nobody else knows.
"""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from kubelab.errors import LabError
from kubelab.kinds import uid_of
from kubelab.node import attach, logs, portforward
from kubelab.node import exec as execution
from kubelab.node.container import Runner
from kubelab.node.pod import PodWorker
from kubelab.node.status import ContainerState, Waiting

PULLING = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}

FindPod = Callable[[str, str], PodWorker | None]


class Server:
    """Serves https://address:port. find: the worker of a pod by namespace and name."""

    def __init__(self, find: FindPod, token: str) -> None:
        self._find = find
        self._token = token
        self._runner: web.AppRunner | None = None

    async def start(self, address: str, port: int, certificate: Path) -> None:
        app = web.Application(middlewares=[self._authenticate])
        app.router.add_get("/healthz", _healthz)
        app.router.add_get("/attach/{namespace}/{pod}/{container}", self._attach)
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        app.router.add_get("/exec/{namespace}/{pod}/{container}", self._exec)
        app.router.add_get("/portForward/{namespace}/{pod}", self._port_forward)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, address, port, ssl_context=context).start()
        except OSError as e:
            raise LabError(
                f"the node cannot listen on {address}:{port}: {e.strerror}; "
                "stop what listens there, or start the lab anew (kubelab down, kubelab up)"
            ) from None

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    @web.middleware
    async def _authenticate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.Response(status=401, text="Unauthorized")
        return await handler(request)

    async def _port_forward(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        return await portforward.serve(request, self._find(names["namespace"], names["pod"]))

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        return await attach.serve(request, self._find(names["namespace"], names["pod"]))

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        return await execution.serve(request, self._find(names["namespace"], names["pod"]))

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info
        worker = self._find(names["namespace"], names["pod"])
        if worker is None:
            return web.Response(status=404, text=f'pod "{names["pod"]}" not found')
        runner = next((r for r in worker.runners if r.state.name == names["container"]), None)
        if runner is None:
            text = f'container "{names["container"]}" in pod "{names["pod"]}" is not available'
            return web.Response(status=404, text=text)
        try:
            return await _send_log(request, worker, runner)
        except ValueError as e:
            return web.Response(status=400, text=f"invalid query: {e}")


async def _send_log(request: web.Request, worker: PodWorker, runner: Runner) -> web.StreamResponse:
    wanted, state = logs.wanted(request.query), runner.state
    previous = request.query.get("previous") == "true"
    run = _run(state, previous=previous)
    path = worker.machine.log_file(uid_of(worker.pod), state.name, max(run, 0))
    where = f'container "{state.name}" in pod "{worker.pod["metadata"]["name"]}"'
    if previous and (run < 0 or not path.exists()):
        return web.Response(status=400, text=f"previous terminated {where} not found")
    if not path.exists():
        reason = state.state.reason if isinstance(state.state, Waiting) else "ContainerCreating"
        return web.Response(status=400, text=f"{where} is waiting to start: {PULLING.get(reason, reason)}")
    output = runner.output

    def is_over() -> bool:
        return previous or output is None or output.over

    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    async for text in logs.read(path, wanted, is_over):
        await response.write(text)
    return response


def _run(state: ContainerState, *, previous: bool) -> int:
    """Which run of a container is meant. While it waits for the next one, its last one is the previous one as well."""
    return state.restarts - 1 if previous and not isinstance(state.state, Waiting) else state.restarts


async def _healthz(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
    return web.Response(text="ok")
