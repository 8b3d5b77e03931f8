"""Where the files of a run are: runs/<experiment>/<utc>/."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunDirectory:
    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run.json"

    @property
    def ops(self) -> Path:
        return self.path / "ops.jsonl"

    @property
    def cluster(self) -> Path:
        return self.path / "cluster.jsonl"

    @property
    def faults(self) -> Path:
        return self.path / "faults.jsonl"

    @property
    def undo(self) -> Path:
        return self.path / "undo.jsonl"

    @property
    def readback(self) -> Path:
        return self.path / "readback.jsonl"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def workload_log(self) -> Path:
        return self.path / "workload.log"
