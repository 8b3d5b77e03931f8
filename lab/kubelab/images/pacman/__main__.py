"""`python -m kubelab.images.pacman`: serve until SIGTERM."""

from __future__ import annotations

import logging
import sys

from aiohttp import web

from kubelab.images.pacman.settings import PORT, from_environment
from kubelab.images.pacman.web import application


def main() -> None:
    """Listen on the pod's address, port 8080."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = from_environment()
    except ValueError as error:
        raise SystemExit(f"pacman: {error}") from None
    logging.info(
        "listening on %s:%d; database at %s:%d", settings.address, PORT, settings.mongo_host, settings.mongo_port
    )
    web.run_app(
        application(settings),
        host=settings.address,
        port=PORT,
        access_log=None,
        print=None,
        shutdown_timeout=0.2,
        handler_cancellation=True,
    )


if __name__ == "__main__":
    main()
