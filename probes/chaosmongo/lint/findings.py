"""What a finding is, and how names of a text that may hold anything are shown in it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 60
"""Characters of a name that are shown."""


COMPARED = 200
"""Names that are looked through for the one that was meant: with more it would take long."""


@dataclass(frozen=True, order=True)
class Finding:
    """line: from 1. remedy: what to do."""

    line: int
    what: str
    remedy: str

    def told(self, file: object) -> str:
        """One line."""
        return f"{shown(str(file), 4096)}:{self.line}: {self.what}; {self.remedy}"


def shown(name: str, most: int = SHOWN) -> str:
    """On one line, without anything that a terminal would obey."""
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name[: most + 1])
    return printable if len(printable) <= most else f"{printable[:most]}..."


def near(name: str, known: Iterable[str]) -> str:
    """The one of `known` that was probably meant; "" where none comes close."""
    short = sorted(one for one in known if len(one) <= SHOWN)
    found = difflib.get_close_matches(name[:SHOWN], short[:COMPARED], 1)
    return found[0] if found else ""


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about a name that is not known."""
    known = list(known)
    close = near(name, known)
    return f"did you mean {close}?" if close else otherwise
