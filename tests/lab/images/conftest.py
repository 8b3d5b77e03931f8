"""Pods to start containers in, gone when the test is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubelab import images

from tests.lab.images.pod import Pod


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    made = Pod(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pod, images.Container]]:
    """A pod whose database runs and has its users, for tests that only talk to it."""
    made = Pod(tmp_path_factory.mktemp("pod"))
    container = made.mongo()
    try:
        made.start(container, port=27017)
        yield made, container
    finally:
        made.close()
