"""What is read as an experiment, with its lines; and that a hostile text is refused with one message, soon."""

import json
import os
import time
from pathlib import Path

import pytest
from chaosmongo.lint import Unreadable, lint, lint_file
from chaosmongo.lint.reading import MOST_BYTES, read

from .writing import experiment

BOMB = "a: &a0 [1, 1]\n" + "".join(f"b{i}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9))
MERGES = "a: &a {" + ", ".join(f"k{i}: 1" for i in range(500)) + "}\nb: [" + ", ".join(["{<<: *a}"] * 500) + "]"


class TestLines:
    def test_are_those_of_keys_and_values(self) -> None:
        root = read("title: a\n\nmethod:\n  - name: b\n    provider: {type: python}\n").root
        (step,) = root.get("method").items
        assert (root.line_of("method"), step.line, step.line_of("provider")) == (3, 4, 5)

    def test_of_json_too(self) -> None:
        text = json.dumps({"title": "\U0001f600 a", "method": [{"name": "b", "n": 1e5, "t": True}]}, indent="\t")
        root = read(text, is_json=True).root
        (step,) = root.get("method").items
        assert root.text("title") == "\U0001f600 a"
        assert (step.line, step.line_of("n"), step.get("n").value, step.get("t").value) == (4, 6, 1e5, True)

    def test_of_what_an_alias_repeats_are_where_it_stands(self) -> None:
        root = read("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n").root
        assert root.get("b", "x").line == root.get("c", "x").line == 1
        assert root.get("c").line_of("y") == 5

    def test_a_merge_does_not_replace_what_is_there(self) -> None:
        document = read("a: &a {x: 1}\nc: {x: 2, <<: *a}\n")
        assert document.root.get("c", "x").value == 2
        assert not document.twice


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("# nothing\n", "it is empty"),
        ("just words", "it is a string"),
        ("- a\n- b", "it is a list"),
        ("a: 1\n---\nb: 2", "line 2: it holds several documents"),
        ("a: [1", "line 1: it is no YAML"),
        ("a: b: c", "line 1: it is no YAML"),
        ("\ta: b", "line 1: it is no YAML"),
        ("a: 2026-13-45", "line 1: it is no YAML: month must be"),
        ("a: !!python/object:os.system {}", "line 1: Chaos Toolkit does not load"),
        ("a: !mine b", "line 1: it is no YAML: could not determine a constructor"),
        ("? [a]\n: b", "line 1: Chaos Toolkit does not load a key that is no text"),
        ("a: \x00", "it holds the character #x00"),
        ("a: &a [*a]", "line 1: it holds itself"),
        ("a: &a {b: *a}", "line 1: it holds itself"),
        ("[" * 20_000, "it is nested more than"),
        ("- " * 20_000, "it is nested more than"),
        ("{a: " * 1_000, "it is nested more than"),
        ("a: " + "[" * 50 + "&a x" + "]" * 50 + "\nb: *a\nc: [" + "1, " * 12_000 + "]", "it holds more than"),
        (BOMB, "it holds more than"),
        (MERGES, "it holds more than"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_is_no_experiment_is_refused_soon_with_one_message(text: str, why: str) -> None:
    begin = time.monotonic()
    with pytest.raises(Unreadable) as refusal:
        lint(text)
    assert time.monotonic() - begin < 5
    message = str(refusal.value)
    assert message.startswith(why)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{\n"a": }', "line 2: it is no JSON"),
        ("a: b", "line 1: it is no JSON"),
        ("", "line 1: it is no JSON"),
        ("[" * 100_000, "it is nested more than"),
        ("[" * 100 + "]" * 100, "it is nested more than"),
        ('{"a": ' + "9" * 5000 + "}", "it is no JSON"),
        ('{"a"\n: 1}', "its lines cannot be told"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_no_json_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text, is_json=True)
    assert str(refusal.value).startswith(why)


def test_a_key_that_stands_twice_in_json() -> None:
    document = read('{\n\t"a": 1,\n\t"b\\/": "\\u0000",\n\t"a": 2\n}', is_json=True)
    assert [(one.key, one.line, one.first) for one in document.twice] == [("a", 4, 2)]
    assert document.root.text("b/") == "\0"


@pytest.mark.parametrize(
    "parts",
    [
        {"description": "'" + "${-" * 80_000 + "'"},
        {"description": "'" + "a" * 200_000 + "://" * 10_000 + "'"},
        {"title": "'" + "$a " * 30_000 + "'"},
        {"configuration": "{" + ", ".join(f"a{i}: 1" for i in range(500)) + "}"},
        {"method": "[" + ", ".join(f'{{pauses: {{before: "${{x{i}}}"}}}}' for i in range(600)) + "]"},
    ],
    ids=["braces", "addresses", "dollars", "settings", "variables"],
)
def test_a_text_made_to_take_long_does_not(parts: dict[str, str]) -> None:
    begin = time.monotonic()
    lint(experiment(**parts))
    assert time.monotonic() - begin < 5


class TestFile:
    def refused(self, file: Path) -> str:
        with pytest.raises(Unreadable) as refusal:
            lint_file(file)
        return str(refusal.value)

    def test_must_be_there(self, tmp_path: Path) -> None:
        assert self.refused(tmp_path / "none.yaml") == "it cannot be read: No such file or directory"

    def test_must_be_a_file(self, tmp_path: Path) -> None:
        directory, pipe = tmp_path / "a.yaml", tmp_path / "b.yaml"
        directory.mkdir()
        os.mkfifo(pipe)
        assert self.refused(directory) == self.refused(pipe) == "it is no file: name an experiment's file"

    def test_must_have_a_suffix_that_chaos_toolkit_takes(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text(experiment())
        assert ".yaml, .yml, .json" in self.refused(tmp_path / "a.txt")

    def test_must_not_be_huge(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("#" * (MOST_BYTES + 1))
        assert "larger than 256 KiB" in self.refused(tmp_path / "a.yaml")

    def test_must_be_text(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_bytes(b"\x7fELF\xff\xfe\x00")
        assert "no UTF-8 text (byte 4)" in self.refused(tmp_path / "a.yaml")

    @pytest.mark.parametrize("suffix", ["yaml", "yml"])
    def test_is_read(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / f"a.{suffix}").write_text(experiment())
        assert lint_file(tmp_path / f"a.{suffix}") == []
