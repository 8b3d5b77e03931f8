"""Nothing survives: the guard and what it watches over, as real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .node.test_processes import is_alive, wait_until_gone

WATCHED = "sleep 60 & setsid sh -c 'echo $$ > {pids}/escaped; sleep 60' & echo $! > {pids}/child; {then}"


@contextmanager
def guarded(tmp_path: Path, then: str, *, by_caller: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A guard over a shell that starts two processes, one of which leaves its session."""
    command = WATCHED.format(pids=tmp_path, then=then)
    program = textwrap.dedent(f"""
        import os, subprocess, sys
        from kubelab import guard
        def main():
            return subprocess.call(["sh", "-c", {command!r}])
        if {by_caller}:
            caller = os.getpid()
            if os.fork():
                os.wait()
                sys.exit()
            guard.follow(caller)
        cleaned = lambda: open({str(tmp_path / "cleaned")!r}, "w").close()
        sys.exit(guard.watch_over(main, cleanup=cleaned))
    """)
    process = subprocess.Popen([sys.executable, "-c", program], text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def escaped(tmp_path: Path) -> int:
    file = tmp_path / "escaped"
    while not (file.exists() and file.read_text().strip()):
        pass
    return int(file.read_text())


def test_what_the_watched_process_leaves_behind_is_killed_and_its_exit_code_kept(tmp_path: Path) -> None:
    with guarded(tmp_path, f"while ! test -s {tmp_path}/escaped; do :; done; exit 7") as process:
        assert process.wait(timeout=10) == 7
    assert not is_alive(escaped(tmp_path))
    assert (tmp_path / "cleaned").exists()


def test_sigterm_goes_to_the_watched_process(tmp_path: Path) -> None:
    with guarded(tmp_path, "sleep 60") as process:
        pid = escaped(tmp_path)
        process.terminate()
        assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert not is_alive(pid)


def test_all_of_it_ends_when_the_caller_is_killed(tmp_path: Path) -> None:
    with guarded(tmp_path, "sleep 60", by_caller=True) as caller:
        pid = escaped(tmp_path)
        caller.kill()
        caller.wait()
        wait_until_gone(pid)
