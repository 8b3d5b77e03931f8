"""A SIGTERM ends an experiment in order, wherever it comes."""

import json
from pathlib import Path

import pytest
import yaml
from chaosmongo.history import read_verdict

from tests.conftest import Database
from tests.e2e import commands


def experiment(directory: Path, function: str) -> Path:
    signalled = {"type": "python", "module": "tests.probes.signalled", "func": function}
    touch = {"type": "process", "path": "touch"}
    content = {
        "title": function,
        "description": function,
        "configuration": {"namespace": "", "mongo_uri": {"type": "env", "key": "MONGO_URI"}, "runs": "runs"},
        "runtime": {"rollbacks": {"strategy": "always"}},
        "controls": [{"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}}],
        "method": [
            {"name": "meet it", "type": "action", "provider": signalled},
            {"name": "go on", "type": "action", "provider": touch | {"arguments": "gone-on"}},
        ],
        "rollbacks": [{"name": "roll back", "type": "action", "provider": touch | {"arguments": "rolled-back"}}],
    }
    file = directory / "experiment.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.mark.parametrize("function", ["in_a_log_line", "where_every_exception_is_caught"])
def test_interrupts_also_where_every_exception_is_caught(database: Database, tmp_path: Path, function: str) -> None:
    file = experiment(tmp_path, function)
    command = ["chaos", "--no-version-check", "run", str(file)]
    ended = commands.run(command, tmp_path, MONGO_URI=database.uri, PYTHONPATH=str(commands.ROOT))
    assert ended.status != 0
    assert not (tmp_path / "gone-on").exists(), ended.output
    assert (tmp_path / "rolled-back").exists(), ended.output
    assert json.loads((tmp_path / "journal.json").read_text())["status"] == "interrupted"
    verdict = read_verdict(commands.run_directory(tmp_path, "experiment"))
    assert verdict is not None
    assert verdict.verdict == "unknown"
