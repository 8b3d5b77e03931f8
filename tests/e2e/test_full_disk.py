"""The disk of the record is full in the middle of a run: said, never passed, and nothing stays in the database.

A file system of our own in a namespace of our own (unshare), which needs no root where the kernel lets users have one.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
import yaml

from tests.conftest import Database
from tests.e2e.commands import run

pytestmark = pytest.mark.e2e

OURS = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
SPACE_KB = 48
"""Enough for a run to begin; its load fills it within a second."""

SCRIPT = f"""
mount -t tmpfs -o size={SPACE_KB}k none runs
chaos --no-version-check run full.yaml; echo "chaos run: $?"
mount -o remount,size=10m runs
chaos --no-version-check recovery verdict > verdict; echo "verdict: $?"
chaos --no-version-check recovery undo; echo "undo: $?"
chaos --no-version-check recovery undo
"""

ROOM_MB = 260
"""A check begins no run where there are less than 256 MiB."""

SCHEDULED = f"""
mount -t tmpfs -o size={ROOM_MB}m none runs
(until test -s runs/full/*/ops.jsonl; do sleep 0.1; done; exec cat /dev/zero > runs/ballast) &
chaos --no-version-check recovery check full.yaml; echo "in the middle: $?"
wait
chaos --no-version-check recovery check full.yaml; echo "full: $?"
rm runs/ballast
chaos --no-version-check recovery trend; echo "free again: $?"
"""


def activity(function: str, **arguments: object) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaosmongo.actions", "func": function, "arguments": arguments}
    return {"name": function, "type": "action", "provider": provider}


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Path]:
    """With an experiment in it; afterwards nothing is left in the database."""
    if subprocess.run([*OURS, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode != 0:
        pytest.skip("users may not have file systems of their own here (unshare)")
    load = activity("start_workload", rate=400) | {"pauses": {"after": 2}}
    experiment = {
        "title": "full",
        "description": "full",
        "configuration": {"namespace": "", "mongo_uri": database.uri},
        "runtime": {"rollbacks": {"strategy": "always"}},
        "controls": [{"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}}],
        "method": [activity("seed_high_scores", count=10), load, activity("stop_workload"), activity("read_back")],
        "rollbacks": [activity("stop_workload"), activity("remove_scores")],
    }
    (tmp_path / "full.yaml").write_text(yaml.safe_dump(experiment))
    (tmp_path / "runs").mkdir()
    yield tmp_path
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(database.uri)
    with client:
        left = [client["pacman"][name].count_documents({}) for name in ("highscore", "chaos_runs")]
    assert left == [0, 0]


def test_a_full_disk(database: Database, place: Path) -> None:
    ended = run([*OURS, SCRIPT], place, MONGO_URI=database.uri)
    assert "No space left on device" in ended.output
    assert "Traceback" not in ended.output
    assert "chaos run: 1" in ended.output
    assert "verdict: 2" in ended.output
    assert "undo: 0" in ended.output
    assert "Nothing is left behind" in ended.output


def test_a_full_disk_under_a_scheduled_check(database: Database, place: Path) -> None:
    """It is full in the middle of one, and before the next; when it is free again, the pages tell of the one."""
    ended = run([*OURS, SCHEDULED], place, MONGO_URI=database.uri)
    assert "Traceback" not in ended.output
    for line in ("in the middle: 2", "full: 2", "free again: 2"):
        assert line in ended.output.splitlines()
    assert "have older runs removed with --keep" in ended.output
    assert "1 run" in ended.output
    assert "? full" in ended.output
