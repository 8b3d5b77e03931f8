"""An axis of time that several panels share: from where to where, linear or logarithmic, and where its ticks are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATIO = 25.0
"""Largest over smallest value above which a linear axis would press the small ones together."""

MOST_TICKS = 5
MOST_LOGARITHMIC = 6
FINER = ((1, 2, 5), (1, 3), (1,))
"""Ticks of a decade, the finest first."""


@dataclass(frozen=True)
class Axis:
    """Seconds."""

    low_s: float
    high_s: float
    logarithmic: bool
    ticks_s: tuple[float, ...]

    def within(self, seconds: float) -> float:
        """The nearest place on the axis."""
        return min(max(seconds, self.low_s), self.high_s)

    def show(self, axes: "Axes", side: Literal["x", "y"]) -> None:
        """Makes it that side's axis of `axes`."""
        if self.logarithmic:
            axes.set(**{f"{side}scale": "log"})
        axes.set(**{f"{side}lim": (self.low_s, self.high_s)})
        drawn = axes.xaxis if side == "x" else axes.yaxis
        drawn.set_ticks(self.ticks_s, labels=[label(tick) for tick in self.ticks_s])
        drawn.set_ticks([], minor=True)

    def part(self, seconds: float) -> float:
        """How far along the axis that is: 0 at its beginning, 1 at its end."""
        place = self.within(seconds)
        if self.logarithmic:
            return math.log(place / self.low_s) / math.log(self.high_s / self.low_s)
        return (place - self.low_s) / (self.high_s - self.low_s)


def axis(values: Sequence[float]) -> Axis:
    """One on which all values show."""
    known = [value for value in values if value > 0 and math.isfinite(value)]
    if not known:
        return Axis(0.0, 1.0, False, (0.0, 0.5, 1.0))
    low, high = min(known), max(known)
    if high / low <= RATIO:
        end = high * 1.06
        return Axis(0.0, end, False, tuple(_steps(end)))
    low, high = low / 1.3, high * 1.3
    return Axis(low, high, True, tuple(_decades(low, high)))


def label(tick_s: float) -> str:
    return f"{tick_s:,.0f}" if tick_s >= 1000 else f"{tick_s:g}"


def _steps(end: float) -> list[float]:
    """The finest of 1, 2, 5 times a power of ten that makes no more than the most ticks."""
    power = 10.0 ** math.floor(math.log10(end / MOST_TICKS))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if end / step < MOST_TICKS)
    return [round(number * step, 9) for number in range(int(end / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """The finest that are not too many; powers of ten at least, some left out where even they are too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for decade in FINER:
        ticks = [tick for power in powers for m in decade if low <= (tick := m * 10.0**power) <= high]
        if len(ticks) <= MOST_LOGARITHMIC:
            return ticks
    return ticks[:: math.ceil(len(ticks) / MOST_LOGARITHMIC)]
