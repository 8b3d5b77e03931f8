"""One process of the workload, or all of it: python -m chaosmongo.workload [--shard i/n] [--run DIRECTORY]

    standard input --> Settings, Tell ...          when it ends, the runner is gone: stop
    standard output <-- Hello                      ready, or why not

Every process is told the same settings; --shard says which share of the operations is its own (from 0). With --run it
speaks to the runner that records there through a socket in that directory, as in a pod that the runner has not started
itself (see `job`); what goes wrong it tells in its own log there.
"""

import argparse
import contextlib
import fcntl
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chaosmongo.database import Address, Scores
from chaosmongo.errors import BadArgument, ChaosMongoError
from chaosmongo.history import RunDirectory

from .channel import POD, TOKEN, Channel, pipes, to_runner
from .settings import Ended, Hello, Settings, Share, Tell, check
from .workload import GONE, Workload

ANSWERS_WITHIN_S = 5
"""Time for the database to show that it is there and lets us read."""

FINE_S = 0.0002
"""A lane that wakes up waits no longer than this for another lane's Python."""


class Listener(threading.Thread):
    """Does what the runner says, until it says no more. Before there is a workload there is nothing to be closed."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(name="listen", daemon=True)
        self.workload: Workload | None = None
        self._channel = channel

    def run(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            for line in self._channel.reader:
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


def _arguments(arguments: Sequence[str]) -> tuple[Share, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m chaosmongo.workload", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shard", default="0/1", help="i/n: send the i-th (from 0) of n equal shares; 0/1 is all")
    parser.add_argument("--run", type=Path, help="the run directory in which the runner waits, instead of the pipes")
    given = parser.parse_args(arguments)
    try:
        return Share.parse(given.shard), given.run
    except BadArgument as error:
        parser.error(str(error))


def _log_to(log: Path) -> None:
    """Has the log take what goes to the standard outputs, and locks it for as long as this process is there."""
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with contextlib.suppress(OSError):  # a file system without locks: nobody can tell
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.dup2(fd, 1)
    os.dup2(fd, 2)


def _settings(channel: Channel) -> Settings:
    try:
        settings = msgspec.json.decode(channel.reader.readline(), type=Settings)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadArgument(f"The workload's settings cannot be read: {error}") from None
    check(settings)
    return settings


def _use_all_files() -> None:
    """Raises the number of files this process may open as far as it is allowed: each operation may need a socket."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: Sequence[str]) -> int:
    share, run = _arguments(arguments)
    if run is None:
        return _work(share, pipes())
    directory = RunDirectory(run)
    try:
        channel = to_runner(directory.workload_socket, share, os.environ.get(POD, ""), os.environ.get(TOKEN, ""))
        _log_to(directory.shard_log(share.shard, share.of))
    except (ChaosMongoError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    status = 1
    try:
        status = _work(share, channel)
    finally:
        with contextlib.suppress(OSError):
            channel.say(Ended(status))
    return status


def _work(share: Share, channel: Channel) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    sys.setswitchinterval(FINE_S)
    _use_all_files()
    listener = Listener(channel)
    try:
        settings = _settings(channel)
        listener.start()
        with Scores(Address(settings.uri), settings.database, settings.collection) as database:
            database.check(ANSWERS_WITHIN_S)
        workload = Workload(settings, share)
    except (ChaosMongoError, OSError) as error:
        channel.say(Hello(False, str(error)))
        return 1
    signal.signal(signal.SIGTERM, lambda *_: workload.stop("SIGTERM"))
    listener.workload = workload
    channel.say(Hello(True))
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
