"""Every class of finding, planted in a record that has everything else right, is found with exactly what was planted;
and nothing is found where nothing was planted. The figures at full size are those of benchmarks/planted.py.
"""

from pathlib import Path

import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read

from .planting import KINDS, plant, problem
from .recorded import made


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_planted_is_found_and_nothing_else(tmp_path: Path, kind: str, seed: int) -> None:
    planted = plant(kind, seed)
    assert problem(planted, judge(read(planted.write(tmp_path)))) == ""


@pytest.mark.parametrize("seed", range(1000, 1050))
def test_nothing_is_found_in_a_clean_record(tmp_path: Path, seed: int) -> None:
    verdict = judge(read(made(seed).write(tmp_path)))
    assert verdict.verdict == "passed", verdict.sentence
    assert {finding.verdict for finding in verdict.findings} == {"passed"}
    assert sum(lane.outages != [] for lane in verdict.recovery) == 3
