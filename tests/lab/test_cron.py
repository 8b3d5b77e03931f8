"""When a schedule is due: as the library reads it that Kubernetes uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from kubelab import cron

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def due(schedule: str, after: str, zone: str = "UTC", times: int = 1) -> list[str]:
    """The next times after that one, as they are told in the zone."""
    local = ZoneInfo(zone)
    read, at, found = cron.parse(schedule, local), datetime.fromisoformat(after).replace(tzinfo=local), []
    for _ in range(times):
        following = read.next(at)
        if following is None:
            return [*found, "never"]
        at = following
        found.append(at.astimezone(local).isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2026-07-09T15:00"),
        ("*/15 * * * *", "2026-07-09T15:00"),
        ("5/20 * * * *", "2026-07-09T15:05"),
        ("20-35/15 * * * *", "2026-07-09T15:20"),
        ("1,58 * * * *", "2026-07-09T15:01"),
        ("0 */6 * * *", "2026-07-09T18:00"),
        ("59 14 * * *", "2026-07-10T14:59"),
        ("0 9 * * MON-FRI", "2026-07-10T09:00"),
        ("0 9 * * sat,SUN", "2026-07-11T09:00"),
        ("0 0 ? * 0", "2026-07-12T00:00"),
        ("30 3 1 * *", "2026-08-01T03:30"),
        ("30 3 31 * *", "2026-07-31T03:30"),
        ("0 0 30 Apr ?", "2027-04-30T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0 0 1 1 *", "2027-01-01T00:00"),
        ("@yearly", "2027-01-01T00:00"),
        ("@annually", "2027-01-01T00:00"),
        ("@monthly", "2026-08-01T00:00"),
        ("@weekly", "2026-07-12T00:00"),
        ("@daily", "2026-07-10T00:00"),
        ("@midnight", "2026-07-10T00:00"),
        ("@hourly", "2026-07-09T15:00"),
        ("@every 1h30m", "2026-07-09T16:29"),
        ("@every 120s", "2026-07-09T15:01"),
    ],
)
def test_the_next_time_after_thursday_a_minute_before_three(schedule: str, expected: str) -> None:
    assert due(schedule, "2026-07-09T14:59") == [f"{expected}+00:00"]


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ("0 0 15 * *", [15]),
        ("0 0 * * 1", [6, 13, 20, 27]),
        ("0 0 15 * 1", [6, 13, 15, 20, 27]),
        ("0 0 */10 * 1", [1, 6, 11, 13, 20, 21, 27, 31]),
        ("0 0 */1 * 1", [6, 13, 20, 27]),
        ("0 0 15 * */1", [15]),
    ],
    ids=[
        "a day of the month",
        "a day of the week",
        "either",
        "a step restricts, too",
        "a step of one does not",
        "nor here",
    ],
)
def test_a_day_of_the_month_and_one_of_the_week(schedule: str, days: list[int]) -> None:
    found = due(schedule, "2026-06-30T23:00", times=len(days) + 1)
    assert [int(at[8:10]) for at in found if at.startswith("2026-07")] == days


@pytest.mark.parametrize(
    ("schedule", "after", "zone", "expected"),
    [
        # 2 o'clock in Berlin becomes 3 on 29 March 2026, and 3 becomes 2 on 25 October.
        ("30 2 * * *", "2026-03-28T12:00", BERLIN, ["2026-03-30T02:30+02:00"]),
        ("0 * * * *", "2026-03-29T00:30", BERLIN, ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]),
        ("30 2 * * *", "2026-10-24T12:00", BERLIN, ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]),
        ("0 3 * * *", "2026-10-24T12:00", BERLIN, ["2026-10-25T03:00+01:00"]),
        (
            "*/30 2 * * *",
            "2026-10-25T01:59",
            BERLIN,
            [f"2026-10-25T02:{x}" for x in ("00+02:00", "30+02:00", "00+01:00")],
        ),
        ("0 0 * * *", "2026-03-28T12:00", BERLIN, ["2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"]),
        ("0 1 1 * *", "2026-10-31T12:00", NEW_YORK, ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"]),
        # Clocks that are changed at midnight, by half an hour, within an hour; a day that never was.
        ("30 0 * * *", "2018-11-03T12:00", "America/Sao_Paulo", ["2018-11-05T00:30-02:00"]),
        ("0 12 * * *", "2018-11-03T13:00", "America/Sao_Paulo", ["2018-11-04T12:00-02:00"]),
        ("45 1 * * *", "2026-04-04T12:00", "Australia/Lord_Howe", ["2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30"]),
        ("50 3 * * *", "2026-09-26T12:00", "Pacific/Chatham", ["2026-09-27T03:50+13:45"]),
        ("0 6 30 12 *", "2011-12-29T12:00", "Pacific/Apia", ["2012-12-30T06:00+14:00"]),
    ],
)
def test_a_moment_is_due_whenever_the_clock_on_the_wall_shows_it(
    schedule: str, after: str, zone: str, expected: list[str]
) -> None:
    assert due(schedule, after, zone, len(expected)) == expected


@pytest.mark.parametrize("schedule", ["59 23 31 2 *", "0 0 31 4,6,9,11 *", ", * * * *"])
def test_what_never_comes_is_not_waited_for(schedule: str) -> None:
    assert due(schedule, "2026-07-09T14:59") == ["never"]


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("0 0 * * * *", "expected exactly 5 fields, found 6: [0 0 * * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* 24 * * *", "end of range (24) above maximum (23): 24"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * 13 *", "end of range (13) above maximum (12): 13"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("* 22-2 * * *", "beginning of range (22) beyond end of range (2): 22-2"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/5/5 * * * *", "too many slashes: */5/5"),
        ("-5 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("1.5 * * * *", 'failed to parse int from 1.5: strconv.Atoi: parsing "1.5": invalid syntax'),
        ("٣ * * * *", 'failed to parse int from ٣: strconv.Atoi: parsing "٣": invalid syntax'),
        ("mon * * * *", 'failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax'),
        ("0 0 L * *", 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        ("@every day", 'failed to parse duration @every day: time: invalid duration "day"'),
    ],
)
def test_what_is_no_schedule_is_refused_in_the_librarys_words(schedule: str, why: str) -> None:
    with pytest.raises(ValueError) as refusal:
        cron.parse(schedule)
    assert str(refusal.value) == why


@given(st.text(alphabet="0123456789*/-,? @LW#monjaevry.hs", max_size=24))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        schedule = cron.parse(text)
    except ValueError as refusal:
        assert str(refusal)
    else:
        assert schedule.next(datetime(2026, 7, 9, tzinfo=UTC)) != datetime(2026, 7, 9, tzinfo=UTC)


def some(low: int, high: int, least: int = 1) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(low, high), min_size=least, max_size=high - low + 1)


CHANGES = [
    "2026-03-29T00:00",
    "2026-10-25T00:00",
    "2018-11-03T23:00",
    "2026-04-04T23:00",
    "2026-11-01T00:00",
    "2026-07-01T00:00",
]
ZONES = [
    "UTC",
    BERLIN,
    NEW_YORK,
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Chatham",
]


@settings(max_examples=40)
@given(
    minutes=some(0, 59),
    hours=some(0, 23, 6),
    days=some(1, 31, 8),
    week_days=some(0, 6, 3),
    zone=st.sampled_from(ZONES),
    after=st.tuples(st.sampled_from(CHANGES), st.integers(-1440, 1440), st.integers(0, 59)),
)
@example(frozenset({30}), frozenset({0, 1, 2, 3, 4, 5}), frozenset({25}), frozenset({0}), BERLIN, (CHANGES[1], 150, 59))
def test_the_next_time_is_the_first_minute_that_fits(
    minutes: frozenset[int],
    hours: frozenset[int],
    days: frozenset[int],
    week_days: frozenset[int],
    zone: str,
    after: tuple[str, int, int],
) -> None:
    local = ZoneInfo(zone)

    def fits(moment: datetime) -> bool:
        wall = moment.astimezone(local)
        is_day = wall.day in days or wall.isoweekday() % 7 in week_days
        return is_day and wall.hour in hours and wall.minute in minutes

    fields = [",".join(map(str, sorted(values))) for values in (minutes, hours, days, week_days)]
    schedule = cron.parse("{} {} {} * {}".format(*fields), local)
    base, shift, seconds = after
    began = datetime.fromisoformat(base).replace(tzinfo=local).astimezone(UTC) + timedelta(
        minutes=shift, seconds=seconds
    )
    found = schedule.next(began)
    assert found is not None and found > began and found.second == found.microsecond == 0
    assume(found - began < timedelta(days=2))
    assert fits(found)
    minute = began.replace(second=0) + timedelta(minutes=1)
    while minute < found:
        assert not fits(minute), minute
        minute += timedelta(minutes=1)
