"""Is every planted finding found, with exactly what was planted, and is nothing found where nothing was planted?

Records are made up with everything that real ones have (see tests/probes/checks/recorded.py), written by the real
writers, spoilt in one way, read and judged. Of each kind of finding and of clean records so many; all must be right.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from chaosmongo.checks import judge
from chaosmongo.history import read
from recoveryreport.statistics import bound_for_none

from benchmarks.harness import Row, keep
from tests.probes.checks.planting import KINDS, plant, problem
from tests.probes.checks.recorded import Recorded, made

PLANTED, CLEAN = 50, 1000


def run(quick: bool) -> list[Row]:
    planted, clean = (3, 20) if quick else (PLANTED, CLEAN)
    tries = [*_planted(planted), *_clean(clean)]
    keep("planted", tries)
    rows = [_row(f"planted: {kind}", [t for t in tries if t["kind"] == kind], "found exactly") for kind in KINDS]
    return [*rows, _row("clean records", [t for t in tries if t["kind"] == "clean"], "without a finding")]


def _row(what: str, tries: list[dict[str, object]], right: str) -> Row:
    wrong = [f"seed {one['seed']}: {one['problem']}" for one in tries if one["problem"]]
    value = f"{len(tries) - len(wrong)} of {len(tries)} {right}"
    spread = wrong[0] if wrong else f"wrong in less than {bound_for_none(len(tries)):.1%} (95 %)"
    return Row(what, value, n=len(tries), spread=spread, wanted="all", met=not wrong)


def _planted(count: int) -> Iterator[dict[str, object]]:
    for kind in KINDS:
        for seed in range(count):
            one = plant(kind, seed)
            told = _in_a_directory(lambda path, one=one: problem(one, judge(read(one.write(path)))))  # type: ignore[misc]
            yield {"kind": kind, "seed": seed, "planted": sorted(one.keys) or one.file, "problem": told}


def _clean(count: int) -> Iterator[dict[str, object]]:
    for seed in range(10_000, 10_000 + count):
        record = made(seed)
        yield {
            "kind": "clean",
            "seed": seed,
            "problem": _in_a_directory(lambda path, it=record: _false_alarm(it, path)),
        }  # type: ignore[misc]


def _false_alarm(record: Recorded, path: Path) -> str:
    verdict = judge(read(record.write(path)))
    return "" if verdict.verdict == "passed" else verdict.sentence


def _in_a_directory(told: Callable[[Path], str]) -> str:
    with tempfile.TemporaryDirectory(prefix="chaos-planted-") as name:
        return told(Path(name))
