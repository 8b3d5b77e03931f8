"""Which acknowledged writes does a database lose when it is killed under load, and do we count them right?

Each trial ends a fresh database under 400 driver writes a second, starts it again, and compares what the durability
check says with an independent scan. Writes that are not journaled are the positive control: a check that finds no loss
there finds none anywhere. Beside every "0 lost" stands the probability of a loss that so many trials leave open (95 %).
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recoveryreport.statistics import bound_for_none

from benchmarks.harness import Row, extent, keep, median
from tests.conftest import Database
from tests.groundtruth.crash import Trial, trial

LOSES_AT_LEAST = 0.8


@dataclass(frozen=True)
class Setting:
    name: str
    write_concern: dict[str, Any]
    signal: str
    trials: int
    loses: bool
    options: tuple[str, ...] = ()

    def run(self) -> Trial:
        end = Database.kill if self.signal == "SIGKILL" else Database.stop
        with tempfile.TemporaryDirectory(prefix="crash-") as directory:
            return trial(Path(directory), self.write_concern, end, self.options)


SETTINGS = (
    Setting("w: 1", {"w": 1}, "SIGKILL", 20, True),
    Setting("j: true", {"w": 1, "j": True}, "SIGKILL", 60, False),
    Setting("w: 1, --sync-on-commit", {"w": 1}, "SIGKILL", 60, False, ("--sync-on-commit",)),
    Setting("w: 1", {"w": 1}, "SIGTERM", 20, False),
)


def run(quick: bool) -> list[Row]:
    rows: list[Row] = []
    kept: list[dict[str, object]] = []
    for setting in SETTINGS:
        trials = []
        for number in range(1 if quick else setting.trials):
            print(f"  {setting.name}, {setting.signal}: trial {number + 1}", file=sys.stderr, flush=True)
            trials.append(setting.run())
        kept += [{"setting": setting.name, "signal": setting.signal, **asdict(one)} for one in trials]
        rows += _control(setting, trials, quick) if setting.loses else [_none_lost(setting, trials)]
        rows.append(_agreement(setting, trials))
    keep("crash", kept)
    return rows


def _control(setting: Setting, trials: Sequence[Trial], quick: bool) -> list[Row]:
    losing = [one for one in trials if one.lost]
    share = len(losing) / len(trials)
    row = Row(
        f"trials with a loss, {setting.name}, {setting.signal}",
        f"{len(losing)}",
        f"{len(trials)} trials",
        f"{share:.2f}",
        len(trials),
        f"{extent([one.lost for one in losing], 'lost', 0)} of {extent([one.acknowledged for one in trials], '', 0)}"
        if losing
        else "",
        f"≥ {LOSES_AT_LEAST:.0%}",
        None if quick else share >= LOSES_AT_LEAST,
    )
    points = [one.recovery_point_ms for one in losing if one.recovery_point_ms is not None]
    shapes = sum(one.shape == "suffix" for one in losing)
    told = Row(f"losses that are a suffix, {setting.name}", f"{shapes}", f"{len(losing)} losses", n=len(losing))
    if not points:
        return [row, told]
    spread = extent(points, "ms", 0)
    return [row, told, Row("recovery point of a loss", f"{median(points):.0f} ms", n=len(points), spread=spread)]


def _none_lost(setting: Setting, trials: Sequence[Trial]) -> Row:
    lost = sum(one.lost for one in trials)
    told = f"loss in < {bound_for_none(len(trials)):.1%} of kills" if not lost else ""
    return Row(
        f"acknowledged writes lost, {setting.name}, {setting.signal}",
        f"{lost}",
        f"{sum(one.acknowledged for one in trials):,} acknowledged",
        "",
        len(trials),
        told,
        "0",
        lost == 0,
    )


def _agreement(setting: Setting, trials: Sequence[Trial]) -> Row:
    """Wrong: anything else that the check claims to have found."""
    agreeing = sum(one.lost == one.independently_lost and not one.wrong for one in trials)
    what = f"count as an independent scan, {setting.name}, {setting.signal}"
    return Row(what, f"{agreeing}", f"{len(trials)} trials", "", len(trials), "", "every time", agreeing == len(trials))
