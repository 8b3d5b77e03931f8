"""The image's entrypoint: prepare an empty volume, then become the database, so that signals reach it directly."""

from __future__ import annotations

import os
import signal
import sys

from . import first_start, options
from .errors import MongoError, OptionError
from .paths import host_path
from .server import command_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> int:
    """entrypoint official|bitnami|none [mongod] [OPTION...] | [PROGRAM ARGUMENT...]; `none` prepares nothing."""
    flavour, *words = sys.argv[1:]
    if words and not words[0].startswith("-") and words[0] != "mongod":
        return _become(words)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return _become(_database(flavour, words[words[:1] == ["mongod"] :]))
    except MongoError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1


def _database(flavour: str, arguments: list[str]) -> list[str]:
    """Prepare the data directory; the command line of the database that then serves it."""
    asked = options.parse(arguments)
    plans = {"official": first_start.official, "bitnami": first_start.bitnami}
    plan = plans[flavour](os.environ) if flavour in plans else first_start.Plan("/data/db", ())
    data = host_path(asked.dbpath or plan.data)
    data.mkdir(parents=True, exist_ok=True)
    cache_mb = max(1, int(asked.cache_gb * 1024))
    if flavour in plans:
        first_start.initialise(data, plan, cache_mb)
    host = os.environ["KUBELAB_POD_IP"]
    return command_line(host, asked.port, data, auth=plan.auth or asked.auth, cache_mb=cache_mb)


def _become(command: list[str]) -> int:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127


def _terminated(signum: int, _frame: object) -> NoReturn:
    """Told to end during the first start: leave through the finally that stops the temporary server."""
    signal.signal(signum, signal.SIG_IGN)
    raise SystemExit(128 + signum)
