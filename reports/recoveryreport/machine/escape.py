"""Text of a record in Markdown: it stays text, whatever it holds.

Plain words and numbers go as they are; whatever else there is goes into a code span, where neither Markdown nor HTML,
neither a mention nor an address nor a reference means anything, in GitHub's dialect and in those of chats.
"""

import itertools
import re

from recoveryreport.words import harmless

_WORD = re.compile(
    r"""
    \(?                                       # 36 writes (2 there, 31 not)
    (?: [−+-]? \d{1,3}(?:,\d{3})* (?:\.\d+)?  # 12,345   −0.012
      | [−+-]? \d+ (?:\.\d+)?
      | [^\W\d_]+ (?:[-'’][^\W\d_]+)*         # read-back, n't
      | ± | – | — | · | %
    )
    %? \)? [.,;:?!]?
    """,
    re.VERBOSE,
)

_LIST = re.compile(r"[+-]?\d+[.)]")
"""A number like this is a list's, at the beginning of a line."""


def escaped(text: str) -> str:
    """`text` as Markdown for one line, also within a table. Runs of white space are one space."""
    words = harmless(text).split()
    parts = [(_is_plain(word, place), word) for place, word in enumerate(words)]
    groups = itertools.groupby(parts, key=lambda part: part[0])
    told = ((plain, " ".join(word for _, word in group)) for plain, group in groups)
    return " ".join(part if plain else _code(part) for plain, part in told)


def _is_plain(word: str, place: int) -> bool:
    return bool(_WORD.fullmatch(word)) and not (place == 0 and _LIST.fullmatch(word))


def _code(text: str) -> str:
    """A code span. An upright bar would end a table's cell even there, and shows by its code."""
    text = text.replace("|", "\\u007c")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
