"""A terminal in which the commands of a page are typed, one after the other, and what is shown of their output."""

import os
import re
import select
import subprocess
import time
import uuid
from pathlib import Path

from tests.e2e.commands import environment

ANY = re.compile(
    r"(?P<gap>\.\.\.)"
    r"|(?P<uid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<made>(?<=-)(?:[bcdfghjklmnpqrstvwxz2456789]{8,10}-)?[bcdfghjklmnpqrstvwxz2456789]{5}\b)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
)
STANDS_FOR = {
    "gap": r".*?",
    "uid": r"[0-9a-f-]{36}",
    "made": r"(?:[bcdfghjklmnpqrstvwxz2456789]{5,10}-?)+",
    "number": r"\d+(?:[.,]\d+)*",
}
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Shell:
    """bash, as it is in a terminal 80 columns wide."""

    def __init__(self, directory: Path, **changes: str) -> None:
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=directory,
            env=environment(COLUMNS="80", **changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, command: str, timeout_s: float = 240) -> tuple[int, str]:
        """Its exit code and what it printed on both of its outputs."""
        assert self._process.stdin and self._process.stdout
        end_mark = f"-- {uuid.uuid4()} --"
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\necho '{end_mark}' $?\n".encode())
        self._process.stdin.flush()
        printed, end = b"", time.monotonic() + timeout_s
        while not (done := re.search(rf"{end_mark} (\d+)\n".encode(), printed)):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            told = printed.decode(errors="replace")
            assert more, f"{command!r} did not end within {timeout_s} s, or took the shell along:\n{told}"
            printed += more
        return int(done[1]), printed[: done.start()].decode(errors="replace")

    def close(self) -> None:
        """What was put into the background ends with it."""
        os.killpg(self._process.pid, 9)
        self._process.communicate()


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed. Of both, spaces, line ends and bars do not count; `...` stands for
    anything, a number for any number, a generated name or UID for any other.
    """
    pattern, end, wanted = "", 0, _plain(shown)
    for found in ANY.finditer(wanted):
        assert found.lastgroup
        pattern += re.escape(wanted[end : found.start()]) + STANDS_FOR[found.lastgroup]
        end = found.end()
    return re.fullmatch(pattern + re.escape(wanted[end:]), _plain(printed)) is not None


def _plain(text: str) -> str:
    return " ".join(ESCAPES.sub("", text).replace("█", " ").split())
