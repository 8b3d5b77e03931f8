"""mongod's command line, as far as it means something to the database behind the image."""

from __future__ import annotations

import argparse

from .errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(f"mongod: {message}")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Options of mongod; OptionError for one that the lab's database cannot honour."""
    parser = _Parser(prog="mongod", allow_abbrev=False, add_help=False)
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--port", type=int, default=27017)
    parser.add_argument("--dbpath")
    parser.add_argument("--wiredTigerCacheSizeGB", type=float, default=0.25, dest="cache_gb")
    # The database listens on the pod's address alone, which is what these two ask for in a pod.
    parser.add_argument("--bind_ip_all", action="store_true")
    parser.add_argument("--bind_ip")
    parser.add_argument("--quiet", action="store_true")
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise OptionError(f"mongod: the lab's database has no option {unknown[0]!r} (it is a single server)")
    return options
