"""Completion indexes: which pod of an Indexed Job is which, and the short form in which its status lists them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Set

from kubelab.kinds import Object

INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation and label of a pod."""


def index_of(pod: Object) -> int | None:
    written = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(written) if re.fullmatch("[0-9]{1,10}", written) else None


def compressed(indexes: Iterable[int]) -> str:
    """0,2,3,5,6,7 -> "0,2,3,5-7": three and more in a row become a range."""
    runs: list[list[int]] = []
    for index in sorted(set(indexes)):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def expanded(text: str, completions: int) -> set[int]:
    """The inverse; without what is not below completions, or cannot be read."""
    found: set[int] = set()
    for part in re.findall(r"(?:^|,)([0-9]{1,10})(?:-([0-9]{1,10}))?(?=,|$)", text):
        first, last = int(part[0]), int(part[1] or part[0])
        found.update(range(first, min(last, completions - 1) + 1))
    return found


def pending(taken: Set[int], completions: int, count: int) -> list[int]:
    """The first indexes that are not taken, count at most."""
    return list(itertools.islice((index for index in range(completions) if index not in taken), count))
