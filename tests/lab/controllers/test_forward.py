"""The service proxy's connections: a close stays a close, a reset a reset, and what is cut off is silent."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kubelab.controllers.firewall import Firewall
from kubelab.controllers.forward import ClientSide

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def through_proxy(
    serve: Serve, firewall: Firewall | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server that goes through the proxy."""
    guard = firewall or Firewall()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    backend = server.sockets[0].getsockname()[:2]
    loop = asyncio.get_running_loop()
    proxy = await loop.create_server(lambda: ClientSide(lambda: [backend], guard), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        proxy.close()
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def test_every_byte_arrives_in_order_both_ways() -> None:
    async def scenario() -> None:
        sent = bytes(range(256)) * 20_000
        async with through_proxy(echo) as (reader, writer):
            writer.write(sent)
            writer.write_eof()
            assert await reader.read() == sent

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_what_both_have_ended_leaves_no_socket() -> None:
    """The client first, which still hears the answer: as of every HTTP request that keeps no connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye " + await reader.read())
        writer.close()

    async def scenario() -> list[int]:
        sockets = []
        for _ in range(3):
            async with through_proxy(serve) as (reader, writer):
                writer.write(b"all")
                writer.write_eof()
                assert await reader.read() == b"bye all"
            await asyncio.sleep(0.05)
            sockets.append(len(list(Path("/proc/self/fd").iterdir())))
        return sockets

    first, *others = asyncio.run(asyncio.wait_for(scenario(), 10))
    assert others == [first, first]


def test_a_close_of_the_server_is_a_close_for_the_client() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"bye")
        writer.close()

    async def scenario() -> None:
        async with through_proxy(serve) as (reader, writer):
            writer.write(b"?")
            assert await reader.read() == b"bye"

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_reset_by_the_server_is_a_reset_for_the_client() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def scenario() -> None:
        async with through_proxy(serve) as (reader, writer):
            writer.write(b"?")
            with pytest.raises(ConnectionResetError):
                await reader.read()

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_an_endpoint_that_refuses_resets_the_client() -> None:
    async def scenario() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            nobody = unused.getsockname()
        loop = asyncio.get_running_loop()
        proxy = await loop.create_server(lambda: ClientSide(lambda: [nobody], Firewall()), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname()[:2])
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        proxy.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_what_is_read_before_there_is_an_endpoint_is_kept() -> None:
    """Some Pythons (3.11.2) hand over data although reading is paused."""

    async def scenario() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        backend = server.sockets[0].getsockname()[:2]

        class Hasty(ClientSide):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                self.data_received(b"ear")
                self.data_received(b"ly ")

        proxy = await asyncio.get_running_loop().create_server(
            lambda: Hasty(lambda: [backend], Firewall()), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname()[:2])
        writer.write(b"and late")
        writer.write_eof()
        assert await reader.read() == b"early and late"
        writer.close()
        proxy.close()
        server.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))


class TestWhatIsCutOff:
    """As by a network that drops every packet, until it does no more."""

    def test_an_established_connection_is_silent_and_goes_on_afterwards(self) -> None:
        async def scenario() -> None:
            firewall = Firewall()
            async with through_proxy(echo, firewall) as (reader, writer):
                writer.write(b"before")
                assert await reader.readexactly(6) == b"before"
                firewall.cut(["127.0.0.1"])
                sent = bytes(range(256)) * 20_000
                writer.write(sent)
                assert await silent(reader)
                firewall.cut([])
                writer.write_eof()
                assert await reader.read() == sent

        asyncio.run(asyncio.wait_for(scenario(), 10))

    def test_an_answer_on_its_way_and_the_end_of_the_server_are_held_back(self) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            firewall.cut(["127.0.0.1"])
            writer.write(b"bye")
            writer.close()

        firewall = Firewall()

        async def scenario() -> None:
            async with through_proxy(serve, firewall) as (reader, writer):
                writer.write(b"?")
                assert await silent(reader)
                firewall.cut([])
                assert await reader.read() == b"bye"

        asyncio.run(asyncio.wait_for(scenario(), 10))

    def test_a_new_connection_is_neither_refused_nor_answered_and_goes_on_afterwards(self) -> None:
        async def scenario() -> None:
            firewall = Firewall()
            firewall.cut(["127.0.0.1"])
            async with through_proxy(echo, firewall) as (reader, writer):
                writer.write(b"hello")
                assert await silent(reader)
                firewall.cut([])
                assert await reader.readexactly(5) == b"hello"

        asyncio.run(asyncio.wait_for(scenario(), 10))

    def test_a_client_that_gives_up_has_never_come_in_and_is_let_go_at_once(self) -> None:
        came = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001
            nonlocal came
            came += 1
            writer.close()

        async def scenario() -> None:
            firewall = Firewall()
            firewall.cut(["127.0.0.1"])
            async with through_proxy(serve, firewall) as (reader, writer):
                writer.write(b"hello")
                writer.write_eof()
                assert await reader.read() == b""
                firewall.cut([])
                await asyncio.sleep(0.05)
                assert came == 0

        asyncio.run(asyncio.wait_for(scenario(), 10))

    def test_other_endpoints_are_not_touched(self) -> None:
        async def scenario() -> None:
            firewall = Firewall()
            async with through_proxy(echo, firewall) as (reader, writer):
                firewall.cut(["127.0.0.2"])
                writer.write(b"hello")
                assert await reader.readexactly(5) == b"hello"

        asyncio.run(asyncio.wait_for(scenario(), 10))


async def silent(reader: asyncio.StreamReader) -> bool:
    """Neither a byte nor an end comes for a while."""
    try:
        await asyncio.wait_for(reader.read(1), 0.15)
    except TimeoutError:
        return True
    return False
