"""A real lab for the tests of this folder: started once, always taken down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .asking import until

BIN = Path(sys.executable).parent


class RunningLab:
    """A lab and the real kubectl."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.kubeconfig = state / "kubeconfig"

    def kubelab(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"KUBELAB_STATE": str(self.state)}
        command = [str(BIN / "kubelab"), *map(str, arguments)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=check)

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = [str(BIN / "kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=90)
        assert not check or result.returncode == 0, result.stderr
        return result.stdout if check else result.stdout + result.stderr

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def until(self, condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
        """Waits until the condition holds; returns what it gave."""
        return until(condition, timeout_s)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab of two nodes."""
    running = RunningLab(tmp_path_factory.mktemp("lab") / "state")
    try:
        running.kubelab("up")
        yield running
    finally:
        running.kubelab("down", check=False)


@pytest.fixture
def namespace(lab: RunningLab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for one test."""
    name = request.node.name.partition("[")[0].replace("_", "-")[:50].strip("-")
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(made))
    yield name
    lab.kubectl("delete", "namespace", name, "--wait=false")
