"""A command in a record is run only where the same user has recorded it."""

from pathlib import Path

import pytest
from chaosmongo.undo.seal import is_ours, seal

WORDS = ["kubelab", "node", "start", "node-1"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_what_was_sealed_is_ours() -> None:
    assert is_ours("run/1", WORDS, seal("run/1", WORDS))


@pytest.mark.parametrize(
    ("run", "words"),
    [("run/2", WORDS), ("run/1", [*WORDS, "x"]), ("run/1", ["kubelab node", *WORDS[2:]]), ("run/1", [])],
)
def test_what_is_not_the_same_command_of_the_same_run_is_not(run: str, words: list[str]) -> None:
    assert not is_ours(run, words, seal("run/1", WORDS))


def test_nothing_is_ours_without_a_seal_or_without_a_key(home: Path) -> None:
    sealed = seal("run/1", WORDS)
    assert not is_ours("run/1", WORDS, "")
    (home / "chaosmongo" / "undo-key").unlink()
    assert not is_ours("run/1", WORDS, sealed)


def test_another_user_has_another_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal("run/1", WORDS)
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "another"))
    assert seal("run/1", WORDS) != sealed
    assert not is_ours("run/1", WORDS, sealed)


def test_the_key_is_its_users_alone(home: Path) -> None:
    seal("run/1", WORDS)
    assert (home / "chaosmongo" / "undo-key").stat().st_mode & 0o077 == 0


def test_where_there_is_no_place_for_a_key_nothing_can_be_sealed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert seal("run/1", WORDS) == ""
    assert not is_ours("run/1", WORDS, "")
