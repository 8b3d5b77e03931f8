import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from recoveryreport.commands import recovery

from .browser import Browser
from .recorded_runs import Recorded, record

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recorded], Path]:
    """Records each run only once: the same is the same to the byte. To be copied, not changed."""
    known: dict[str, Path] = {}

    def once(run: Recorded) -> Path:
        if repr(run) not in known:
            known[repr(run)] = record(tmp_path_factory.mktemp("recorded") / "run", run)
        return known[repr(run)]

    return once


@pytest.fixture
def make_run(tmp_path: Path, recorded_once: Callable[[Recorded], Path]) -> Callable[..., Path]:
    """Records a run, with what is named about it, below ./runs of an empty directory."""

    def make(**what: object) -> Path:
        run = Recorded(**what)  # type: ignore[arg-type]
        return Path(shutil.copytree(recorded_once(run), tmp_path / "runs" / run.name))

    return make


@pytest.fixture(scope="session")
def passed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that passed, with its report drawn."""
    return _drawn(tmp_path_factory.mktemp("passed") / "run", Recorded())


@pytest.fixture(scope="session")
def failed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that lost its 130 newest acknowledged writes, and whose names are attacks on its reader; report drawn."""
    what = Recorded(
        lost=130,
        name="h<b>ostile/20260102T030405Z",
        title=f"{HOSTILE} \u202eesrever $x^2$ {{{{ 7 * 7 }}}}",
        description=f"{HOSTILE}\n<img src=x onerror=alert(2)>",
        marker=f"{HOSTILE}'\"&\x1b[31m-",
    )
    return _drawn(tmp_path_factory.mktemp("failed") / "run", what)


def _drawn(path: Path, what: Recorded) -> Path:
    record(path, what)
    result = CliRunner().invoke(recovery, ["report", str(path)])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium for all tests of a session."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: on Debian, apt-get install chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started
