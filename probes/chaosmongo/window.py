"""When an experiment may be made, as text: "Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00 Europe/Berlin".

A part names days (left out: all), a beginning and an end by the clock on the wall, and an IANA time zone (left out:
UTC). One whose end is not after its beginning goes on over midnight and belongs to the day on which it began. Where
clocks are set, the clock on the wall decides all the same: an hour that comes twice is in it twice, one that is left
out not at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
MINUTE = timedelta(minutes=1)
LOOKS_AHEAD = timedelta(days=15)
"""A part that comes once a week and falls into the hour that is left out comes after two weeks."""

_CLOCK = r"(\d\d?):(\d\d)"
_PART = re.compile(rf"(?:(?P<days>[a-z,\-\s]+?)\s+)?{_CLOCK}\s*-\s*{_CLOCK}(?:\s+(?P<zone>\S+))?", re.IGNORECASE)
HOW_TO_WRITE_IT = 'write it like "Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00"'


class BadWindow(ValueError):
    """The text is no window; the message says what is wrong, and how to write it."""


@dataclass(frozen=True)
class Part:
    """days: on which it begins (0: Monday). begin, end: minutes since midnight; an end that is not later is of the next
    day.
    """

    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        if self.begin < self.end:
            return self.begin <= minute < self.end and self._begins(today)
        return (minute >= self.begin and self._begins(today)) or (
            minute < self.end and self._begins(today - timedelta(days=1))
        )

    def _begins(self, day: date) -> bool:
        return day.weekday() in self.days


@dataclass(frozen=True)
class Window:
    """text: as it was given. Without parts it is always open."""

    text: str
    parts: Sequence[Part]

    def is_open(self, moment: datetime) -> bool:
        """moment: with its zone."""
        return not self.parts or any(part.is_open(moment) for part in self.parts)


def parse(text: str) -> Window:
    """An empty text is always open. Raises BadWindow."""
    if not text.strip():
        return Window("", ())
    return Window(text.strip(), tuple(_part(part.strip()) for part in text.split(";")))


def is_open(windows: Sequence[Window], moment: datetime) -> bool:
    """Whether all are."""
    return all(window.is_open(moment) for window in windows)


def opens(windows: Sequence[Window], moment: datetime) -> datetime | None:
    """From when on all are open: `moment` itself where they are; None where that is more than two weeks away.

    Zones are whole minutes apart, so within a minute nothing changes.
    """
    if is_open(windows, moment):
        return moment
    at = moment.astimezone(UTC).replace(second=0, microsecond=0)
    end = at + LOOKS_AHEAD
    while at < end:
        at += MINUTE
        if is_open(windows, at):
            return at
    return None


def told(windows: Sequence[Window], moment: datetime) -> str:
    """What to tell of windows that are closed at a moment, and when they open."""
    texts = " and of ".join(f'"{window.text}"' for window in windows if window.parts)
    then = opens(windows, moment)
    if then is None:
        return f"it is outside of {texts}, which does not open within two weeks"
    zone = next(part.zone for window in windows for part in window.parts)
    local = then.astimezone(zone)
    return f"it is outside of {texts}, which opens next on {local:%a %Y-%m-%d %H:%M} {local.tzname()}"


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    if found is None:
        raise BadWindow(f"{text!r} is no window: {HOW_TO_WRITE_IT}")
    begin, end = (_minutes(found[hour], found[hour + 1], text) for hour in (2, 4))
    if begin == DAY_MINUTES:
        raise BadWindow(f"{text!r} begins at 24:00: write 00:00 of the next day")
    if begin == end:
        raise BadWindow(f"{text!r} ends as it begins: for a whole day write 00:00-24:00")
    return Part(_days(found["days"], text), begin, end, _zone(found["zone"], text))


def _minutes(hour: str, minute: str, text: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY_MINUTES:
        raise BadWindow(f"{hour}:{minute} in {text!r} is no time of day: {HOW_TO_WRITE_IT}")
    return minutes


def _days(text: str | None, part: str) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for one in text.split(","):
        first, dash, last = one.partition("-")
        begin = _day(first, part)
        end = _day(last, part) if dash else begin
        found |= {(begin + more) % 7 for more in range((end - begin) % 7 + 1)}
    return frozenset(found)


def _day(text: str, part: str) -> int:
    try:
        return DAYS.index(text.strip().lower())
    except ValueError:
        raise BadWindow(
            f"{text.strip()!r} in {part!r} is no day: write one of {', '.join(day.title() for day in DAYS)}"
        ) from None


def _zone(name: str | None, part: str) -> tzinfo:
    if name is None or name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what is no key, or leads out of the directory of zones, or is a directory
        raise BadWindow(f"{name!r} in {part!r} is no time zone: write one like Europe/Berlin") from None
