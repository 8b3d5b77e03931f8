"""One check at a time in a directory of runs: an flock(2), which the kernel lifts at the check's end, however it ends.

What the file holds is for people: who has it.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from recoveryreport.errors import CannotCheck
from recoveryreport.words import harmless

FILE = ".check.lock"


@contextmanager
def alone(runs: Path) -> Iterator[None]:
    """Raises CannotCheck, naming the check that is under way there, or why the directory cannot be used."""
    try:
        runs.mkdir(parents=True, exist_ok=True)
        fd = os.open(runs / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CannotCheck(f"{runs} cannot be used for runs: {error.strerror}") from None
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = harmless(os.pread(fd, 200, 0).decode(errors="replace").strip()) or "nobody knows by whom"
            raise CannotCheck(f"A check is under way in {runs} already ({who}): nothing was touched") from None
        except OSError as error:
            raise CannotCheck(
                f"{runs} lies on a file system without locks ({error.strerror}): checks could meet there. Record "
                "elsewhere with --var runs=DIRECTORY"
            ) from None
        since = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)
        yield
    finally:
        os.close(fd)
