import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .browser import Browser
from .recorded_runs import Recorded, record


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Records a run, with what is named about it, below ./runs of an empty directory."""

    def make(**what: object) -> Path:
        run = Recorded(**what)  # type: ignore[arg-type]
        return record(tmp_path / "runs" / run.name, run)

    return make


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium for all tests of a session."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: on Debian, apt-get install chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started
