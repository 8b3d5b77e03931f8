"""The control that records: what it keeps of an experiment, and what it does where it cannot record. Chaos Toolkit must
not call a run completed that has no verdict.
"""

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

EXPERIMENT = {"title": "x", "method": [{"name": "a", "provider": {"arguments": {"password": "hunter2"}}}]}


@pytest.fixture
def recording(database: Database, tmp_path: Path) -> Iterator[Recording]:
    yield run.open_run("x", EXPERIMENT, {"namespace": "", "mongo_uri": database.uri, "runs": str(tmp_path)})
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


def test_the_text_and_the_journal_of_the_experiment_are_on_record_without_secrets(recording: Recording) -> None:
    activity = {"name": "a", "type": "action"}
    record.after_activity_control(activity, state={"status": "succeeded", "duration": 0.5, "output": "hunter2"})
    trace = ["Traceback\n", "Refused: mongodb://me:hunter2@host\n"]
    record.after_activity_control(activity, state={"status": "failed", "duration": 0.25, "exception": trace})
    history = read(recording.directory.path)
    done = {"name": "a", "type": "action"}
    assert [(note.what, note.detail) for note in history.course if note.what in ("done", "activity")] == [
        ("done", done | {"status": "succeeded", "duration_s": 0.5}),
        ("activity", done | {"status": "failed", "duration_s": 0.25, "error": "Refused: mongodb://[redacted]@host"}),
    ]
    assert history.run.experiment["method"][0]["provider"] == {"arguments": {"password": "[redacted]"}}
    files = [file.read_text() for file in recording.directory.path.iterdir()]
    assert not [text for text in files if "hunter2" in text]
