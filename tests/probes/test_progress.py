"""How a load fares, read from its growing record: what waiting for a recovery and the safeguard go by."""

from pathlib import Path

import pytest
from chaosmongo.history import RunDirectory, Writer
from chaosmongo.history import records as r
from chaosmongo.progress import Progress

MS = 1_000_000
EVERY_MS = 100


class Load:
    """A record that grows by one operation of the user lane every 100 ms, "." ok and "x" not."""

    def __init__(self, directory: Path) -> None:
        self.directory = RunDirectory(directory)
        self.writer = Writer(self.directory.ops, "ops", "test/1")
        lanes = {"user": r.LanePlan({"read": 10.0}, 0.5, "uri")}
        self.writer.write(r.Plan(0, lanes, {}, False, 64))
        self.number = 0

    def goes_on(self, pattern: str) -> None:
        for kind in pattern:
            self.number += 1
            due_ns = self.number * EVERY_MS * MS
            ending = r.Ok if kind == "." else r.Fail
            self.writer.write(r.Invoke(self.number, "user", "read", due_ns))
            self.writer.write(ending(self.number, due_ns, due_ns + MS))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return Load(tmp_path)


def seen(load: Load) -> Progress:
    progress = Progress(load.directory)
    progress.look()
    return progress


class TestALaneThatIsDown:
    def down_ms(self, load: Load) -> float | None:
        down = seen(load).longest_down(load.number * EVERY_MS * MS)
        return None if down is None else down[1] / MS

    @pytest.mark.parametrize(
        ("pattern", "down_ms"),
        [
            ("", None),
            ("....", None),
            ("..x", 0),
            ("..xxxx", 300),
            ("xxx", 200),
            ("..xxx.", None),
            ("..xxx.xx", 100),
        ],
    )
    def test_is_so_since_the_first_operation_that_was_not_ok_with_none_ok_since(
        self, load: Load, pattern: str, down_ms: float | None
    ) -> None:
        load.goes_on(pattern)
        assert self.down_ms(load) == down_ms

    def test_is_named(self, load: Load) -> None:
        load.goes_on("..x")
        assert seen(load).longest_down(0) == ("user", -300 * MS)

    def test_is_followed_while_the_record_grows(self, load: Load) -> None:
        progress = Progress(load.directory)
        load.goes_on("..xx")
        progress.look()
        load.goes_on("xx")
        progress.look()
        down = progress.longest_down(load.number * EVERY_MS * MS)
        assert down is not None
        assert down[1] == 300 * MS
        load.goes_on(".")
        progress.look()
        assert progress.longest_down(load.number * EVERY_MS * MS) is None


class TestAStableStreak:
    @pytest.mark.parametrize(
        ("pattern", "stable"), [("." * 21, True), ("." * 19, False), ("." * 25 + "x", False), ("x" + "." * 21, True)]
    )
    def test_is_twenty_operations_over_a_second_all_ok(self, load: Load, pattern: str, stable: bool) -> None:
        load.goes_on(pattern)
        assert seen(load).stable_since(0) is stable

    def test_counts_from_the_moment_that_is_asked_for(self, load: Load) -> None:
        load.goes_on("." * 30)
        assert seen(load).stable_since(5 * EVERY_MS * MS)
        assert not seen(load).stable_since(15 * EVERY_MS * MS)
