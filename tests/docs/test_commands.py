"""Every command of the tutorial and the how-to pages, typed in order by somebody who follows them, in one lab."""

import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_for_port
from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.docs.shell import Shell, matches
from tests.e2e.commands import ATTEMPTS, TOO_BUSY, processes_mentioning

pytestmark = [pytest.mark.e2e, pytest.mark.measures, pytest.mark.timeout(600)]

LAST = "tutorial/clean-up.md"
FOLLOWED = sorted(
    (page for page in pages() if page.startswith(("tutorial/", "how-to/")) and blocks(page)),
    key=lambda page: (page == LAST, pages().index(page)),
)


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
    shell = Shell(place, KUBELAB_STATE=str(place / "lab"), KUBECACHEDIR=str(place / "kubectl"))
    try:
        for block in blocks(page):
            if block.file:
                (place / block.file).write_text(block.text)
            if block.language == "console" and not block.excuse:
                follow(shell, block, place, port)
    finally:
        shell.close()


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
