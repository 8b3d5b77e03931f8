"""Whether it can be read: a figure whose texts lie within it and do not cover each other, a terminal of 80 columns."""

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console


def assert_legible(figure: Any) -> None:
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        texts += [*axes.texts, *_shown(axes, "x"), *_shown(axes, "y")]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]
    for place, (text, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text
        for other, theirs in boxes[:place]:
            apart = box.x0 >= theirs.x1 or theirs.x0 >= box.x1 or box.y0 >= theirs.y1 - 2 or theirs.y0 >= box.y1 - 2
            assert apart, f"{text!r} and {other!r}"


def narrow(tell: Callable[[Console], None]) -> str:
    """What is told at a terminal of 80 columns; no line of it is longer."""
    console = Console(width=80, record=True, file=io.StringIO())
    tell(console)
    told = console.export_text()
    assert max(map(len, told.splitlines())) <= 80
    return told


def _shown(axes: Any, name: str) -> list[Any]:
    """Labels of ticks beyond the axis are not drawn."""
    low, high = sorted(getattr(axes, f"get_{name}lim")())
    places = getattr(axes, f"get_{name}ticks")()
    labels = getattr(axes, f"get_{name}ticklabels")()
    return [label for place, label in zip(places, labels, strict=True) if low <= place <= high]
