"""Every command of the tutorial and the how-to pages, typed in order by somebody who follows them, in one lab."""

import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_for_port
from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.docs.shell import Shell, matches
from tests.e2e.commands import ATTEMPTS, TOO_BUSY, processes_mentioning

pytestmark = [pytest.mark.e2e, pytest.mark.measures, pytest.mark.timeout(600)]

LAST = "tutorial/clean-up.md"
FOLLOWED = [page for page in pages() if page.startswith(("tutorial/", "how-to/")) and blocks(page) and page != LAST]
EVICTING = """
import sys, types
from chaosmongo import faults, run
module = types.ModuleType("chaosmongo.faults.evict_pod")
module.__package__ = "chaosmongo.faults"
exec(sys.argv[1], module.__dict__)
run.open_run("test", {}, {"namespace": "pacman", "runs": "elsewhere"})
try:
    print(module.evict_pod(namespace="pacman", name="mongo-0"))
finally:
    run.forget()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the repository as its reader has it, in which everything is set up."""
    directory = tmp_path_factory.mktemp(f"docs-{uuid.uuid4().hex[:8]}")
    for name in ("docs", "experiments", "manifests"):
        (directory / name).symlink_to(ROOT / name)
    (directory / ".venv").symlink_to(sys.prefix)
    yield directory
    subprocess.run([f"{sys.prefix}/bin/kubelab", "down", "--state", directory / "lab"], capture_output=True)
    assert processes_mentioning(directory.name) == []


@pytest.fixture(scope="module")
def port() -> str:
    """In place of the one that the pages forward."""
    return str(free_port())


@pytest.mark.parametrize("page", FOLLOWED)
def test_the_commands_of(page: str, place: Path, port: str) -> None:
    read_through(page, place, port)


def test_the_fault_that_is_added_as_an_example_hits(place: Path) -> None:
    (code,) = (block.text for block in blocks("contributing/add-a-fault.md") if block.file.endswith("evict_pod.py"))
    with terminal(place) as shell:
        shell.run("export KUBECONFIG=$(kubelab kubeconfig)")
        uid = "kubectl get pod mongo-0 -n pacman -o jsonpath={.metadata.uid}"
        _, before = shell.run(uid)
        status, printed = shell.run(shlex.join([sys.executable, "-c", EVICTING, code]))
        assert (status, printed) == (0, "{'evicted': 'mongo-0'}\n")
        _, after = shell.run(f"kubectl rollout status statefulset/mongo -n pacman >/dev/null; {uid}")
    assert re.fullmatch(r"[0-9a-f-]{36}", after)
    assert after != before


def test_the_commands_of_the_clean_up(place: Path, port: str) -> None:
    read_through(LAST, place, port)


@contextmanager
def terminal(place: Path) -> Iterator[Shell]:
    shell = Shell(place, KUBELAB_STATE=str(place / "lab"), KUBECACHEDIR=str(place / "kubectl"))
    try:
        yield shell
    finally:
        shell.close()


def read_through(page: str, place: Path, port: str) -> None:
    """Saves what a page says to save, and types what it says to type, in a terminal of its own."""
    with terminal(place) as shell:
        for block in blocks(page):
            if block.file:
                (place / block.file).write_text(block.text)
            if block.language == "console" and not block.excuse:
                follow(shell, block, place, port)


def follow(shell: Shell, block: Block, place: Path, port: str) -> None:
    """Types a block's commands. An experiment is run again where the machine was too busy to be believed."""
    for number, command in enumerate(block.commands, 1):
        typed = command.text.replace("9090", port)
        for _ in range(ATTEMPTS):
            status, printed = shell.run(typed)
            if "chaos" not in typed or not any(words in " ".join(printed.split()) for words in TOO_BUSY):
                break
            print(printed)
            shutil.rmtree(place / "runs")
        if re.search(r"port-forward.*&$", typed):
            wait_for_port("127.0.0.1", int(port))
        wanted = block.exits if number == len(block.commands) else 0
        assert status == wanted, f"{block.place}: {command.text} ended with {status}:\n{printed}"
        if command.shown:
            assert matches(command.shown, printed), (
                f"{block.place}: {command.text}\nis shown with\n{command.shown}\nand printed\n{printed}"
            )
