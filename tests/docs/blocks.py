"""The code blocks of a page, in order.

A comment just before a block tells what a test must know, and a reader need not:

    <!-- test: not run, needs a Docker daemon -->    looked at, and not run
    <!-- test: exits 1 -->                           its last command ends with this code
    <!-- test: file my-experiment.yaml -->           the reader is told to save it under this name
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMENT = re.compile(r"<!-- test: (?:not run, (?P<excuse>.+?)|exits (?P<exits>\d+)|file (?P<file>\S+)) -->\s*")


@dataclass(frozen=True)
class Command:
    """As it is typed, and what is shown below it."""

    text: str
    shown: str


@dataclass(frozen=True)
class Block:
    """excuse: why its commands are not run. exits: how the last of them ends. file: the name to save it under."""

    page: str
    line: int
    language: str
    text: str
    excuse: str = ""
    exits: int = 0
    file: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[Command]:
        """Of a console block: `$ ` begins one, `> ` goes on with it."""
        found: list[tuple[list[str], list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(([line[2:]], []))
            elif found and not found[-1][1] and line.startswith("> "):
                found[-1][0].append(line[2:])
            elif found:
                found[-1][1].append(line)
            else:
                raise AssertionError(f"{self.place}: a console block begins with '$ '")
        return [Command("\n".join(typed), "\n".join(shown)) for typed, shown in found]


def pages() -> list[str]:
    """Below docs/, in the order in which they are read: that of the tables of contents."""
    return list(dict.fromkeys(_read_on("index")))


def _read_on(name: str) -> Iterator[str]:
    page = DOCS / f"{name}.md"
    yield str(page.relative_to(DOCS))
    for directory in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for entry in (line.strip() for line in directory.splitlines()):
            if entry and not entry.startswith(":"):
                below = page.parent
                for found in sorted(below.glob(f"{entry}.md")):
                    if found != page:
                        yield from _read_on(str(found.relative_to(DOCS).with_suffix("")))


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Of a page of docs/, or of a text in its place. Directives of the page are none."""
    found, told = [], None
    for token in MarkdownIt().parse((DOCS / page).read_text() if text is None else text):
        if token.type == "html_block":
            told = COMMENT.fullmatch(token.content)
            assert told or "test:" not in token.content, f"{page}: {token.content}"
            continue
        assert token.type != "code_block", f"{page}:{token.map}: a code block is fenced, and names its language"
        if token.type == "fence" and not token.info.startswith("{"):
            given = told.groupdict() if told else {}
            found.append(
                Block(
                    page,
                    (token.map or [0])[0] + 1,
                    token.info,
                    token.content,
                    given.get("excuse") or "",
                    int(given.get("exits") or 0),
                    given.get("file") or "",
                )
            )
        told = None
    return found
