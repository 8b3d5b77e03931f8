"""The control that records, where it cannot: Chaos Toolkit must not call a run completed that has no verdict."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaosmongo import run
from chaosmongo.controls import record
from chaosmongo.history import read
from chaosmongo.run import Recording

from tests.conftest import Database


@pytest.fixture
def recording(database: Database, tmp_path: Path) -> Iterator[Recording]:
    yield run.open_run("x", {"title": "x"}, {"namespace": "", "mongo_uri": database.uri, "runs": str(tmp_path)})
    run.forget()


@pytest.mark.parametrize("file", ["faults", "undo", "readback"])
def test_a_run_whose_record_cannot_be_written_to_its_end_is_not_completed(
    recording: Recording, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, getattr(recording, file)._fd)
    os.close(full)
    journal: dict[str, Any] = {"status": "completed", "deviated": False}
    record.after_experiment_control({}, state=journal)
    assert journal["status"] == "failed"
    said = " ".join(caplog.messages)
    if file == "faults":
        assert "No space left on device" in said
    if file == "undo":
        assert f"chaos recovery undo {recording.directory.path}" in said
    if file != "undo":
        assert f"{file}.jsonl" in read(recording.directory.path).unclosed
