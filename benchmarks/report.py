"""How long does it take to draw the report of a long run, how much memory, and how large is the page?

The records are those of `record`: an hour of the default load, a million operations; once back after five seconds, once
never, so that every operation is in sight. Each is read, judged and drawn in a process of its own, which tells its
times and its largest resident set: three figures as PNG, as SVG in two themes and as pages of the PDF, the page itself,
and all its files. The reference is bare matplotlib: the same arrays in one figure, a scatter of every operation for
each lane and outcome, saved as PNG and as SVG (rasterized: nobody could open it otherwise).
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chaosmongo.history import History, RunDirectory

from benchmarks import record
from benchmarks.harness import Row, extent, keep, median

WITHIN_S, WITHIN_MIB, WITHIN_MB = 10, 1024, 3
NEVER_NS = 10**18
ARRAYS = "arrays.npz"


def run(quick: bool) -> list[Row]:
    count, repeats = (20_000, 1) if quick else (record.OPERATIONS, 5)
    rows = []
    for name, what, outage_ns in (("back", "back after 5 s", record.OUTAGE_NS), ("never", "never back", NEVER_NS)):
        with tempfile.TemporaryDirectory(prefix="chaos-report-") as place:
            directory = RunDirectory(Path(place))
            record.make(directory, count, outage_ns)
            drawn = [_measured("draw", directory.path) for _ in range(repeats)]
            bare = [_measured("bare", directory.path) for _ in range(repeats)]
        keep(f"report-{name}", [{"what": "draw", **one} for one in drawn] + [{"what": "bare", **one} for one in bare])
        rows += _rows(f"{count:,} operations, {what}", drawn, bare)
    return rows


def _rows(what: str, drawn: list[dict[str, float]], bare: list[dict[str, float]]) -> list[Row]:
    took, reference = [one["draw_s"] for one in drawn], median([one["draw_s"] for one in bare])
    whole = [one["read_s"] + one["draw_s"] for one in drawn]
    peaks, sizes = [one["peak_mib"] for one in drawn], [one["page_mb"] for one in drawn]
    n = len(drawn)
    return [
        Row(
            f"{what}: report drawn",
            f"{median(took):.2f} s",
            f"bare matplotlib, one figure {reference:.2f} s",
            f"{median(took) / reference:.1f}",
            n,
            extent(took, "s"),
            f"at most {WITHIN_S} s",
            max(took) <= WITHIN_S,
        ),
        Row(f"{what}: read, judged and drawn", f"{median(whole):.2f} s", n=n, spread=extent(whole, "s")),
        Row(
            f"{what}: peak resident set",
            f"{median(peaks):.0f} MiB",
            f"bare {median([one['peak_mib'] for one in bare]):.0f} MiB",
            n=n,
            spread=extent(peaks, "MiB", 0),
            wanted=f"at most {WITHIN_MIB} MiB",
            met=max(peaks) <= WITHIN_MIB,
        ),
        Row(
            f"{what}: report.html",
            f"{max(sizes):.2f} MB",
            n=n,
            wanted=f"at most {WITHIN_MB} MB",
            met=max(sizes) <= WITHIN_MB,
        ),
    ]


def _measured(what: str, path: Path) -> dict[str, float]:
    """What a fresh process says of itself."""
    command = [sys.executable, "-m", "benchmarks.report", what, str(path)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def _draw(path: Path) -> dict[str, float]:
    from chaosmongo.checks import judge
    from chaosmongo.history import read

    began = time.monotonic()
    history = read(path)
    verdict = judge(history)
    read_s = time.monotonic() - began
    began = time.monotonic()
    from recoveryreport import report  # loading matplotlib is part of it

    page = report.draw(history, verdict, path)
    told = {"read_s": read_s, "draw_s": time.monotonic() - began, "page_mb": page.stat().st_size / 1e6, **_peak()}
    _keep_arrays(path, history)
    return told


def _keep_arrays(path: Path, history: History) -> None:
    import numpy as np
    from recoveryreport.series import lane_series

    arrays = {
        f"{lane}.{name}": getattr(series, name)
        for lane, series in lane_series(history).items()
        for name in ("due_s", "latency_s", "outcome")
    }
    np.savez(path / ARRAYS, **arrays)


def _bare(path: Path) -> dict[str, float]:
    import numpy as np

    with np.load(path / ARRAYS) as kept:
        arrays = dict(kept)
    began = time.monotonic()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), dpi=160)
    FigureCanvasAgg(figure)
    lanes = sorted({name.partition(".")[0] for name in arrays})
    for lane, axes in zip(lanes, figure.subplots(len(lanes), sharex=True), strict=True):
        axes.set_yscale("log")
        for code in range(3):
            chosen = arrays[f"{lane}.outcome"] == code
            axes.scatter(arrays[f"{lane}.due_s"][chosen], arrays[f"{lane}.latency_s"][chosen], s=3, rasterized=True)
    for kind in ("png", "svg"):
        figure.savefig(path / f"bare.{kind}", dpi=160)
    return {"draw_s": time.monotonic() - began, **_peak()}


def _peak() -> dict[str, float]:
    return {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


MEASURED: dict[str, Callable[[Path], dict[str, float]]] = {"draw": _draw, "bare": _bare}

if __name__ == "__main__":
    print(json.dumps(MEASURED[sys.argv[1]](Path(sys.argv[2]))))
