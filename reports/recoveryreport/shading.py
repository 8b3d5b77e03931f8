"""The outages of a lane as they are shaded in every figure over time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chaosmongo.history.results import Outage

from .style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Window = tuple[float, float]

MOST = 60
"""Areas that are drawn one by one; of more, a picture is smaller."""


def shade(
    axes: "Axes", outages: Sequence[Outage], at: Callable[[float], float], end_s: float, theme: Theme
) -> list[Window]:
    """Shades them, darker where their ends are uncertain; the begin and the end of each in seconds come back.

    `at` turns a moment into seconds of the axis; `end_s`: where an outage ends whose end was not seen.
    """
    windows = [
        (at(outage.start.middle_ns), at(outage.end.middle_ns) if outage.end else max(end_s, at(outage.start.middle_ns)))
        for outage in outages
    ]
    edges = [edge for outage in outages for edge in (outage.start, outage.end) if edge is not None]
    uncertain = [(at(edge.lo_ns), at(edge.hi_ns)) for edge in edges]
    for spans, alpha, order in ((windows, 0.16, 0.5), (uncertain, 0.4, 0.6)):
        if spans:
            axes.broken_barh(
                [(begin, end - begin) for begin, end in spans],
                (0, 1),
                transform=axes.get_xaxis_transform(),
                facecolor=theme.outage,
                alpha=alpha,
                lw=0,
                zorder=order,
                rasterized=len(spans) > MOST,
            )
    return windows
