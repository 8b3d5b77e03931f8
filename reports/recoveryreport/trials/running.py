"""`chaos run`, again and again: each run a process of its own, one after the other.

Each is in a process group of its own, so that Ctrl-C at a terminal reaches this process alone, which passes it on once
and waits: Chaos Toolkit then does its rollbacks, and the run closes its record. A signal that comes again later kills
it; its workload ends by itself. Where this process is killed, the run under way goes on to its end, and no other one
follows.
"""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from recoveryreport.errors import NotRecorded

LAST_LINES = 12
AT_ONCE_S = 1.0
"""One Ctrl-C may arrive more than once: from the terminal, and from a parent that passes it on."""
DRAINED_S = 2
"""How long the last lines of a process that has ended may take to arrive."""


@dataclass(frozen=True)
class Ended:
    """How one `chaos run` ended. directory: that of the run it recorded, None where there is none."""

    status: int
    directory: Path | None
    lines: list[str]

    def recorded(self) -> Path:
        """The run's directory. Raises NotRecorded with what the process said last."""
        if self.directory is not None:
            return self.directory
        if self.status == 0:
            raise NotRecorded(
                "`chaos run` succeeded, but recorded no run: the experiment lacks the control\n"
                "    controls: [{name: record, provider: {type: python, module: chaosmongo.controls.record}}]"
            )
        how = f"was killed by signal {-self.status}" if self.status < 0 else f"exited with {self.status}"
        told = "\n".join(f"    {line}" for line in self.lines) or "    (it said nothing)"
        raise NotRecorded(
            f"`chaos run` {how} without a record of a run. It said last (all of it: chaostoolkit.log):\n{told}"
        )


class Runner:
    """Runs `chaos run` with `arguments` (the experiment and its options) while nobody asked it to stop. options: of
    `chaos` itself.
    """

    def __init__(self, arguments: Sequence[str], options: Sequence[str] = ()) -> None:
        self._command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", *options, "run", *arguments]
        self._process: subprocess.Popen[str] | None = None
        self._stopped_at: float | None = None

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopped_at is not None

    def run(self, heard: Callable[[str], None], more: Sequence[str] = ()) -> Ended:
        """One run, to its end. heard: called, from another thread, with every line that it prints. more: arguments of
        this run alone.
        """
        with tempfile.TemporaryDirectory(prefix="chaos-trial-") as directory:
            journal = Path(directory, "journal.json")
            lines: deque[str] = deque(maxlen=LAST_LINES)
            self._process = process = subprocess.Popen(
                [*self._command, *more, "--journal-path", str(journal)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,
            )
            assert process.stdout is not None
            if self.stopped:  # told to while the process was being started
                process.terminate()
            reader = threading.Thread(target=_read, args=(process.stdout, lines, heard), daemon=True)
            reader.start()
            status = process.wait()
            reader.join(DRAINED_S)
            self._process = None
            return Ended(status, _run_directory(journal), list(lines))

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM stop the run under way in order; no other one is to follow (`stopped`)."""
        previous = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        first, now = self._stopped_at, time.monotonic()
        if first is None:
            self._stopped_at = now
        elif now - first < AT_ONCE_S:
            return
        process = self._process
        if process is not None:
            process.send_signal(number if first is None else signal.SIGKILL)


def _read(output: IO[str], lines: deque[str], heard: Callable[[str], None]) -> None:
    for line in output:
        if line.strip():
            lines.append(line.rstrip())
            heard(line.rstrip())


def _run_directory(journal: Path) -> Path | None:
    """What the recording control wrote into the journal."""
    try:
        found: Any = json.loads(journal.read_bytes())
        return Path(found["recovery"]["directory"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
