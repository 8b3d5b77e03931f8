"""Pages and figures of runs over HTTP, for reading alone.

What is served is what was drawn to be shown, by its name. Everything else that lies beside it is answered like what is
not there: the record itself, undo files, logs, what begins with a dot, and whatever a symbolic link leads to.
"""

import os
import socket
import socketserver
import stat
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from recoveryreport.errors import CannotServe
from recoveryreport.machine import together
from recoveryreport.trend.drawing import COURSE, DATA, INDEX

HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

KINDS: Mapping[str, str] = MappingProxyType(
    {".html": HTML, ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml"}
)
"""Whatever ends so was drawn to be shown."""

NAMED: Mapping[str, str] = MappingProxyType(
    {
        DATA: "application/json",
        "summary.json": "application/json",
        "junit.xml": "application/xml",
        "summary.md": "text/markdown; charset=utf-8",
        together.FILE: OPENMETRICS,
    }
)
"""What else is, by its whole name: run.json, say, is not."""

DEPTH = 3
"""<experiment>/<run>/<file>"""

IDLE_S = 20.0
"""A connection on which nothing is asked for so long is closed."""

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # The pages' own policies are narrower: they name each script by its hash. A frame only a header can refuse.
        "Content-Security-Policy": (
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
)

NO_RUNS = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="10"><title>No runs yet</title></head>
<body><h1>No runs yet</h1>
<p>The list of runs appears here once a check has ended, or <code>chaos recovery trend</code> has drawn it.</p></body>
</html>
"""


class Server(ThreadingHTTPServer):
    """Serves the pages below `runs`, which need not be there yet. Raises CannotServe where it cannot listen."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, runs: Path, address: str, port: int) -> None:
        self.runs = runs
        if ":" in address:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((address, port), _Handler)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise CannotServe(
                f"Nothing can be served at {address}, port {port} ({why}): choose others with --address and --port"
            ) from None

    def server_bind(self) -> None:
        """As its base does, but asks no name server for the address's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: object, client_address: object) -> None:
        """Who goes away before the answer is whole is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        address, port = self.server_address[:2]
        return f"http://[{address!s}]:{port}/" if ":" in str(address) else f"http://{address!s}:{port}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: Server

    def do_GET(self) -> None:
        path = unquote_to_bytes(urlsplit(self.path).path)
        if path == b"/metrics":
            self._metrics()
        elif path == b"/healthz":
            self._healthy()
        else:
            self._page([os.fsencode(INDEX)] if path == b"/" else path.removeprefix(b"/").split(b"/"))

    do_HEAD = do_GET

    def _refused(self) -> None:
        self.close_connection = True  # What it sends along is not read.
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b"only GET and HEAD\n", Allow="GET, HEAD")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _refused

    def _metrics(self) -> None:
        try:
            try:
                body = (self.server.runs / together.FILE).read_bytes()
            except FileNotFoundError:
                body = together.newest(self.server.runs)
        except OSError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"metrics cannot be read: {error.strerror}\n".encode())
            return
        accepted = self.headers.get("Accept", "*/*")
        plain = "openmetrics" not in accepted and accepted.strip() != "*/*"  # an older scraper, or a browser
        self._answer(HTTPStatus.OK, PROMETHEUS if plain else OPENMETRICS, body)

    def _healthy(self) -> None:
        """Whether runs can be read; that there are none yet is no illness."""
        try:
            os.scandir(self.server.runs).close()
        except FileNotFoundError:
            pass
        except OSError as error:
            told = f"the runs cannot be read: {error.strerror}\n"
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, TEXT, told.encode())
            return
        self._answer(HTTPStatus.OK, TEXT, b"ok\n")

    def _page(self, names: list[bytes]) -> None:
        kind = kind_of(names)
        try:
            file = None if kind is None else opened(self.server.runs, names)
        except OSError:
            file = None
        if kind is not None and file is not None:
            with file:
                self._send(file, kind)
        elif names in ([os.fsencode(INDEX)], [os.fsencode(COURSE)]):
            self._answer(HTTPStatus.OK, HTML, NO_RUNS.encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, TEXT, b"there is no such page\n")

    def _send(self, file: BinaryIO, kind: str) -> None:
        """As long as it was when it was opened: who replaces it replaces the whole file."""
        length = os.fstat(file.fileno()).st_size
        self._begin(HTTPStatus.OK, kind, length)
        if self.command != "HEAD" and self.request.sendfile(file, count=length or None) < length:
            self.close_connection = True

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, **more: str) -> None:
        self._begin(status, kind, len(body), **more)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, length: int, **more: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(length), **HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def version_string(self) -> str:
        """Nothing of which Python this is."""
        return "chaos-recovery"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: probes and scrapers ask every few seconds."""


def kind_of(names: list[bytes]) -> str | None:
    """The content type of what a path names; None of what is not served, whatever it is."""
    if len(names) > DEPTH or any(not name or name.startswith(b".") or b"\0" in name for name in names):
        return None
    last = Path(os.fsdecode(names[-1]))
    return NAMED.get(last.name) or KINDS.get(last.suffix)


def opened(root: Path, names: list[bytes]) -> BinaryIO | None:
    """The file that the names lead to from `root`, step by step; None of what is no file. Raises OSError.

    No step is a symbolic link, also if one is put there meanwhile.
    """
    *folders, last = names
    place = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = below
        file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    finally:
        os.close(place)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return os.fdopen(file, "rb")
    os.close(file)
    return None
