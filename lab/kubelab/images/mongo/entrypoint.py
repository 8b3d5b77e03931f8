"""The image's entrypoint: prepare an empty volume, then become the database, so that signals reach it directly."""

from __future__ import annotations

import os
import sys

from . import first_start, options
from .errors import MongoError, OptionError
from .paths import host_path
from .server import command_line
from .termination import Termination


def main() -> int:
    """entrypoint official|bitnami|none [mongod] [OPTION...] | [PROGRAM ARGUMENT...]; `none` prepares nothing."""
    flavour, *words = sys.argv[1:]
    if words and not words[0].startswith("-") and words[0] != "mongod":
        return _become(words)
    termination = Termination()
    try:
        command = _database(flavour, words[words[:1] == ["mongod"] :], termination)
        termination.end()
        return _become(command)
    except MongoError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1


def _database(flavour: str, arguments: list[str], termination: Termination) -> list[str]:
    """Prepare the data directory; the command line of the database that then serves it."""
    asked = options.parse(arguments)
    plans = {"official": first_start.official, "bitnami": first_start.bitnami}
    plan = plans[flavour](os.environ) if flavour in plans else first_start.Plan("/data/db", ())
    data = host_path(asked.dbpath or plan.data)
    data.mkdir(parents=True, exist_ok=True)
    cache_mb = max(1, int(asked.cache_gb * 1024))
    if flavour in plans:
        first_start.initialise(data, plan, cache_mb, termination)
    host = os.environ["KUBELAB_POD_IP"]
    return command_line(host, asked.port, data, auth=plan.auth or asked.auth, cache_mb=cache_mb)


def _become(command: list[str]) -> int:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
