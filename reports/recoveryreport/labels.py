"""Labels over moments on a time axis, on as many levels as it takes for none to hide another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosmongo.history.quantities import offset

from .marks import Mark

GROUP = 0.012
"""Moments closer than this part of the axis share one label: nobody could tell them apart on paper."""


@dataclass(frozen=True)
class Label:
    """A text that begins at `x_s` on the axis; level 0 is the lowest."""

    x_s: float
    text: str
    level: int
    leftwards: bool
    """The text ends at x_s instead: it would leave the figure otherwise."""


def grouped(marks: Sequence[Mark], zero_ns: int, span_s: float) -> list[tuple[float, str]]:
    """(seconds, text) for each group of moments, in order; a group stands at its first moment."""
    groups: list[tuple[float, list[str]]] = []
    for mark in marks:
        x_s = (mark.time_ns - zero_ns) / 1e9
        if not groups or x_s - groups[-1][0] > GROUP * span_s:
            groups.append((x_s, []))
        if mark.label not in groups[-1][1]:  # a label that says the same twice says it once
            groups[-1][1].append(mark.label)
    return [(x_s, f"{' · '.join(names)}  {offset(x_s * 1e9)}") for x_s, names in groups]


def placed(
    texts: Sequence[tuple[float, str]], width_s: Callable[[str], float], start_s: float, end_s: float
) -> list[Label]:
    """A level for every text: above every later one that it reaches over, so that no leader crosses a text.

    `width_s` is the width of a text in seconds of the axis.
    """
    done: list[Label] = []
    for x_s, text in sorted(texts, reverse=True):
        width = width_s(text)
        leftwards = x_s + width > end_s and x_s - width > start_s
        left, right = (x_s - width, x_s) if leftwards else (x_s, x_s + width)
        beneath = [label.level for label in done if left <= label.x_s <= right or _reaches(label, width_s, left, right)]
        done.append(Label(x_s, text, max(beneath, default=-1) + 1, leftwards))
    return done[::-1]


def _reaches(label: Label, width_s: Callable[[str], float], left: float, right: float) -> bool:
    width = width_s(label.text)
    begin, end = (label.x_s - width, label.x_s) if label.leftwards else (label.x_s, label.x_s + width)
    return begin <= right and end >= left
