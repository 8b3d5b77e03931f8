"""The runner is killed (SIGKILL) at a step of a run: nothing is lost from its record, and all it did can be taken back.

What must hold at each step is in `killed`; benchmarks/killed.py does it at every step, before, after and in between.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.killed import Site, kill_at, site

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Site]:
    with site(place) as found:
        yield found


@pytest.mark.parametrize(
    ("step", "after_s", "wrote"),
    [
        ("before 'seed the high scores'", 0.05, False),  # in the middle of seeding
        ("before 'start the load, and let it settle'", 0.2, None),  # while the workload starts
        ("after 'delete mongo-0 gracefully'", 0, True),  # the database is about to go away
        ("before 'remove the scores that this run wrote'", 0.01, None),  # in the middle of the rollback
    ],
)
def test_a_killed_runner(lab: Site, step: str, after_s: float, wrote: bool | None) -> None:
    """wrote: whether the workload's documents must be, or cannot be, in the database; None: both may be."""
    killed = kill_at(lab, step, after_s)
    assert killed is not None, f"there is no step {step}"
    assert killed.wrong == []
    assert wrote is None or wrote == (killed.documents > 0)
