"""Our own experiments have no findings."""

from pathlib import Path

import pytest
from chaosmongo.lint import lint_file

EXPERIMENTS = sorted((Path(__file__).parents[3] / "experiments").glob("*.yaml"))


def test_there_are_some() -> None:
    assert EXPERIMENTS


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_has_no_findings(file: Path) -> None:
    assert [finding.told(file.name) for finding in lint_file(file)] == []
