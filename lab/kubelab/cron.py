"""When a CronJob is due: the schedules that Kubernetes reads (github.com/robfig/cron, ParseStandard).

    minute hour day-of-month month day-of-week    numbers, names (JAN, SUN), lists, ranges, steps; * and ? for any
    @yearly @annually @monthly @weekly @daily @midnight @hourly @every 1h30m

Why not cronsim or croniter: they follow other crons, and would read some schedules otherwise than a cluster does. Here
7 is no Sunday and @every is known; `*/2` beside a day of the week means either of the two (in cronsim both); a moment
that the clocks skip is left out (in both libraries made up for), one that they repeat is due twice (in cronsim once).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

MINUTE = timedelta(minutes=1)
YEARS_AHEAD = 5
"""How far a moment is looked for: 31 February never comes."""
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
EVERY = "@every "
UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
AMOUNT = r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)"


class Schedule(Protocol):
    def next(self, after: datetime) -> datetime | None:
        """The first moment later than that at which it is due, in UTC; None if there is none within five years."""


@dataclass(frozen=True)
class Bounds:
    low: int
    high: int
    names: Mapping[str, int]


MINUTES = Bounds(0, 59, {})
HOURS = Bounds(0, 23, {})
MONTH_DAYS = Bounds(1, 31, {})
MONTH_NUMBERS = Bounds(1, 12, MONTHS)
WEEK_DAYS = Bounds(0, 6, DAYS)


@dataclass(frozen=True)
class Field:
    """The values of one field. any: a * was written, so that it does not restrict the day."""

    values: frozenset[int]
    any: bool = False


@dataclass(frozen=True)
class Spec:
    """Due in every minute of real time whose wall-clock time in the zone fits."""

    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: Field
    months: frozenset[int]
    week_days: Field
    zone: tzinfo = UTC

    def is_day(self, local: datetime) -> bool:
        """Restricted by both days, a day need fit one of them only; it has to have a moment that fits."""
        if local.month not in self.months or not (self.hours and self.minutes):
            return False
        fits = local.day in self.month_days.values, local.isoweekday() % 7 in self.week_days.values
        return all(fits) if self.month_days.any or self.week_days.any else any(fits)

    def next(self, after: datetime) -> datetime | None:
        at = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
        last_year = at.year + YEARS_AHEAD
        while at.year <= last_year:
            local = at.astimezone(self.zone)
            if not self.is_day(local):
                at = max(at + MINUTE, _midnight_after(local))
            elif local.hour not in self.hours:
                at = self._later(at, local, 60)
            elif local.minute not in self.minutes:
                at = self._later(at, local, min((m for m in self.minutes if m > local.minute), default=60))
            else:
                return at
        return None

    def _later(self, at: datetime, local: datetime, minute: int) -> datetime:
        """At that minute of the hour; but minute by minute while the clocks are being changed."""
        step = timedelta(minutes=minute - local.minute)
        changing = (at + step).astimezone(self.zone).utcoffset() != local.utcoffset()
        return at + (MINUTE if changing else step)


@dataclass(frozen=True)
class Every:
    """Due again that long after it was due, whatever the clocks say."""

    seconds: int

    def next(self, after: datetime) -> datetime | None:
        return after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=self.seconds)


def _midnight_after(local: datetime) -> datetime:
    """In UTC: where a day has no midnight, or two, its first moment."""
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return tomorrow.astimezone(UTC)


def parse(text: str, zone: tzinfo = UTC) -> Schedule:
    """Raises ValueError, in the words of the library that Kubernetes uses."""
    text = text.strip()
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(EVERY):
        return Every(_seconds(text))
    if text.startswith("@") and text not in DESCRIPTORS:
        raise ValueError(f"unrecognized descriptor: {text}")
    fields = DESCRIPTORS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    bounds = (MINUTES, HOURS, MONTH_DAYS, MONTH_NUMBERS, WEEK_DAYS)
    minutes, hours, days, months, week_days = (_field(*both) for both in zip(fields, bounds, strict=True))
    return Spec(minutes.values, hours.values, days, months.values, week_days, zone)


def _field(text: str, bounds: Bounds) -> Field:
    parts = [_range(part, bounds) for part in text.split(",") if part]
    values = frozenset(value for part in parts for value in part.values)
    return Field(values, any(part.any for part in parts))


def _range(text: str, bounds: Bounds) -> Field:
    """number | number-number | *, each with /step; `5/15` is `5-59/15`. A * with a step is no *."""
    span, *steps = text.split("/")
    ends = span.split("-")
    star = ends[0] in ("*", "?")
    if star:
        low, high = bounds.low, bounds.high
    elif len(ends) > 2:
        raise ValueError(f"too many hyphens: {text}")
    else:
        low, high = _number(ends[0], bounds), _number(ends[-1], bounds)
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _number(steps[0]) if steps else 1
    if steps and len(ends) == 1:
        high = bounds.high
    if low < bounds.low:
        raise ValueError(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise ValueError(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise ValueError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return Field(frozenset(range(low, high + 1, step)), star and step == 1)


def _number(text: str, bounds: Bounds | None = None) -> int:
    if bounds and text.lower() in bounds.names:
        return bounds.names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)


def _seconds(text: str) -> int:
    """Of "@every 1h30m": whole seconds, at least one."""
    written = text.removeprefix(EVERY)
    if not re.fullmatch(rf"[+-]?({AMOUNT})+", written):
        raise ValueError(f'failed to parse duration {text}: time: invalid duration "{written}"')
    amount = sum(float(number) * UNITS_S[unit] for number, unit in re.findall(AMOUNT, written))
    return 1 if written.startswith("-") else max(1, int(amount))
