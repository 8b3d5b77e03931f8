"""Bad input: one clear message, what to do, and no traceback. No lab is started here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KUBELAB = Path(sys.executable).with_name("kubelab")
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"


def kubelab(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(KUBELAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=cwd)


def refusal(*arguments: str | Path, cwd: Path | None = None) -> str:
    """The one message of a command that fails."""
    result = kubelab(*arguments, cwd=cwd)
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    return result.stderr


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    assert "'up', 'down', 'status', 'kubeconfig', 'node', 'control-plane', 'exec', 'controllers', 'proxy'" in refusal(
        "start"
    )
    assert "'crash', 'stop', 'start', 'run'" in refusal("node", "explode")


@pytest.mark.parametrize("command", ["status", "kubeconfig"])
def test_without_a_lab_the_answer_says_how_to_start_one(command: str, tmp_path: Path) -> None:
    assert "start one with `kubelab up`" in refusal(command, "--state", tmp_path / "none")


def test_ending_what_does_not_run_is_no_failure(tmp_path: Path) -> None:
    assert kubelab("down", "--state", tmp_path / "none").returncode == 0


def test_a_directory_with_other_things_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert "holds files that are no lab's" in refusal("up", "--state", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal("up", "--state", tmp_path / "file" / "below")
    assert "cannot use the state directory" in message
    assert "--state" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file or folder"),
        ("a: [b", "is no YAML"),
        ("just text", "no Kubernetes object"),
        ("kind: Pod", "no Kubernetes object"),
        ("\x00", "is no YAML"),
    ],
)
def test_a_broken_manifest_is_named_before_anything_is_started(
    content: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "demo.yaml"
    if content is not None:
        file.write_text(content)
    text = refusal("up", "--state", tmp_path / "state", "--apply", file)
    assert message in text
    assert str(file) in text
    assert not (tmp_path / "state").exists()


def test_a_folder_without_manifests_is_named(tmp_path: Path) -> None:
    assert "holds no manifest" in refusal("exec", "--apply", tmp_path, "--", "true")


def test_exec_wants_a_command_that_exists(tmp_path: Path) -> None:
    assert "what shall be run?" in refusal("exec", cwd=tmp_path)
    assert "no such program" in refusal("exec", "--", "no-such-program", cwd=tmp_path)


@pytest.mark.parametrize("count", ["0", "-1", "many", "1000"])
def test_the_number_of_nodes_is_limited(count: str) -> None:
    assert "no number of nodes" in refusal("up", f"--nodes={count}")


def test_an_audit_log_that_cannot_be_written_is_named_before_anything_is_started(tmp_path: Path) -> None:
    log, state = tmp_path / "none" / "audit.jsonl", tmp_path / "state"
    assert refusal("up", "--state", state, "--audit-log", log) == (
        f"kubelab: cannot write the audit log {log}: No such file or directory; give another file\n"
    )
    assert not state.exists()


def test_a_state_directory_in_use_is_not_taken(tmp_path: Path) -> None:
    from kubelab.state import State

    state = State(tmp_path / "state")
    state.prepare()
    descriptor = state.lock()
    try:
        assert "a lab runs, starts or ends in" in refusal("up", "--state", state.directory)
    finally:
        os.close(descriptor)


def test_a_grace_period_that_is_no_time_is_named() -> None:
    assert "soon is no number of seconds (at least 1)" in refusal("up", "--node-monitor-grace-period", "soon")
