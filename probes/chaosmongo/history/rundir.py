"""Where the files of a run are: runs/<experiment>/<utc>/."""

from dataclasses import dataclass
from pathlib import Path


def experiment_name(source: str, title: str = "") -> str:
    """What the directory of an experiment's runs is called: as its file, else its title."""
    name = Path(source.split("?")[0]).stem or title
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-")[:60].lower() or "experiment"


@dataclass(frozen=True)
class RunDirectory:
    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run.json"

    @property
    def ops(self) -> Path:
        """What the workload records where it is one process."""
        return self.path / "ops.jsonl"

    def shard(self, number: int, shards: int) -> Path:
        """What one of the workload's processes records. `number` counts from 0."""
        return self.ops if shards == 1 else self.path / f"ops-{number}.jsonl"

    def ops_files(self) -> list[Path]:
        """What the workload's processes have recorded, as far as it is there, in the order of their numbers."""
        shards = [file for file in self.path.glob("ops-*.jsonl") if file.stem[4:].isdecimal()]
        return [file for file in [self.ops] if file.exists()] + sorted(shards, key=lambda file: int(file.stem[4:]))

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

    def shard_log(self, number: int, shards: int) -> Path:
        """Where one of the workload's processes tells what went wrong."""
        return self.workload_log if shards == 1 else self.path / f"workload-{number}.log"

    @property
    def workload_socket(self) -> Path:
        """Where the runner waits for those of the workload's processes that it has not started itself."""
        return self.path / "workload.sock"
