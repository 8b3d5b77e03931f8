"""A docstring as paragraphs, and what it says of each argument or field.

Docstrings here are plain text: paragraphs, `code`, lists that begin with "- ", and tables of aligned columns. Arguments
and fields are explained in running text, as "name: meaning" or "name, other: meaning".
"""

import inspect
import itertools
import re
from collections.abc import Iterator, Sequence

from docutils import nodes

_ALIGNED = re.compile(r"\S {3,}\S")
_CODE = re.compile(r"`([^`]+)`|\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b")
_RESULT = re.compile(r"(?<=[.;)\]}] )(?:Returns|Fails|Raises)\b")


def paragraphs(docstring: str | None) -> list[str]:
    """Separated by empty lines, each with its line ends."""
    return [part for part in re.split(r"\n\s*\n", inspect.cleandoc(docstring or "")) if part.strip()]


def split(docstring: str | None, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The paragraphs less the meanings, and the meanings by name, in the names' order."""
    rest, found = [], dict[str, str]()
    for paragraph in paragraphs(docstring):
        if _is_verbatim(paragraph):
            rest.append(paragraph)
            continue
        kept = "".join(_apart(" ".join(paragraph.split()), names, found)).strip()
        if kept:
            rest.append(kept)
    return rest, {name: found[name] for name in names if name in found}


def _apart(text: str, names: Sequence[str], found: dict[str, str]) -> Iterator[str]:
    """What is left of a paragraph; the meanings go to `found`."""
    if not names:
        yield text
        return
    one = "(?:" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + ")"
    heads = list(re.finditer(rf"(?:^|(?<=[.;)\]}}] ))({one}(?:, {one})*): ", text))
    yield text[: heads[0].start()] if heads else text
    for head, following in itertools.zip_longest(heads, heads[1:]):
        meaning = text[head.end() : following.start() if following else len(text)]
        result = _RESULT.search(meaning)
        if result:
            yield meaning[result.start() :]
            meaning = meaning[: result.start()]
        found |= dict.fromkeys(head.group(1).split(", "), meaning.strip())


def as_nodes(docstring: str | None) -> list[nodes.Node]:
    """All of a docstring."""
    return [node for paragraph in paragraphs(docstring) for node in block(paragraph)]


def block(paragraph: str) -> list[nodes.Node]:
    """One paragraph: text, a list, or what its author aligned."""
    if _is_verbatim(paragraph):
        text = inspect.cleandoc(paragraph).replace("`", "")
        return [nodes.literal_block(text, text, language="text")]
    items = re.split(r"^- ", paragraph, flags=re.MULTILINE)
    made: list[nodes.Node] = [line(items[0])] if items[0].strip() else []
    if items[1:]:
        made.append(nodes.bullet_list("", *(nodes.list_item("", line(item)) for item in items[1:])))
    return made


def line(text: str) -> nodes.paragraph:
    """One paragraph of running text."""
    return nodes.paragraph("", "", *inline(" ".join(text.split())))


def inline(text: str) -> list[nodes.Node]:
    """Text in which `this` is code, and so is a_name_like_this."""
    made: list[nodes.Node] = []
    end = 0
    for match in _CODE.finditer(text):
        made += [nodes.Text(text[end : match.start()]), code(match.group(1) or match.group(2))]
        end = match.end()
    return [*made, nodes.Text(text[end:])]


def code(text: str) -> nodes.literal:
    return nodes.literal(text, text)


def section(name: str, title: nodes.Node, *contents: nodes.Node) -> nodes.section:
    """A section that `[](#name)` leads to. What it is of must be noted with `noted`."""
    return nodes.section("", nodes.title("", "", title), *contents, ids=[nodes.make_id(name)], names=[name])


def table(head: Sequence[str], rows: Sequence[Sequence[list[nodes.Node]]]) -> nodes.table:
    """Cells are inline nodes. A column that is empty throughout is left out; the style sheet knows each by its name."""
    columns = [number for number in range(len(head)) if any(row[number] for row in rows)]
    names = [head[number] or "meaning" for number in columns]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in columns), cols=len(columns))
    group += nodes.thead("", _row(names, [[nodes.Text(head[number])] for number in columns]))
    group += nodes.tbody("", *(_row(names, [row[number] for number in columns]) for row in rows))
    return nodes.table("", group, classes=["fields"])


def _row(names: Sequence[str], cells: Sequence[list[nodes.Node]]) -> nodes.row:
    made = zip(names, cells, strict=True)
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell), classes=[name]) for name, cell in made))


def _is_verbatim(paragraph: str) -> bool:
    lines = paragraph.splitlines()
    return all(one.startswith("    ") for one in lines) or any(_ALIGNED.search(one) for one in lines)
