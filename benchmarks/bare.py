"""Answers every request with the same bytes over HTTPS, as aiohttp does it with nothing to think about:

    python -m benchmarks.bare CERTIFICATE LENGTH      LENGTH bytes from its input; prints its port on 127.0.0.1

It ends when its input does. What the lab's API server takes beyond this is its own.
"""

import asyncio
import ssl
import sys

from aiohttp import web


async def serve(certificate: str, body: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.stdin.buffer.read(int(sys.argv[2]))))
