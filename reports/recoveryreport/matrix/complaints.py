"""What is wrong with a matrix file: gathered, each with its key and what to do, and said at once."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recoveryreport.errors import BadMatrix


class Complaints:
    def __init__(self, file: Path) -> None:
        self.file = file
        self._told: dict[str, None] = {}

    def say(self, key: str, what: str) -> None:
        """The same twice is said once."""
        self._told[f"{key}: {what}"] = None

    def about(self, key: str) -> bool:
        """Whether there is one about that key."""
        return any(told.startswith(f"{key}: ") for told in self._told)

    def check_keys(self, found: Iterable[Any], known: Iterable[str], at: str = "") -> None:
        """Complains of every key that is none of the known ones."""
        for key in found:
            if key not in known:
                self.say(f"{at}{key}", f"there is no such key: {meant(str(key), known, 'take it out')}")

    def raise_them(self) -> None:
        """Raises BadMatrix where there are any."""
        if self._told:
            before = "\n    " if len(self._told) > 1 else " "
            told = "".join(f"{before}{one}" for one in self._told)
            raise BadMatrix(f"{self.file} is no matrix that can be run:{told}")


def meant(key: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about a key that is not known."""
    near = difflib.get_close_matches(key, sorted(known), 1)
    return f"did you mean {near[0]}?" if near else f"{otherwise} (there are {', '.join(sorted(known)) or 'none'})"


def shown(value: Any) -> str:
    """A value of the file in a message."""
    return "nothing" if value is None else repr(value)[:60]
