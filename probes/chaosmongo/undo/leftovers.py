"""What a run left behind, from the files of its directory, once nobody works there any more.

undo.jsonl is the runner's; each later taking back writes a file of its own, undone-1.jsonl and so on. Whether the
runner and its workload are there is told by the locks on undo.jsonl and workload*.log, which the kernel lifts at their
end; of a runner on another machine also by its lock of the namespace.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaosmongo.errors import CannotUndo, StillRunning
from chaosmongo.history import History, RunDirectory, Writer, read_run
from chaosmongo.history.lines import lines
from chaosmongo.history.records import Undo, UndoLine, Undone

from . import lock
from .action import Place

LOOKS_EVERY_S = 0.05
WORKLOAD_ENDS_WITHIN_S = 15.0
"""Without its runner."""


class Leftovers:
    """Changes that were not taken back yet, and what of the files cannot be read. Take hold of it with `of`."""

    def __init__(self, directory: RunDirectory) -> None:
        self.run = read_run(directory.path)
        self._directory = directory
        self._writer: Writer | None = None
        history = History(self.run)
        undos: dict[int, Undo] = {}
        undone: set[int] = set()
        for file in (directory.undo, *_later(directory)):
            for record in lines(file, UndoLine, history):
                if isinstance(record, Undo) and undos.setdefault(record.undo, record) != record:
                    history.damage.append(f"{file.name}: change {record.undo} is there twice")
                elif isinstance(record, Undone):
                    undone.add(record.undo)
        self.pending = [undo for number, undo in undos.items() if number not in undone]
        self.damage = history.damage

    @classmethod
    @contextmanager
    def of(cls, path: Path) -> Iterator["Leftovers"]:
        """Those of the run at `path`, for us alone. Raises StillRunning, RecordError, OSError."""
        directory = RunDirectory(path)
        with _alone(directory.undo):
            leftovers = cls(directory)
            try:
                yield leftovers
            finally:
                leftovers.close()

    def wait_until_over(self, place: Place) -> None:
        """Returns when neither the run nor its load, which ends by itself without it, does anything any more.

        Raises StillRunning; ChaosMongoError where it was on another machine, and the cluster cannot be asked.
        """
        for undo in self.pending:
            if undo.action == lock.NAME:
                lock.check_over(place, undo.arguments)
        self._wait_for_workload()

    def _wait_for_workload(self) -> None:
        end = time.monotonic() + WORKLOAD_ENDS_WITHIN_S
        for log in sorted(self._directory.path.glob("workload*.log")):
            while not _unlocked(log):
                if time.monotonic() > end:
                    raise StillRunning(
                        f"The load of this run still runs after {WORKLOAD_ENDS_WITHIN_S:g} s (it holds {log}): "
                        "nothing was taken back"
                    )
                time.sleep(LOOKS_EVERY_S)

    def undone(self, number: int) -> None:
        """Records that a change is taken back. Raises CannotUndo where that cannot be recorded."""
        try:
            if self._writer is None:
                self._writer = Writer(_next(self._directory), "undo", self.run.run)
            self._writer.commit([Undone(number, time.monotonic_ns())])
        except OSError as error:
            raise CannotUndo(
                f"it was taken back, but {self._directory.path} cannot be written ({error.strerror}): "
                "the next undo will look for it again"
            ) from None

    def close(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()


def _later(directory: RunDirectory) -> list[Path]:
    files = [file for file in directory.path.glob("undone-*.jsonl") if file.stem[7:].isdecimal()]
    return sorted(files, key=lambda file: int(file.stem[7:]))


def _next(directory: RunDirectory) -> Path:
    later = _later(directory)
    number = int(later[-1].stem[7:]) + 1 if later else 1
    return directory.path / f"undone-{number}.jsonl"


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Holds the lock of undo.jsonl, which its writer held. Without the file nothing was changed."""
    try:
        fd = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        if not _locked(fd):
            raise StillRunning(
                f"The run in {file.parent} is still going on, or is being undone by somebody else: nothing was taken "
                "back. Wait for its end, or end it (Ctrl-C), and try again"
            )
        yield
    finally:
        os.close(fd)


def _unlocked(file: Path) -> bool:
    fd = os.open(file, os.O_RDWR)
    try:
        return _locked(fd)
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    """Takes the lock; False where somebody has it. A file system without locks cannot tell, and nobody has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
