"""A folder as a user has it, in which commands are run."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import ROOT, processes_mentioning


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder with the project's manifests and experiments; nothing started in it outlives the tests."""
    directory = tmp_path_factory.mktemp(f"place-{uuid.uuid4().hex[:8]}")
    for name in ("manifests", "experiments"):
        (directory / name).symlink_to(ROOT / name)
    yield directory
    assert processes_mentioning(directory.name) == []
