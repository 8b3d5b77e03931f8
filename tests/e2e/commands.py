"""Real commands, run as a person would type them, and what they leave behind."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ATTEMPTS = 3
ENDING_S = 90
TOO_BUSY = ("(is this machine too busy, or its disk?)", "it was too slow")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed on both of its outputs."""

    status: int
    output: str


def environment(**changes: str) -> dict[str, str]:
    """Ours, with the project's commands first on PATH and nothing that points at a cluster of the developer's."""
    kept = {key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "MONGO_URI", "APP_URL")}
    return kept | {"PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": "/nonexistent"} | changes


def start(command: Sequence[str], directory: Path, **changes: str) -> subprocess.Popen[str]:
    """Starts a command in a process group of its own."""
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment(**changes),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def run(command: Sequence[str], directory: Path, timeout_s: float = 150, **changes: str) -> Ended:
    """To its end; where we are told to end before, so is it, and has its time to do it."""
    process = start(command, directory, **changes)
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        raise AssertionError(f"{' '.join(command)} did not end within {timeout_s} s:\n{output}") from None
    except BaseException:
        process.terminate()
        try:
            process.communicate(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
        raise
    return Ended(process.returncode, output)


@contextmanager
def running_lab(place: Path, *options: str) -> Iterator[Path]:
    """A lab in `place`, by its state directory; nothing of it is left afterwards. options: of `kubelab up`."""
    state = place / "lab"
    up = run(["kubelab", "up", "--state", str(state), *options], place)
    try:
        assert up.status == 0, up.output
        yield state
    finally:
        down = run(["kubelab", "down", "--state", str(state)], place)
    assert down.status == 0, down.output


def run_undisturbed(command: Sequence[str], directory: Path, experiment: str, **changes: str) -> Ended:
    """Runs an experiment, again where the instrument says that the machine was too busy to be believed."""
    for _ in range(ATTEMPTS):
        ended = run(command, directory, **changes)
        if not any(words in " ".join(ended.output.split()) for words in TOO_BUSY):
            break
        print(ended.output)
        shutil.rmtree(directory / "runs" / experiment)
    else:
        raise AssertionError(f"this machine was too busy {ATTEMPTS} times:\n{ended.output}")
    return ended


def processes_mentioning(text: str) -> list[str]:
    """Command lines of running processes in whose environment or arguments `text` occurs."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            if text.encode() in line or text.encode() in (entry / "environ").read_bytes():
                found.append(line.replace(b"\0", b" ").decode(errors="replace").strip())
        except OSError:
            continue
    return [line for line in found if line]


def run_directory(directory: Path, experiment: str) -> Path:
    """The one run of an experiment that was recorded below `directory`."""
    (found,) = (directory / "runs" / experiment).iterdir()
    return found
