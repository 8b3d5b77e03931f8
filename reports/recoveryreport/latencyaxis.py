"""The axis of response times: logarithmic, with the same limits in every figure of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .series import LaneSeries
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2)


def limits(lanes: Sequence[LaneSeries]) -> tuple[float, float]:
    """Whole decades around all response times of a run, between 0.1 ms and 100 s."""
    known = [series.latency_s[series.latency_s > 0] for series in lanes]
    values = np.concatenate(known) if known else np.array([])
    if not values.size:
        return 1e-3, 1.0
    low, high = np.quantile(values, 0.001), values.max()
    return float(max(1e-4, 10 ** np.floor(np.log10(low)))), float(min(1e2, 10 ** np.ceil(np.log10(high * 1.01))))


def scale(axes: "Axes", low: float, high: float, theme: Theme) -> None:
    """Makes the y axis one of response times in seconds, from `low` to `high`, told in ms and s."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [tick for tick in _DECADES if low <= tick <= high]
    axes.set_yticks(ticks[1:] if len(ticks) < 5 else ticks[1::2])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: told(value)))
    axes.grid(axis="y", color=theme.rule, lw=0.6)
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)


def told(value_s: float) -> str:
    return f"{value_s:g} s" if value_s >= 1 else f"{value_s * 1e3:g} ms"
