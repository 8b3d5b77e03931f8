"""Processes of containers: real ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from kubelab.images import Process
from kubelab.node import processes
from kubelab.node.logs import Wanted, offset_of_tail, read
from kubelab.node.output import LINE_LIMIT_BYTES, TEXT_AT, kept_in, stamp

OLD, NEW = stamp(1_700_000_000 * 10**9), stamp(1_700_000_000 * 10**9 + 1)


def shell(command: str, directory: Path) -> Process:
    return Process(("sh", "-c", command), {"PATH": os.environ["PATH"]}, directory)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pid: int, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill $$", 143)])
def test_exit_codes_are_those_of_container_runtimes(command: str, code: int, tmp_path: Path) -> None:
    async def scenario() -> int:
        return await processes.start(shell(command, tmp_path), "id", subprocess.DEVNULL).wait()

    assert asyncio.run(scenario()) == code


def test_only_the_first_process_is_asked_to_stop_and_its_end_ends_the_group(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, int]:
        pid_file = tmp_path / "pid"
        command = f"trap 'exit 5' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo $! > {pid_file}.new; "
        command += f"mv {pid_file}.new {pid_file}; while :; do sleep 0.01; done"
        running = processes.start(shell(command, tmp_path), "id", subprocess.DEVNULL)
        while not pid_file.exists():
            await asyncio.sleep(0.01)
        running.terminate()
        return await running.wait(), int(pid_file.read_text())

    code, child = asyncio.run(scenario())
    assert code == 5
    wait_until_gone(child)


def test_a_probe_command_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    began = time.monotonic()
    code, output = asyncio.run(processes.run_for(shell("echo begun; sleep 60", tmp_path), "id", 0.3))
    assert (code, output) == (None, "begun\n")
    assert time.monotonic() - began < 2


def test_the_environment_is_what_is_given_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBELAB_TEST_SECRET", "geheim")
    _, output = asyncio.run(processes.run_for(shell("env", tmp_path), "abc", 5))
    names = {line.partition("=")[0] for line in output.splitlines()} - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {"PATH", processes.MARK}


def test_a_node_that_is_killed_takes_its_containers_with_it(tmp_path: Path) -> None:
    node = textwrap.dedent(f"""
        import asyncio, subprocess
        from pathlib import Path
        from kubelab.images import Process
        from kubelab.node import processes
        async def main():
            process = Process(("sleep", "60"), {{"PATH": "/usr/bin:/bin"}}, Path({str(tmp_path)!r}))
            print(processes.start(process, "id", subprocess.DEVNULL).pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", node], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        container = int(started.stdout.readline())
        assert is_alive(container)
        started.send_signal(signal.SIGKILL)
    wait_until_gone(container)


class TestLogs:
    @pytest.mark.parametrize(
        ("text", "lines", "expected"),
        [
            ("a\nb\nc\n", 2, "b\nc\n"),
            ("a\nb\nc", 2, "b\nc"),
            ("a\nb\n", 5, "a\nb\n"),
            ("a\nb\n", 0, ""),
            ("", 3, ""),
            ("x" * 200_000 + "\nlast\n", 1, "last\n"),
        ],
    )
    def test_tail(self, text: str, lines: int, expected: str, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_text(text)
        assert text[offset_of_tail(log, lines) :] == expected

    def test_following_ends_with_the_container(self, tmp_path: Path) -> None:
        log = tmp_path / "log"

        async def scenario() -> bytes:
            async with kept_in(log) as (descriptor, output):
                os.write(descriptor, b"one\n")

                async def go_on() -> None:
                    await asyncio.sleep(0.15)
                    os.write(copy, b"two\nthree")
                    os.close(copy)

                copy = os.dup(descriptor)
                task = asyncio.create_task(go_on())
            found = b"".join([text async for text in read(log, Wanted(follow=True), lambda: output.over)])
            await task
            return found

        assert asyncio.run(asyncio.wait_for(scenario(), 5)) == b"one\ntwo\nthree\n"

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            (Wanted(), b"old\nnew\nlong tail\n"),
            (Wanted(timestamps=True), b"%b old\n%b new\n%b long tail\n" % (OLD, NEW, NEW)),
            (Wanted(since=NEW), b"new\nlong tail\n"),
            (Wanted(tail=3, since=OLD), b"new\nlong tail\n"),
            (Wanted(tail=0), b""),
            (Wanted(limit=5), b"old\nn"),
        ],
    )
    def test_what_is_wanted_of_a_log(self, what: Wanted, expected: bytes, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_bytes(b"%b F old\n%b F new\n%b P long\n%b F  tail\n" % (OLD, NEW, NEW, NEW))

        async def scenario() -> bytes:
            return b"".join([text async for text in read(log, what, lambda: True)])

        assert asyncio.run(scenario()) == expected

    def test_a_line_that_is_too_long_is_kept_in_parts_and_read_whole(self, tmp_path: Path) -> None:
        log, line = tmp_path / "log", b"x" * (2 * LINE_LIMIT_BYTES + 1)

        async def scenario() -> bytes:
            async with kept_in(log) as (descriptor, output):
                os.write(descriptor, line + b"\nshort\n")
            return b"".join([text async for text in read(log, Wanted(follow=True), lambda: output.over)])

        assert asyncio.run(asyncio.wait_for(scenario(), 5)) == line + b"\nshort\n"
        assert max(map(len, log.read_bytes().splitlines())) <= TEXT_AT + LINE_LIMIT_BYTES
