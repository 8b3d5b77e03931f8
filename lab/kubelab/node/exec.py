"""A command in a container, brought to whoever the API server brings.

    every message: one byte for the channel, then data
    channels       0 stdin, 1 stdout, 2 stderr, 3 at the end a Status, 4 the terminal's size
    255, 0         nothing more comes on stdin (v5 alone)

v4.channel.k8s.io and v5.channel.k8s.io after kubelet/pkg/cri/streaming/remotecommand (websocket.go, exec.go).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiohttp import WSMsgType, web

from kubelab.node import processes
from kubelab.node.container import Runner
from kubelab.node.pod import PodWorker

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
REASON_HEADER = "X-Refused"
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PARAMETERS = {"input": STDIN, "output": STDOUT, "error": STDERR}
TERMINAL = "tty"
CHUNK_BYTES = 32 * 1024
CLOSE_TIMEOUT_S = 5.0
"""How long the API server may take to answer a close: to break off before would say that not all has arrived."""

Status = dict[str, Any]


async def serve(request: web.Request, worker: PodWorker | None) -> web.StreamResponse:
    """One command, until it has ended and all that it wrote is sent, or the client is gone."""
    query, name = request.query, request.match_info["container"]
    command = query.getall("command", [])
    wanted = {channel for parameter, channel in PARAMETERS.items() if parameter in query}
    if worker is None:
        return refusal(404, "pod does not exist")
    if not command:
        return refusal(400, "you must specify a command")
    if not wanted:
        return refusal(400, "you must specify at least 1 of stdin, stdout, stderr")
    if TERMINAL in query and STDERR in wanted:
        return refusal(400, "tty and stderr cannot both be true")
    runner = running_container(worker, name)
    if runner is None:
        return refusal(500, f'unable to upgrade connection: container not found ("{name}")')
    socket = web.WebSocketResponse(protocols=(V5, V4), max_msg_size=0, compress=False, timeout=CLOSE_TIMEOUT_S)
    await socket.prepare(request)
    await _Session(socket).run(runner, command, wanted, terminal=TERMINAL in query)
    await socket.close()
    return socket


def running_container(worker: PodWorker, name: str) -> Runner | None:
    return next((r for r in worker.runners if r.state.name == name and r.running), None)


def refusal(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={REASON_HEADER: text})


class _Session:
    """One command and the socket that it speaks through."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._stdin: asyncio.StreamWriter | None = None
        self._terminal: int | None = None

    async def run(self, runner: Runner, command: Sequence[str], wanted: set[int], *, terminal: bool) -> None:
        await self._send(min(wanted - {STDIN}, default=ERROR), b"")  # The client may begin.
        ours, theirs = _terminal(wanted) if terminal else _pipes(wanted)
        self._terminal = ours[STDOUT] if terminal else None
        try:
            streams = [theirs.get(channel, subprocess.DEVNULL) for channel in (STDIN, STDOUT, STDERR)]
            process = runner.beside(list(command))
            running = processes.start_beside(process, runner.state.id, *streams, terminal=terminal)
        except OSError as e:
            _close(ours.values())
            await self._tell(_not_run(command, e))
            return
        finally:
            _close(theirs.values())
        await self._attend(running, ours, command)

    async def _attend(self, running: processes.Running, ours: Mapping[int, int], command: Sequence[str]) -> None:
        if STDIN in ours:
            self._stdin = await _writer(ours[STDIN])
        outputs = [(channel, await _reader(fd)) for channel, fd in ours.items() if channel != STDIN]
        sending = self._end(running, [(channel, reader) for channel, (reader, _) in outputs])
        listening, ending = asyncio.create_task(self._listen()), asyncio.create_task(sending)
        try:
            await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                await self._tell(_ended(command, ending.result()))
            else:
                running.kill()  # Nobody is left to hear of it.
        finally:
            self._terminal = None
            for task in (listening, ending):
                task.cancel()
            await asyncio.gather(listening, ending, return_exceptions=True)
            for _, (_, transport) in outputs:
                transport.close()
            if self._stdin is not None:
                self._stdin.close()

    async def _end(self, running: processes.Running, outputs: Sequence[tuple[int, asyncio.StreamReader]]) -> int:
        """The exit code, when all output was sent."""
        await asyncio.gather(*(self._pass_on(channel, reader) for channel, reader in outputs))
        return await running.wait()

    async def _pass_on(self, channel: int, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                await self._send(channel, data)
        except OSError:  # A terminal's end.
            return

    async def _listen(self) -> None:
        """Until the client is gone."""
        async for message in self._socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT) or not message.data:
                continue
            data = message.data.encode() if isinstance(message.data, str) else message.data
            channel, content = data[0], data[1:]
            if channel == STDIN and self._stdin is not None:
                await self._feed(self._stdin, content)
            elif channel == CLOSE and content == bytes([STDIN]) and self._stdin is not None:
                self._stdin.close()
            elif channel == RESIZE and self._terminal is not None:
                _resize(self._terminal, content)

    @staticmethod
    async def _feed(stdin: asyncio.StreamWriter, content: bytes) -> None:
        try:
            stdin.write(content)
            await stdin.drain()
        except OSError:  # The command reads no more.
            return

    async def _tell(self, status: Status) -> None:
        await self._send(ERROR, json.dumps(status).encode())

    async def _send(self, channel: int, data: bytes) -> None:
        try:
            await self._socket.send_bytes(bytes([channel]) + data)
        except ConnectionError:  # _listen notices that the client is gone.
            return


def _ended(command: Sequence[str], code: int) -> Status:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    shown = f"error executing command [{' '.join(command)}], exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {shown}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _not_run(command: Sequence[str], error: OSError) -> Status:
    why = f'exec: "{command[0]}": {error.strerror}'
    if isinstance(error, FileNotFoundError):
        why = f'exec: "{command[0]}": executable file not found in $PATH'
    message = f"Internal error occurred: error executing command in container: failed to exec in container: {why}"
    cause = message.partition("Internal error occurred: ")[2]
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": cause}]},
        "code": 500,
    }


def _pipes(wanted: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Our ends and those of the command, by channel."""
    ours, theirs = {}, {}
    for channel in wanted:
        reading, writing = os.pipe()
        ours[channel], theirs[channel] = (writing, reading) if channel == STDIN else (reading, writing)
    return ours, theirs


def _terminal(wanted: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    """The same for a terminal, which is one for all of them."""
    master, slave = pty.openpty()
    ours = {STDOUT: master} | ({STDIN: os.dup(master)} if STDIN in wanted else {})
    return ours, dict.fromkeys((STDIN, STDOUT, STDERR), slave)


def _close(descriptors: Collection[int]) -> None:
    for descriptor in set(descriptors):
        os.close(descriptor)


def _resize(terminal: int, content: bytes) -> None:
    """content: {"Width": columns, "Height": rows}; anything else is not heeded."""
    try:
        size = json.loads(content)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))
    except (ValueError, KeyError, TypeError, struct.error):
        return


async def _reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb", buffering=0))
    return reader, transport


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)
