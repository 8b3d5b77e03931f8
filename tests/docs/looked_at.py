"""What can be said of a command without running it. Each raises AssertionError where it cannot be meant so."""

import contextlib
import functools
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import click
from chaostoolkit.commands import cli as chaos
from kubelab.commands import _parser as kubelab

from tests.docs.blocks import ROOT

BIN = Path(sys.executable).parent
OURS = ("benchmarks/", "docs/", "experiments/", "lab/", "manifests/", "probes/", "reports/", "tests/")
ENDS = ("|", "||", "&&", ";", "&", ">", ">>", "<", "2>")


def look_at(command: str, made: Collection[str] = ()) -> None:
    """bash can read it, our programs and kubectl take its arguments, and what it names of the repository is there, or
    `made` on its page.
    """
    read = subprocess.run(["bash", "-n"], input=command, text=True, capture_output=True)
    assert read.returncode == 0, f"{command}: {read.stderr}"
    for words in simple_commands(command):
        for word in words:
            if word.startswith(OURS) and word not in made:
                assert list(ROOT.glob(word.rstrip("/"))), f"{command}: there is no {word}"
        program, *arguments = words
        if program in _PROGRAMS:
            _PROGRAMS[program](arguments)


def simple_commands(command: str) -> list[list[str]]:
    """The words of each command of a line, less what is set before it and where its output goes."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;<>\n"):
            found.append([])
        elif found[-1] or not (re.match(r"[A-Za-z_]+=", word) or word == "sudo"):
            found[-1].append(word)
    return [words for words in found if words]


def _chaos(arguments: Sequence[str]) -> None:
    _parsed(chaos, "chaos", list(arguments))


def _parsed(command: click.Command, name: str, arguments: list[str], parent: click.Context | None = None) -> None:
    """As click does it before it calls anything."""
    try:
        with contextlib.chdir(ROOT):
            context = command.make_context(name, arguments, parent)
            if isinstance(command, click.Group):
                name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    except click.ClickException as error:
        raise AssertionError(f"{name} {' '.join(arguments)}: {error.format_message()}") from None
    if isinstance(command, click.Group):
        assert below is not None and name is not None
        _parsed(below, name, rest, context)


def _kubelab(arguments: Sequence[str]) -> None:
    given = list(arguments)
    own = given[: given.index("--")] if "--" in given else given
    try:
        with contextlib.chdir(ROOT):
            kubelab().parse_args(own)
    except SystemExit:
        raise AssertionError(f"kubelab {' '.join(arguments)}: it does not take these arguments") from None
    if "--" in given:
        look_at(shlex.join(given[given.index("--") + 1 :]))


def _kubectl(arguments: Sequence[str]) -> None:
    """Each option is one of the verb's, or of all verbs."""
    verb = next(word for word in arguments if not word.startswith("-"))
    told = _told_by_kubectl(verb, "--help") + _told_by_kubectl("options")
    for word in arguments:
        option = word.partition("=")[0]
        if option == "--":
            return
        if option.startswith("-"):
            assert re.search(rf"(^|\s){re.escape(option)}[=,\s]", told), f"kubectl {verb} has no {option}"


@functools.cache
def _told_by_kubectl(*arguments: str) -> str:
    return subprocess.run([BIN / "kubectl", *arguments], capture_output=True, text=True).stdout


def _make(arguments: Sequence[str]) -> None:
    """It would know what to make."""
    asked = subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr


_PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "chaos": _chaos,
    "kubectl": _kubectl,
    "kubelab": _kubelab,
    "make": _make,
}
