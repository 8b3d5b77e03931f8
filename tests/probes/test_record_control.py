"""The control that records: what it keeps of an experiment, and what it does where it cannot record. Chaos Toolkit must
not call a run completed that has no verdict.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from chaoslib.exceptions import InterruptExecution
from chaosmongo import run
from chaosmongo.controls import record
from chaosmongo.errors import OutsideWindow
from chaosmongo.history import read, read_verdict
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


def test_what_an_activity_says_is_noted_without_what_chaos_toolkit_puts_before_it(recording: Recording) -> None:
    trace = [
        "Traceback\n",
        "chaoslib.exceptions.ActivityFailed: chaoslib.exceptions.ActivityFailed: There is no pod x\n",
    ]
    record.after_activity_control({"name": "a", "type": "action"}, state={"status": "failed", "exception": trace})
    (note,) = [note for note in read(recording.directory.path).course if note.what == "activity"]
    assert note.detail["error"] == "There is no pod x"


def test_a_sigterm_changes_nothing_while_a_run_is_ended(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "stop_workload", lambda: signal.raise_signal(signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        record.after_experiment_control({}, state={"status": "completed", "deviated": False})
        assert signal.getsignal(signal.SIGTERM) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert read_verdict(recording.directory.path) is not None


class TestAWindow:
    @staticmethod
    def closed() -> str:
        """One that is not open now, nor will be soon."""
        return f"{datetime.now(UTC) + timedelta(days=2):%a} 00:00-24:00"

    def test_that_is_closed_keeps_a_run_from_beginning(self, tmp_path: Path) -> None:
        configuration = {"namespace": "", "mongo_uri": "mongodb://127.0.0.1:1", "runs": str(tmp_path / "runs")}
        with pytest.raises(OutsideWindow, match=r"No fault may be made now: it is outside of .* which opens next on"):
            run.open_run("x", EXPERIMENT, configuration | {"window": self.closed()})
        assert not (tmp_path / "runs").exists()

    def test_that_has_closed_meanwhile_keeps_a_fault_from_being_made(self, recording: Recording) -> None:
        recording.config = replace(recording.config, window=self.closed())
        with pytest.raises(OutsideWindow), recording.fault("delete_pod", [], "replaced", {}):
            pytest.fail("it was made")
        recording.close()
        assert read(recording.directory.path).faults == []


class TestASettingThatChaosToolkitIgnores:
    def opened(self, declared: dict[str, Any], **var: str) -> None:
        with click.Context(click.Command("run")) as context:
            context.params = {"source": "x.yaml", "var": var, "var_file": ()}
            record.before_experiment_control(
                {"title": "x", "configuration": declared}, {"mongo_uri": "", "namespace": ""}
            )

    def test_is_refused_with_the_line_that_declares_it(self) -> None:
        with pytest.raises(InterruptExecution) as refusal:
            self.opened({"namespace": "pacman"}, window="Mon 09:00-10:00")
        assert 'window: {type: env, key: CHAOSMONGO_WINDOW, default: ""}' in str(refusal.value)

    def test_is_none_where_it_is_declared_or_not_ours(self) -> None:
        with pytest.raises(InterruptExecution, match="mongo_uri must say where MongoDB is"):
            self.opened({"window": {"type": "env", "key": "X", "default": ""}}, window="Mon 09:00-10:00", theirs="x")
