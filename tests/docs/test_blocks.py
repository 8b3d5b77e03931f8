"""What stands on a page as code is that: commands that are run or say why not, experiments that could be run."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from chaosmongo.lint import lint

from tests.docs.blocks import Block, blocks, pages
from tests.docs.looked_at import look_at
from tests.docs.shell import matches

ALL = [block for page in pages() for block in blocks(page)]
LANGUAGES = {"console", "ini", "json", "python", "text", "toml", "yaml"}
WRAPPED = {
    "title": "Is this taken?",
    "description": "What a page shows of an experiment, made whole.",
    "configuration": {"runs": "runs"},
    "runtime": {"hypothesis": {"strategy": "default"}, "rollbacks": {"strategy": "always"}},
    "controls": [{"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}}],
    "rollbacks": [
        {
            "name": "stop the load",
            "type": "action",
            "provider": {"type": "python", "module": "chaosmongo.actions", "func": "stop_workload"},
        }
    ],
}


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language]


def place(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", ALL, ids=place)
def test_each_block_is_in_a_language_that_is_looked_at(block: Block) -> None:
    assert block.language in LANGUAGES
    assert block.language == "console" or not block.text.startswith("$ "), "commands stand in console blocks"
    assert block.language == "console" or not (block.excuse or block.exits)


@pytest.mark.parametrize("block", [block for block in of("console") if block.excuse], ids=place)
def test_commands_that_are_not_run_could_be_meant_so(block: Block) -> None:
    made = {other.file for other in ALL if other.page == block.page}
    for command in block.commands:
        look_at(command.text, made)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules that the pages have their reader save."""
    for block in of("python"):
        if block.file and "/" not in block.file:
            (tmp_path / block.file).write_text(block.text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("block", [block for block in of("yaml") if block.file != "misspelt.yaml"], ids=place)
def test_experiments_pass_lint(block: Block) -> None:
    for shown in yaml.safe_load_all(block.text):
        for experiment in as_experiments(shown):
            assert [str(finding) for finding in lint(yaml.safe_dump(experiment))] == []


def as_experiments(shown: object) -> list[dict[str, object]]:
    """A whole experiment, or one around the activities or keys that are shown; none for what is something else."""
    if isinstance(shown, list) and all(isinstance(one, dict) and "provider" in one for one in shown):
        return [{**WRAPPED, "method": shown}]
    if isinstance(shown, dict) and "method" in shown:
        return [{**WRAPPED, **shown}]
    if isinstance(shown, dict) and set(shown) <= {"configuration", "controls", "runtime", "steady-state-hypothesis"}:
        return [{**WRAPPED, "method": [], **shown}]
    return []


@pytest.mark.parametrize("block", [*of("json"), *of("toml"), *of("python")], ids=place)
def test_the_rest_can_be_read(block: Block) -> None:
    read = {"json": json.loads, "toml": tomllib.loads, "python": lambda text: compile(text, block.place, "exec")}
    read[block.language](block.text)


class TestTheTestsOfThePagesSayNo:
    """What holds the pages to reality would notice."""

    @pytest.mark.parametrize(
        "page",
        [
            "    $ indented\n",
            "<!-- test: not run -->\n```console\n$ true\n```\n",
            "<!-- test: ignore, please -->\n```console\n$ true\n```\n",
        ],
        ids=["no fence", "no reason", "no such word"],
    )
    def test_to_a_block_that_hides(self, page: str) -> None:
        with pytest.raises(AssertionError):
            blocks("page.md", page)

    def test_to_output_without_a_command(self) -> None:
        (block,) = blocks("page.md", "```console\nhello\n```\n")
        with pytest.raises(AssertionError):
            _ = block.commands

    def test_a_reason_holds_for_the_next_block_alone(self) -> None:
        found = blocks(
            "page.md",
            "<!-- test: not run, needs Docker -->\n```console\n$ docker ps\n```\n\n```console\n$ true\n```\n",
        )
        assert [block.excuse for block in found] == ["needs Docker", ""]

    @pytest.mark.parametrize(
        "command",
        [
            "chaos recovery verdikt",
            "chaos recovery compare --at-most 1 a b",
            "chaos run --no-such-option experiments/mongo-pod-delete.yaml",
            "kubelab up --knodes 3",
            "kubelab exec -- chaos recovery verdikt",
            "kubectl apply --filename-of manifests/",
            "kubectl apply -f manifests/no-such.yaml",
            "make no-such-target",
            "chaos run experiments/no-such.yaml",
            "for x in; then",
        ],
    )
    def test_to_a_command_that_nobody_could_mean(self, command: str) -> None:
        with pytest.raises(AssertionError):
            look_at(command)

    @pytest.mark.parametrize(
        "command",
        [
            "A=b sudo kubelab exec --nodes 3 -- chaos recovery verdict | cat",
            "chaos run --var namespace=x experiments/mongo-pod-delete.yaml && kubectl get pods -n pacman -o wide",
        ],
    )
    def test_but_not_to_others(self, command: str) -> None:
        look_at(command)

    def test_to_an_experiment_with_a_misspelt_key(self) -> None:
        action = {"name": "x", "type": "action", "provider": {"type": "python", "module": "chaosmongo.actions"}}
        (experiment,) = as_experiments([action])
        assert lint(yaml.safe_dump(experiment))

    @pytest.mark.parametrize(
        ("shown", "printed", "same"),
        [
            ("pod/mongo-0 deleted", "pod/mongo-0 deleted\n", True),
            ("pod/mongo-0 deleted", "pod/mongo-0 kept", False),
            ("1.4 ± 0.1 s", "\x1b[32m12.55 ±\n 3 s", True),
            ("a ... z", "a\nb c\nz", True),
            ("a ... z", "a\nb", False),
            ("pacman-c9cbc684c-82w52 1/1", "pacman-6f9d7b5c44-xk2zp   0/1", True),
            ("pacman-c9cbc684c-82w52 Running", "pacman-c9cbc684c-82w52 Pending", False),
            ("one", "one two", False),
        ],
    )
    def test_to_output_that_is_not_as_shown(self, shown: str, printed: str, same: bool) -> None:
        assert matches(shown, printed) is same
