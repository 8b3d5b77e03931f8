"""A stand-in for mongosh, for exec probes and set-up scripts: starts in 30 ms and runs the subset of script.py.

Exit status: 0 when the script ran, what quit() says, 1 with a message otherwise. The server is the pod's own unless
--host or a connection string names another; localhost means the pod, whose address is not 127.0.0.1 here.
"""

from __future__ import annotations

import os
import sys

from .errors import MongoError, OptionError
from .script import Database, Shell, show
from .wire import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = ("--quiet", "--norc", "--ipv6")
_VALUES = {
    "--eval": "eval",
    "--host": "host",
    "--port": "port",
    "--username": "user",
    "-u": "user",
    "--password": "password",
    "-p": "password",
    "--authenticationDatabase": "source",
    "--file": "file",
    "-f": "file",
}


def main() -> int:
    """mongosh [OPTION...] [mongodb://... | HOST/DATABASE | DATABASE] [FILE.js]."""
    try:
        return _run(_parse(sys.argv[1:]))
    except (MongoError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _run(asked: dict[str, str]) -> int:
    host, port = _server(asked)
    connection = Connection(host, port)
    database = asked.get("database") or "test"
    if "user" in asked:
        _log_in(connection, asked)
    if "quiet" not in asked:
        print(f"Connecting to: mongodb://{connection.where}/{database} (the lab's stand-in for mongosh)")
    value = Shell(connection, database).run(_script(asked))
    if "file" not in asked and not (value is None or isinstance(value, Database)):
        print(value if isinstance(value, str) else show(value))
    return 0


def _log_in(connection: Connection, asked: dict[str, str]) -> None:
    from .scram import authenticate  # imports what a probe without a user has no time for

    if "password" not in asked:
        raise OptionError("a user needs a password: there is no terminal to ask for it")
    source = asked.get("source") or asked.get("database") or "admin"
    authenticate(connection, source, asked["user"], asked["password"])


def _script(asked: dict[str, str]) -> str:
    if "eval" in asked:
        return asked["eval"]
    if "file" in asked:
        from .paths import host_path

        path = host_path(asked["file"])
        return (path if path.exists() else type(path)(asked["file"])).read_text()
    if sys.stdin.isatty():
        raise OptionError("this mongosh is no interactive shell: give it --eval, a file or standard input")
    return sys.stdin.read()


def _parse(words: list[str]) -> dict[str, str]:
    asked: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if word in _FLAGS:
            asked[word.lstrip("-")] = "yes"
        elif option in _VALUES:
            asked[_VALUES[option]] = value if equals else _next(rest, word)
        elif word.startswith("-"):
            raise OptionError(f"option {word!r} is not known to this mongosh")
        elif word.startswith("mongodb://"):
            asked = _uri(word) | asked
        elif word.endswith(".js"):
            asked["file"] = word
        else:
            address, slash, database = word.rpartition("/")
            asked["database"] = database
            if slash:
                asked["host"] = address
    return asked


def _next(rest: Iterator[str], option: str) -> str:
    for value in rest:
        return value
    raise OptionError(f"option {option!r} needs a value")


def _uri(uri: str) -> dict[str, str]:
    body, _, query = uri.removeprefix("mongodb://").partition("?")
    authority, _, database = body.partition("/")
    login, _, host = authority.rpartition("@")
    user, _, password = login.partition(":")
    parameters = dict(part.partition("=")[::2] for part in query.split("&"))
    parts = {"host": host, "database": database, "user": user, "password": password}
    parts["source"] = parameters.get("authSource", "")
    return {key: _unquote(value) for key, value in parts.items() if value}


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _server(asked: dict[str, str]) -> tuple[str, int]:
    """Host and port to connect to. KUBELAB_MONGOSH_SERVER stands for the pod's own server during its first start."""
    here = os.environ.get("KUBELAB_MONGOSH_SERVER") or f"{os.environ.get('KUBELAB_POD_IP', '127.0.0.1')}:27017"
    own_host, _, own_port = here.rpartition(":")
    host, _, host_port = asked.get("host", "localhost").partition(":")
    port = asked.get("port") or host_port
    if port and not port.isdigit():
        raise OptionError(f"{port!r} is not a port")
    if host in ("localhost", "127.0.0.1"):
        return own_host, int(port or own_port)
    if not host.replace(".", "").isdigit():
        from importlib import import_module

        import_module("resolver").install()  # images/ is the root of imports here: see kubelab.images.python.lean
    return host, int(port or 27017)
