"""A run that is interrupted: nothing stays behind, the record opens, and the verdict is unknown."""

import fcntl
import os
import pty
import shutil
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chaosmongo.history import read, read_verdict

from tests.e2e.commands import environment, processes_mentioning, start

pytestmark = pytest.mark.e2e

NAME = "mongo-pod-delete"
COMMAND = ["kubelab", "exec", "--", "chaos", "--no-version-check", "run", f"experiments/{NAME}.yaml"]
GONE_WITHIN_S = 15


def under_load(place: Path, process: subprocess.Popen[str]) -> Path:
    """The directory of the run that `process` has begun, as soon as its load has recorded operations."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, f"it ended with {process.returncode} before there was any load"
        for ops in place.glob(f"runs/{NAME}/*/ops.jsonl"):
            if ops.stat().st_size > 50_000:
                return ops.parent
        time.sleep(0.1)
    raise AssertionError("no load within 60 s")


def all_gone(place: Path) -> None:
    end = time.monotonic() + GONE_WITHIN_S
    while processes_mentioning(place.name):
        assert time.monotonic() < end, f"still there: {processes_mentioning(place.name)}"
        time.sleep(0.1)


def test_ctrl_c_at_a_terminal(place: Path) -> None:
    """A real terminal, which sends SIGINT to every process of the foreground."""
    controller, terminal = pty.openpty()
    process: subprocess.Popen[str] = subprocess.Popen(
        COMMAND,
        cwd=place,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
        text=True,
    )
    os.close(terminal)
    printed = _drained(controller)
    directory = under_load(place, process)
    os.write(controller, b"\x03")
    began = time.monotonic()
    status = process.wait(GONE_WITHIN_S)
    all_gone(place)
    assert time.monotonic() - began < GONE_WITHIN_S
    assert status not in (0, None)
    verdict = read_verdict(directory)
    assert verdict is not None, printed()
    assert verdict.verdict == "unknown"
    history = read(directory)
    assert not history.damage
    assert not history.torn
    assert history.ops_notes[-1].what == "stopped"
    shutil.rmtree(directory)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_to_the_command(place: Path, number: int) -> None:
    process = start(COMMAND, place)
    directory = under_load(place, process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=GONE_WITHIN_S)
    all_gone(place)
    assert process.returncode != 0
    assert "Traceback" not in output
    verdict = read_verdict(directory)
    assert verdict is not None
    assert verdict.verdict == "unknown"
    assert read(directory).torn == []
    shutil.rmtree(directory)


def test_a_killed_command_leaves_no_process_and_a_record_that_opens(place: Path) -> None:
    process = start(COMMAND, place)
    directory = under_load(place, process)
    process.kill()
    process.communicate(timeout=GONE_WITHIN_S)
    all_gone(place)
    history = read(directory)
    assert not history.damage
    assert len(history.ops) > 100
    shutil.rmtree(directory)


def _drained(controller: int) -> Callable[[], str]:
    """Reads what a terminal shows, so that nobody blocks on it; returns a function that gives it."""
    shown: list[bytes] = []

    def drain() -> None:
        while True:
            try:
                data = os.read(controller, 65536)
            except OSError:
                return
            if not data:
                return
            shown.append(data)

    threading.Thread(target=drain, daemon=True).start()
    return lambda: b"".join(shown).decode(errors="replace")
