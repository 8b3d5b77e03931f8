"""What tests of several rooms share: a real database, and proof that nothing is left behind."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing while other tests run beside it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A shell that starts something in the background has it ignore Ctrl-C, and all that it starts; ours do not.
signal.signal(signal.SIGINT, signal.default_int_handler)

SECANTUSD = Path(sys.executable).with_name("secantusd-py")


MEASURING = ("e2e", "groundtruth", "probes")
NOT_MEASURING = {
    "checks",
    "lint",
    "preflight",
    "test_ahead.py",
    "test_bad_input.py",
    "test_config.py",
    "test_environment.py",
    "test_faults.py",
    "test_history.py",
    "test_kubectl.py",
    "test_locate.py",
    "test_lock.py",
    "test_matrix.py",
    "test_network.py",
    "test_observer.py",
    "test_permissions.py",
    "test_preflight.py",
    "test_progress.py",
    "test_quantities.py",
    "test_scores.py",
    "test_seal.py",
    "test_sigterm.py",
    "test_storage.py",
    "test_taint.py",
    "test_undo.py",
    "test_window.py",
    "test_wire.py",
}

REPORTS = {"ci", "docs", "manifests", "reports"}
PATIENT = {"stories", "test_faults.py"}
LONG = {
    "test_commands.py in docs",
    "test_containerfile.py in image",
    "test_load_in_pods.py in e2e",
    "test_matrix.py in e2e",
    "test_node_stories.py in stories",
    "test_resilience_check.py in ci",
    "test_scheduled.py in e2e",
    "test_trials.py in e2e",
}
ALONE = {"test_experiments.py", "test_port_forward.py"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """`make test` runs two tests at a time, but never two that measure, and nothing beside a run that must pass."""
    parts = item.path.relative_to(Path(__file__).parent).parts
    if f"{parts[-1]} in {parts[-2]}" in LONG:
        item.add_marker("long")
    if parts[0] in REPORTS:
        item.add_marker("reports")
    if not PATIENT.isdisjoint(parts):
        item.add_marker("patient")
    if parts[0] in MEASURING and NOT_MEASURING.isdisjoint(parts):
        item.add_marker("measures")
        if parts[0] == "e2e" and parts[-1] in ALONE:
            item.add_marker("alone")


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No process outlives the tests that works in a directory of theirs or was told of one."""
    yield
    place = str(tmp_path_factory.getbasetemp()).encode()
    end = time.monotonic() + 10
    while (left := [line for line in _command_lines() if place in line]) and time.monotonic() < end:
        time.sleep(0.2)
    assert not left


def _command_lines() -> Iterator[bytes]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield (process / "cmdline").read_bytes()


class Database:
    """A real SecantusDB on a loopback port, as a process that a test may stop, kill and start again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = "127.0.0.1"
        self.port = free_port()
        self._log = (directory / "database.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://{self.host}:{self.port}/pacman?directConnection=true"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> "Database":
        command = [str(SECANTUSD), "--host", self.host, "--port", str(self.port), "--standalone", *options]
        self._process = subprocess.Popen(
            [*command, "--storage-path", str(self.directory / "db")], stdout=self._log, stderr=self._log
        )
        wait_for_port(self.host, self.port)
        return self

    def signal(self, number: int) -> None:
        """Returns once it has had its effect: a process still answers for a moment after it was sent SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)
        end = time.monotonic() + 10
        while number == signal.SIGSTOP and set(_states(self.pid)) != {"T"}:
            assert time.monotonic() < end
            time.sleep(0.001)

    def stop(self) -> None:
        """Ends it with SIGTERM and waits."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """Ends it with SIGKILL and waits."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        self._log.close()


def _states(pid: int) -> Iterator[str]:
    """Of each thread of the process: T is stopped."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield (thread / "stat").read_text().rpartition(")")[2].split()[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(host: str, port: int, timeout_s: float = 15) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on {host}:{port} after {timeout_s} s")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh database that asks for no password."""
    found = Database(tmp_path)
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture
def stopped_database(tmp_path: Path) -> Iterator[Database]:
    """A database that a test starts itself."""
    found = Database(tmp_path)
    try:
        yield found
    finally:
        found.close()
