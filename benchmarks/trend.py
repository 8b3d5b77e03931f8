"""How long does a trend of a thousand runs take, and how much memory?

The runs are made here, as a check every six hours leaves them: half of one experiment, the others of ten; one in
a hundred each failed, unknown, never recovered, damaged and killed, and one real shift. `chaos recovery trend` is the
real command in a process of its own, from its start to its end. The reference decodes run.json and verdict.json of the
same runs with msgspec and keeps nothing: no reader of this format can be faster.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from chaosmongo.history.records import Run
from chaosmongo.history.results import Verdict

from benchmarks.harness import Row, extent, keep, median
from tests.reports.scheduled_runs import BEGIN, LANES, Planned, make

RUNS, EVERY_H = 1000, 6.0
WITHIN_S = 10
OTHERS = 10


def run(quick: bool) -> list[Row]:
    number, repeats = (60, 1) if quick else (RUNS, 5)
    with tempfile.TemporaryDirectory(prefix="chaos-trend-") as name:
        root = Path(name)
        _record(root, number)
        trends = [_trend(root) for _ in range(repeats)]
        bare = [_decode(root) for _ in range(repeats)]
    keep("trend", [*trends, *({"decode_s": took} for took in bare)])
    took = [one["seconds"] for one in trends]
    return [
        Row(
            f"{number:,} runs of {OTHERS + 1} experiments, drawn over time",
            f"{median(took):.2f} s",
            f"msgspec decode loop {median(bare):.2f} s",
            f"{median(took) / median(bare):.0f}",
            repeats,
            extent(took, "s"),
            f"at most {WITHIN_S} s",
            max(took) <= WITHIN_S,
        ),
        Row(
            "the same: peak resident set, less the processes that draw",
            f"{max(one['peak_mib'] for one in trends):.0f} MiB",
            n=repeats,
        ),
        Row("the same: index.html and trend.html", f"{max(one['pages_mib'] for one in trends):.1f} MiB", n=repeats),
    ]


def _record(root: Path, number: int) -> None:
    chance = random.Random(1)
    now_h = (time.time() - BEGIN.timestamp()) / 3600
    names = ["mongo-pod-delete"] * OTHERS + [f"experiment-{other:02}" for other in range(OTHERS)]
    made = dict.fromkeys(names, 0)
    for place in range(number):
        name = names[place % len(names)]
        total = number // 2 if name == names[0] else number // len(names)
        plan = _planned(made[name], now_h - (total - made[name]) * EVERY_H, place, chance)
        made[name] += 1
        (directory,) = make(root, plan, experiment=name)
        if place % 100 == 50:
            (directory / "verdict.json").write_bytes(b"{")


def _planned(turn: int, hours: float, place: int, chance: random.Random) -> Planned:
    level = 2.0 if turn < 250 else 2.6
    times: dict[str, float | None] = {lane: level + 0.4 * n + chance.gauss(0, 0.2) for n, lane in enumerate(LANES)}
    kind = place % 100
    if kind == 40:
        times["user"] = None
    answer = {10: "failed", 20: "unknown", 30: None, 40: "failed"}.get(kind, "passed")
    return Planned(hours, answer, times, lost=3 * (kind == 10))  # type: ignore[arg-type]


def _trend(root: Path) -> dict[str, float]:
    """What the command took, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "chaostoolkit",
        "--no-version-check",
        "--no-log-file",
        "recovery",
        "trend",
        str(root),
    ]
    (root / "index.html").unlink(missing_ok=True)  # the last that is written: where it is not, the command broke
    begin = time.monotonic()
    process = subprocess.Popen([*command, "--every", f"{EVERY_H:g}h"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2) or not (root / "index.html").exists():
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    pages = sum((root / page).stat().st_size for page in ("index.html", "trend.html"))
    return {"seconds": seconds, "peak_mib": used.ru_maxrss / 1024, "pages_mib": pages / 2**20}


def _decode(root: Path) -> float:
    begin = time.monotonic()
    for file, kind in (("run.json", Run), ("verdict.json", Verdict)):
        decoder = msgspec.json.Decoder(kind)
        for path in root.glob(f"*/*/{file}"):
            try:
                decoder.decode(path.read_bytes())
            except msgspec.DecodeError:
                continue
    return time.monotonic() - begin
