"""Labs for benchmarks: started by `kubelab up`, gone afterwards, also where a benchmark is interrupted."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
ENDING = (signal.SIGINT, signal.SIGTERM)
ENDING_S = 30
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Laboratory:
    """A lab that runs. up_s: what `kubelab up` took, from its start to its end."""

    state: Path
    up_s: float

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    def processes(self) -> list[Path]:
        """Their directories in /proc: whatever was told of the state directory, which is everything but containers."""
        told = str(self.state).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if told in (process / "cmdline").read_bytes():
                    found.append(process)
            except OSError:  # It ended while we looked.
                continue
        return found

    def memory_mib(self, kind: str) -> float:
        """Pss: a page that several processes share counts in each by its share. Rss: in full."""
        return sum(_kib(process, kind) for process in self.processes()) / 1024

    def cpu_s(self) -> float:
        """Processor seconds of all processes since their start, with those of their children that ended."""
        return sum(map(cpu_s, self.processes()))


def cpu_s(process: Path) -> float:
    """Processor seconds of a process, by its directory in /proc, with those of its children that ended."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def _kib(process: Path, kind: str) -> int:
    lines = (process / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))


@contextmanager
def lab(*options: str | Path) -> Iterator[Laboratory]:
    """A lab of its own; options: those of `kubelab up`. Raises RuntimeError with what it said, when it fails."""
    folder = Path(tempfile.gettempdir()) / f"kubelab-bench-{secrets.token_hex(8)}"  # Known before it is there.
    state = folder / "lab"
    try:
        folder.mkdir(mode=0o700)
        begin = time.monotonic()
        command("kubelab", "up", "--state", state, *options)
        yield Laboratory(state, time.monotonic() - begin)
    finally:
        with to_the_end():
            command("kubelab", "down", "--state", state)
            shutil.rmtree(folder, ignore_errors=True)


def command(program: str, *arguments: str | Path) -> str:
    """What it printed. It is told to end, and waited for, where we are: it may have something to take down."""
    process = subprocess.Popen(
        [str(BIN / program), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C comes to us alone.
    )
    try:
        output, errors = process.communicate()
    except BaseException:
        process.terminate()
        process.wait(ENDING_S)
        raise
    if process.returncode:
        raise RuntimeError(f"{program} {arguments[0]} ended with {process.returncode}: {errors[-1000:]}")
    return output


@contextmanager
def to_the_end() -> Iterator[None]:
    """Ctrl-C and SIGTERM have their effect afterwards."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _: came.append(got)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
