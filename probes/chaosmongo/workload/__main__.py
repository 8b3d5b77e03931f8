"""One process of the workload, or all of it: python -m chaosmongo.workload [--shard i/n]

    standard input --> Settings, Tell ...          when it ends, the runner is gone: stop
    standard output <-- Hello                      ready, or why not

Every process is told the same settings; --shard says which share of the operations is its own (from 0).
"""

import argparse
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Sequence

import msgspec

from chaosmongo.database import Address, Scores
from chaosmongo.errors import BadArgument, ChaosMongoError

from .settings import Hello, Settings, Share, Tell, check
from .workload import GONE, Workload

ANSWERS_WITHIN_S = 5
"""Time for the database to show that it is there and lets us read."""

FINE_S = 0.0002
"""A lane that wakes up waits no longer than this for another lane's Python."""


class Listener(threading.Thread):
    """Does what the runner says, until it says no more. Before there is a workload there is nothing to be closed."""

    def __init__(self) -> None:
        super().__init__(name="listen", daemon=True)
        self.workload: Workload | None = None

    def run(self) -> None:
        for line in sys.stdin.buffer:
            self._do(msgspec.json.decode(line, type=Tell))
        if self.workload is None:
            os._exit(1)
        self.workload.stop(GONE)

    def _do(self, tell: Tell) -> None:
        if self.workload is None:
            return
        if tell.stop:
            self.workload.stop("told to")
        elif tell.begin_ns:
            self.workload.begin(tell.begin_ns)
        else:
            self.workload.move(tell)


def _say(word: Hello) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def _share(arguments: Sequence[str]) -> Share:
    parser = argparse.ArgumentParser(prog="python -m chaosmongo.workload", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shard", default="0/1", help="i/n: send the i-th (from 0) of n equal shares; 0/1 is all")
    try:
        return Share.parse(parser.parse_args(arguments).shard)
    except BadArgument as error:
        parser.error(str(error))


def _settings() -> Settings:
    try:
        settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadArgument(f"The workload's settings cannot be read: {error}") from None
    check(settings)
    return settings


def _use_all_files() -> None:
    """Raises the number of files this process may open as far as it is allowed: each operation may need a socket."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: Sequence[str]) -> int:
    share = _share(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    sys.setswitchinterval(FINE_S)
    _use_all_files()
    listener = Listener()
    try:
        settings = _settings()
        listener.start()
        with Scores(Address(settings.uri), settings.database, settings.collection) as database:
            database.check(ANSWERS_WITHIN_S)
        workload = Workload(settings, share)
    except (ChaosMongoError, OSError) as error:
        _say(Hello(False, str(error)))
        return 1
    signal.signal(signal.SIGTERM, lambda *_: workload.stop("SIGTERM"))
    listener.workload = workload
    _say(Hello(True))
    try:
        workload.run()
    except OSError as error:
        print(f"The workload cannot record what it does: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except Exception:  # its cause is in the log before threads that still wait can take the interpreter down
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that still wait for a dead server are of no interest any more
