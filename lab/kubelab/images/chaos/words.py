"""Paths as a container knows them, in the words of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


class Words:
    """mounts: mountPath -> the host's path behind it. host: more paths that are the host's, and stay as they are."""

    def __init__(self, mounts: Mapping[str, str], host: Sequence[str] = ()) -> None:
        self._mounts = {path.rstrip("/"): host for path, host in mounts.items() if path.rstrip("/")}
        # What is the host's already stays, as below a mount at /tmp.
        known = [*self._mounts, *self._mounts.values(), *host]
        one_of = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
        self._path = re.compile(rf"(?<![\w./-])(?:{one_of})(?![\w.-])") if known else None

    def of_the_host(self, text: str) -> str:
        """The text, with the host's path for every one that leads into a mount; wherever in the text it stands."""
        if self._path is None:
            return text
        return self._path.sub(lambda found: self._mounts.get(found[0], found[0]), text)
