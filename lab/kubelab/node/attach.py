"""What a running container writes from now on, brought to whoever the API server brings: channels as in exec.py.

Both outputs come on channel 1, in their order: a container has one pipe for them. Containers have no stdin here.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from kubelab.kinds import uid_of
from kubelab.node import logs
from kubelab.node.container import Runner
from kubelab.node.exec import CLOSE_TIMEOUT_S, ERROR, STDOUT, V4, V5, refusal, running_container
from kubelab.node.pod import PodWorker


async def serve(request: web.Request, worker: PodWorker | None) -> web.StreamResponse:
    """Until the container has ended and all that it wrote is sent, or the client is gone."""
    name = request.match_info["container"]
    if worker is None:
        return refusal(404, "pod does not exist")
    runner = running_container(worker, name)
    if runner is None:
        return refusal(500, f'unable to upgrade connection: container not found ("{name}")')
    socket = web.WebSocketResponse(protocols=(V5, V4), max_msg_size=0, compress=False, timeout=CLOSE_TIMEOUT_S)
    await socket.prepare(request)
    sending = asyncio.create_task(_send(socket, worker, runner))
    listening = asyncio.create_task(_listen(socket))
    try:
        await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, listening):
            task.cancel()
        await asyncio.gather(sending, listening, return_exceptions=True)
    await socket.close()
    return socket


async def _send(socket: web.WebSocketResponse, worker: PodWorker, runner: Runner) -> None:
    path = worker.machine.log_file(uid_of(worker.pod), runner.state.name, runner.state.restarts)
    output = runner.output
    await socket.send_bytes(bytes([STDOUT]))  # The client may begin.
    async for text in logs.read(path, logs.Wanted(tail=0, follow=True), lambda: output is None or output.over):
        await socket.send_bytes(bytes([STDOUT]) + text)
    await socket.send_bytes(bytes([ERROR]) + json.dumps({"metadata": {}, "status": "Success"}).encode())


async def _listen(socket: web.WebSocketResponse) -> None:
    """Until the client is gone; a change of its terminal's size means nothing here."""
    async for _ in socket:
        pass
