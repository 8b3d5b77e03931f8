"""What a `${name}` can become: Chaos Toolkit takes it from the configuration, else from a group of secrets."""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

from .node import Node

NAME = string.Template.pattern
"""How Chaos Toolkit finds variables: names of letters, digits and _, without or within braces; $$ is a dollar sign."""

BRACES = re.compile(r"(?<!\$)\$\{([^{}$\n]{1,60})\}")

TYPES: dict[str, type] = {
    "str": str,
    "string": str,
    "int": int,
    "integer": int,
    "float": float,
    "number": float,
    "bool": bool,
    "bytes": bytes,
}
"""Of env_var_type. What json is, only its value says."""


@dataclass(frozen=True)
class Variable:
    """possible: nodes as which its value may come, of which each has the type of such a value; None: not known before
    the experiment runs. why: of each, when that is.
    """

    name: str
    line: int
    possible: tuple[tuple[Node, str], ...] | None


def declared(configuration: Node, secrets: Node) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for group in secrets.entries.values():
        for name, entry in group.entries.items():
            found.setdefault(name, Variable(name, group.line_of(name), _secret(entry)))
    for name, entry in configuration.entries.items():
        found[name] = Variable(name, configuration.line_of(name), _setting(entry))
    return found


def _secret(entry: Node) -> tuple[tuple[Node, str], ...] | None:
    kind = entry.text("type")
    if kind == "env":
        return ((Node(entry.line, ""), ""),)
    return None if entry.entries else ((entry, ""),)


def _setting(entry: Node) -> tuple[tuple[Node, str], ...] | None:
    kind = entry.text("type")
    if kind == "probe":
        return None
    if kind != "env":
        return ((entry, ""),)
    wanted, default = entry.text("env_var_type"), entry.get("default")
    if wanted == "json":
        return None
    if wanted in TYPES:
        return ((Node(entry.line, TYPES[wanted]()), ""),) if not _is_null(entry, wanted) else ((default, ""),)
    key = entry.text("key")
    found = ((Node(entry.line, ""), f" where {key} is set" if "default" in entry else ""),)
    return found if "default" not in entry else (*found, (default, f" where {key} is not set"))


def _is_null(entry: Node, wanted: str) -> bool:
    """A null default stays null as a string; every other type breaks the loading off, which is told elsewhere."""
    return wanted in ("str", "string") and "default" in entry and entry.get("default").value is None


def alone(text: str) -> str:
    """The name, where the text is one `${name}` and nothing else, so that its value keeps its type; else ""."""
    match = NAME.fullmatch(text)
    return (match["braced"] or "") if match else ""


def used(text: str) -> Iterator[str]:
    """Names that would be replaced."""
    for match in NAME.finditer(text):
        if name := match["named"] or match["braced"]:
            yield name


def braced(text: str) -> Iterator[str]:
    """Those in braces: a $name without them may be a shell's."""
    for match in NAME.finditer(text):
        if name := match["braced"]:
            yield name


def malformed(text: str) -> Iterator[str]:
    """What looks like a variable, and is never replaced: `${my-name}`."""
    for match in BRACES.finditer(text):
        if not (match[1].isascii() and match[1].isidentifier()):
            yield match[1]
