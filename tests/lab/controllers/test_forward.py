"""The service proxy's connections: a close stays a close, a reset a reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from kubelab.controllers.forward import ClientSide

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def through_proxy(serve: Serve) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server that goes through the proxy."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    backend = server.sockets[0].getsockname()[:2]
    loop = asyncio.get_running_loop()
    proxy = await loop.create_server(lambda: ClientSide(lambda: [backend]), "127.0.0.1", 0)
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
        proxy = await loop.create_server(lambda: ClientSide(lambda: [nobody]), "127.0.0.1", 0)
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

        proxy = await asyncio.get_running_loop().create_server(lambda: Hasty(lambda: [backend]), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname()[:2])
        writer.write(b"and late")
        writer.write_eof()
        assert await reader.read() == b"early and late"
        writer.close()
        proxy.close()
        server.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))
