"""metrics.prom of several runs as one: what a scraper asks for at one address."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from recoveryreport.trend.finding import runs_below

from . import openmetrics

FILE = "metrics.prom"
END = "# EOF"


def newest(root: Path) -> bytes:
    """The metrics of each experiment's newest run below `root`; no sample where there is no run.

    A run without metrics was killed, or still goes on: its experiment is unknown, never what an older run was.
    """
    return merged(_of(directories[-1]) for directories in runs_below(root).values())


def merged(files: Iterable[bytes]) -> bytes:
    """As OpenMetrics wants it: all samples of a metric together, below what is said of it once."""
    metrics: dict[str, list[str]] = {}
    said: dict[str, list[str]] = {}
    for file in files:
        for name, about, samples in _metrics(file):
            said.setdefault(name, about)
            metrics.setdefault(name, []).extend(samples)
    lines = [line for name, samples in metrics.items() for line in (*said[name], *samples)]
    return "".join(f"{line}\n" for line in [*lines, END]).encode()


def _of(directory: Path) -> bytes:
    try:
        return (directory / FILE).read_bytes()
    except FileNotFoundError:
        return openmetrics.unjudged(directory.parent.name)


def _metrics(file: bytes) -> Iterator[tuple[str, list[str], list[str]]]:
    """Of each metric its name, what is said of it, and its samples."""
    name, about, samples = "", list[str](), list[str]()
    for line in file.decode(errors="replace").split("\n"):
        if line.startswith("# HELP "):
            if name:
                yield name, about, samples
            name, about, samples = line.split(" ")[2], [line], []
        elif line.startswith("# ") and line != END:
            about.append(line)
        elif line and line != END:
            samples.append(line)
    if name:
        yield name, about, samples
