"""One duration over many runs as it is drawn: every run a point, the median and the p95 with their intervals. Worked
out before anything is drawn; times in seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .trials.records import Durations, Interval, Kind
from .words import harmless

Span = tuple[float, float | None]
"""From where to where; None: no upper end is known."""


@dataclass(frozen=True)
class Dot:
    """One run. censored: it had not come to its end by then. no outage: it was not away for as long as that."""

    time_s: float
    kind: Kind


@dataclass(frozen=True)
class Strip:
    """One lane. interval_s: of the median; p95_interval_s: of the p95. told: lines of text behind the axis."""

    lane: str
    dots: list[Dot]
    median_s: float | None
    interval_s: Span | None
    p95_s: float | None
    p95_interval_s: Span | None
    told: list[str]
    objective_s: float | None

    @property
    def shown_s(self) -> Iterator[float]:
        """The times that the axis must hold. What showed no outage may stand at its beginning."""
        yield from (dot.time_s for dot in self.dots if dot.kind != "no outage")
        for span in (self.interval_s, self.p95_interval_s):
            yield from (end for end in span or () if end is not None)


def strip(found: Durations, told: Sequence[str], objective_s: float | None = None) -> Strip:
    return Strip(
        lane=harmless(found.name),
        dots=_dots(found),
        median_s=found.median.middle_ns / 1e9 if found.median else None,
        interval_s=_span(found.interval),
        p95_s=found.p95.middle_ns / 1e9 if found.p95 and found.p95_interval else None,
        p95_interval_s=_span(found.p95_interval),
        told=[harmless(line) for line in told],
        objective_s=objective_s,
    )


def swarm(places_in: Sequence[float], dot_in: float, most: int) -> list[int]:
    """Levels, from -most to most, at which dots side by side do not cover each other: the middle one where it is free.
    places_in: in ascending order. Where all levels are taken, the one that was taken first is taken again.
    """
    levels = sorted(range(-most, most + 1), key=lambda level: (abs(level), level < 0))
    taken = dict.fromkeys(levels, float("-inf"))
    found = []
    for place in places_in:
        level = next((one for one in levels if place - taken[one] >= dot_in), None)
        if level is None:
            level = min(levels, key=taken.__getitem__)
        taken[level] = place
        found.append(level)
    return found


def _dots(found: Durations) -> list[Dot]:
    times = sorted(
        ((value.hi_ns or 0) if value.kind == "no outage" else value.middle_ns, value.kind) for value in found.values
    )
    return [Dot(time / 1e9, kind) for time, kind in times]


def _span(interval: Interval | None) -> Span | None:
    if interval is None:
        return None
    return interval.low_ns / 1e9, interval.high_ns / 1e9 if interval.high_ns is not None else None
