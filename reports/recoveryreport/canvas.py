"""A figure without pyplot: no global state, no window system, the same bytes for the same run."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .style import DPI, Theme, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def blank(theme: Theme) -> "Iterator[Figure]":
    """A figure to draw on, whose size its painter sets; also save it inside the block, where its settings hold."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(settings(theme)), warnings.catch_warnings():
        # A name in a script that the font lacks shows as boxes; the page has it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(dpi=DPI)
        FigureCanvasAgg(figure)
        yield figure


def text_width_in(figure: "Figure", text: str, size_pt: float) -> float:
    """Width of a bold text in inches."""
    probe = figure.text(0, 0, text, fontsize=size_pt, fontweight="bold")
    pixels = probe.get_window_extent(figure.canvas.get_renderer()).width  # type: ignore[attr-defined]
    probe.remove()
    return float(pixels / figure.dpi)


def png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
