"""A figure in inches: texts that fit their room, axes where they are put, and a legend on as many lines as it needs."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import canvas
from .style import SMALL_PT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE_IN, RIGHT_IN = 0.2, 0.15
"""What stays empty at the left of texts and at the right of everything."""
LINE_IN, KEY_IN = 0.165, 0.2
"""Height of a line of small text, and of a line of the legend."""
_SIGN_IN = 0.36
"""Width of a legend's sign and of what is empty around it."""
_EM = 0.6
"""Width of a letter as a part of its height, for breaking lines."""


class Sheet:
    """A figure whose places are inches from its lower left corner."""

    def __init__(self, figure: "Figure", width_in: float, height_in: float) -> None:
        self.figure, self.width_in, self.height_in = figure, width_in, height_in
        figure.set_size_inches(width_in, height_in)

    def write(
        self, x_in: float, top_in: float, text: str, *, size: float = SMALL_PT, room_in: float = 0, **how: Any
    ) -> None:
        """A line of text below `top_in`. What is longer than its room is told by its beginning and its end."""
        room_in = room_in or self.width_in - x_in - RIGHT_IN
        text = fitted(self.figure, text, size, room_in)
        self.figure.text(x_in / self.width_in, top_in / self.height_in, text, fontsize=size, va="top", **how)

    def axes(self, x_in: float, bottom_in: float, wide_in: float, tall_in: float) -> "Axes":
        return self.figure.add_axes(
            (x_in / self.width_in, bottom_in / self.height_in, wide_in / self.width_in, tall_in / self.height_in)
        )

    def legend(self, top_in: float, lines: Sequence[Sequence[Any]]) -> None:
        """The entries below `top_in`, line by line (`legend_lines`)."""
        for number, line in enumerate(lines):
            self.figure.legend(
                handles=line,
                loc="upper left",
                bbox_to_anchor=(EDGE_IN / self.width_in, (top_in - number * KEY_IN) / self.height_in),
                ncols=len(line),
                handlelength=1.4,
                handletextpad=0.5,
                columnspacing=1.4,
            )


def quiet(axes: "Axes", theme: Theme, grid: Literal["x", "y"]) -> None:
    """No lines but those of the grid, across the axis of values, and small labels."""
    axes.tick_params(left=False, bottom=False, pad=3, labelsize=SMALL_PT)
    axes.tick_params(axis="y", labelcolor=theme.ink)
    axes.grid(axis=grid, color=theme.rule, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def legend_lines(figure: "Figure", handles: Sequence[Any], width_in: float) -> list[list[Any]]:
    """The entries of a legend, on as many lines as they need."""
    lines: list[list[Any]] = []
    room_in = 0.0
    for handle in handles:
        wide_in = canvas.text_width_in(figure, handle.get_label(), SMALL_PT) + _SIGN_IN
        if not lines or wide_in > room_in:
            lines.append([])
            room_in = width_in - 2 * EDGE_IN
        lines[-1].append(handle)
        room_in -= wide_in
    return lines


def wrapped(text: str, room_in: float) -> list[str]:
    """Lines of small text that fit the room."""
    return textwrap.wrap(text, int(room_in * 72 / SMALL_PT / _EM), break_on_hyphens=False)


def fitted(figure: "Figure", text: str, size_pt: float, room_in: float) -> str:
    """`text`, or its beginning and its end where it is longer than its room."""
    if len(text) * size_pt * _EM / 72 < room_in * 0.7 or canvas.text_width_in(figure, text, size_pt) <= room_in:
        return text
    for kept in range(len(text) - 1, 1, -1):
        # Labels that are alike often differ at their end.
        short = f"{text[: kept - kept // 3].rstrip()}…{text[-(kept // 3) :].lstrip() if kept > 2 else ''}"
        if canvas.text_width_in(figure, short, size_pt) <= room_in:
            return short
    return "…"
