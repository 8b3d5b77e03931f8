"""Which runs are removed, and which never; what stays of those that were."""

import os
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport.check import leftovers, removing
from recoveryreport.check.pruning import Kept, Limits, plan
from recoveryreport.trend import removed
from recoveryreport.trend.assembling import assembled
from recoveryreport.trend.finding import find
from recoveryreport.trend.reading import load
from recoveryreport.trend.records import State
from recoveryreport.trend.words import course

from .recorded_runs import S
from .scheduled_runs import EXPERIMENT, Planned, make

DAY = 86_400
NOW_NS = 1_000 * DAY * S


def run(days: float | None, size: int = 10, state: State = "passed", experiment: str = "a", held: str = "") -> Kept:
    """days: ago."""
    wall_ns = None if days is None else NOW_NS - round(days * DAY * S)
    return Kept(experiment, f"run-{days}", wall_ns, size, state, held)


def gone(runs: list[Kept], **limits: float | int) -> list[str]:
    return [one.name for one in plan(runs, Limits(**limits), NOW_NS)]  # type: ignore[arg-type]


class TestThePlan:
    def test_by_age_the_oldest_go_first(self) -> None:
        assert gone([run(1), run(95), run(200), run(91)], age_s=90 * DAY) == ["run-200", "run-95", "run-91"]

    def test_by_size_no_more_go_than_must(self) -> None:
        assert gone([run(1), run(2), run(3), run(4)], size=25) == ["run-4", "run-3"]
        assert gone([run(1), run(2), run(3), run(4)], size=40) == []

    def test_the_newest_of_every_experiment_stays(self) -> None:
        assert gone([run(500), run(400, experiment="b"), run(300, experiment="b")], age_s=DAY, size=0) == ["run-400"]

    def test_the_last_one_that_failed_stays(self) -> None:
        runs = [run(1), run(100, state="failed"), run(200, state="failed"), run(150, state="unknown")]
        assert gone(runs, age_s=DAY, size=0) == ["run-200", "run-150"]

    def test_what_is_held_has_no_time_or_lies_in_the_future_stays(self) -> None:
        assert gone([run(1), run(300, held="it goes on"), run(None), run(-5)], age_s=DAY, size=0) == ["run-1"]

    def test_without_limits_nothing_goes(self) -> None:
        assert gone([run(1), run(9000)]) == []


kept_runs = st.lists(
    st.builds(
        run,
        days=st.one_of(st.none(), st.integers(-3, 400)),
        size=st.integers(0, 100),
        state=st.sampled_from(get_args(State)),
        experiment=st.sampled_from("abc"),
        held=st.sampled_from(["", "", "", "held"]),
    ),
    max_size=25,
    unique_by=lambda one: (one.experiment, one.name),
)


@given(kept_runs, st.one_of(st.none(), st.integers(0, 400)), st.one_of(st.none(), st.integers(0, 1000)))
def test_a_plan_keeps_what_must_stay_and_removes_no_more_than_it_must(
    runs: list[Kept], days: int | None, size: int | None
) -> None:
    limits = Limits(None if days is None else days * DAY, size)
    going = plan(runs, limits, NOW_NS)
    left = [one for one in runs if one not in going]
    assert all(not one.held and one.wall_ns is not None and one.wall_ns <= NOW_NS for one in going)
    assert [one.wall_ns for one in going] == sorted(one.wall_ns for one in going if one.wall_ns is not None)
    for name in {one.experiment for one in runs}:
        of_it = [one for one in runs if one.experiment == name]
        newest = max(of_it, key=lambda one: (one.wall_ns is None, one.wall_ns or 0))
        assert newest in left
        failed = [one for one in of_it if one.state == "failed"]
        assert not failed or any(one.state == "failed" for one in left if one.experiment == name)
    # each that went was too old, or the rest was too large without it
    total = sum(one.size for one in runs)
    for one in going:
        old = days is not None and NOW_NS - (one.wall_ns or 0) > days * DAY * S
        assert old or (size is not None and total > size)
        total -= one.size
    # and what stays, though it may go, neither is too old nor makes the rest too large
    assert plan(left, limits, NOW_NS) == []


class TestRemoving:
    @pytest.fixture
    def runs(self, tmp_path: Path) -> Path:
        make(tmp_path, *(Planned(24 * day, "failed" if day == 1 else "passed") for day in range(5)))
        return tmp_path

    def there(self, runs: Path) -> list[Kept]:
        return [removing.kept(one, leftovers.leaves_behind) for one in removing.there(runs)]

    def prune(self, runs: Path, now_ns: int) -> list[Kept]:
        going = plan(self.there(runs), Limits(DAY), now_ns)
        removing.remove(runs, going, now_ns)
        return going

    def test_what_was_removed_is_not_missing_in_the_trend(self, runs: Path) -> None:
        now_ns = max(one.wall_ns or 0 for one in self.there(runs)) + 3600 * S
        assert len(self.prune(runs, now_ns)) == 3  # neither the newest nor the one that failed
        found = find(runs)
        loaded = {name: [load(one) for one in below] for name, below in found.runs.items()}
        (known,) = assembled(found, loaded, DAY, now_ns, removed.read(runs)).experiments
        assert (known.missing, known.removed, len(known.runs)) == (0, 3, 2)
        assert course(known).endswith("; 3 older runs were removed")
        (unknown,) = assembled(found, loaded, DAY, now_ns).experiments
        assert unknown.missing > 0

    def test_a_run_that_left_something_behind_or_goes_on_stays(self, runs: Path) -> None:
        first = min((runs / EXPERIMENT).iterdir())
        (first / "undo.jsonl").write_text(
            msgspec.json.encode(
                {"type": "header", "file": "undo", "run": f"{EXPERIMENT}/{first.name}", "format": 1}
            ).decode()
            + '\n{"type":"undo","undo":1,"time_ns":1,"action":"uncordon","arguments":{"node":"n"}}\n'
        )
        assert next(one for one in self.there(runs) if one.name == first.name).held
        self.prune(runs, 1 << 62)
        assert first.exists()

    def test_what_is_no_run_of_ours_stays(self, runs: Path) -> None:
        first, second = sorted((runs / EXPERIMENT).iterdir())[:2]
        second.rename(second.with_name("20200101T000000Z"))  # somebody's copy: it was recorded under another name
        (runs / "notes").mkdir()
        link = runs / EXPERIMENT / "20190101T000000Z"
        link.symlink_to(first)
        self.prune(runs, 1 << 62)
        left = {path.name for path in (runs / EXPERIMENT).iterdir()}
        assert {"20200101T000000Z", link.name} <= left and (runs / "notes").exists()
        assert first.name not in left

    def test_where_it_cannot_be_noted_nothing_is_removed(self, runs: Path) -> None:
        (runs / removed.FILE).mkdir()
        with pytest.raises(OSError):
            removing.remove(runs, self.there(runs)[:1], NOW_NS)
        assert len(self.there(runs)) == 5

    def test_what_a_killed_check_left_of_a_run_goes_with_the_next(self, runs: Path) -> None:
        first = min((runs / EXPERIMENT).iterdir())
        first.rename(first.with_name(f".removing-{first.name}"))
        (runs / EXPERIMENT / ".removing-mine").mkdir()
        removing.sweep(runs)
        assert not first.with_name(f".removing-{first.name}").exists()
        assert (runs / EXPERIMENT / ".removing-mine").exists()

    def test_a_line_that_was_cut_off_costs_no_other(self, runs: Path) -> None:
        now_ns = max(one.wall_ns or 0 for one in self.there(runs)) + 3600 * S
        self.prune(runs, now_ns)
        with (runs / removed.FILE).open("ab") as file:
            file.write(b'{"experiment":"mongo-pod-del')
        removing.remove(runs, self.there(runs)[:1], NOW_NS)
        assert len(removed.read(runs)[EXPERIMENT]) == 4

    def test_a_run_that_is_there_again_does_not_count_as_removed(self, runs: Path) -> None:
        one = self.there(runs)[0]
        line = removed.Removed(one.experiment, one.name, one.wall_ns, one.state, one.size, NOW_NS)
        away = replace(one, name="20250101T000000Z")
        gone_ = removed.Removed(away.experiment, away.name, 1, "passed", 1, NOW_NS)
        (runs / removed.FILE).write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (line, gone_)))
        assert [each.run for each in removed.read(runs)[EXPERIMENT]] == [away.name]

    def test_size_is_that_of_the_files(self, runs: Path) -> None:
        first = min((runs / EXPERIMENT).iterdir())
        before = removing.size(first)
        (first / "more").write_bytes(os.urandom(1 << 20))
        assert removing.size(first) - before >= 1 << 20
