"""A database that is killed under load: every acknowledged write that is gone is found, and none that is not.

w: 1         acknowledged before it is on disk: a SIGKILL may lose the newest (the positive control)
j: true      acknowledged when it is on disk: nothing is lost
"""

from pathlib import Path

import pytest

from tests.conftest import Database

from .crash import trial

pytestmark = pytest.mark.e2e


class TestKilledUnderLoad:
    def test_what_is_lost_of_unjournaled_writes_is_counted_exactly(self, tmp_path: Path) -> None:
        one = trial(tmp_path, {"w": 1}, Database.kill)
        assert one.acknowledged > 20
        assert one.lost == one.independently_lost
        assert one.wrong == 0

    def test_no_journaled_write_is_lost(self, tmp_path: Path) -> None:
        one = trial(tmp_path, {"w": 1, "j": True}, Database.kill)
        assert one.acknowledged > 20
        assert (one.lost, one.independently_lost, one.wrong) == (0, 0, 0)
