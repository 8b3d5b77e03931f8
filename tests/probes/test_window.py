"""When faults may be made: what a window's text means, to the minute, also where clocks are set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration
from chaosmongo.window import DAYS, BadWindow, is_open, opens, parse, told
from hypothesis import given
from hypothesis import strategies as st

OFFICE = "Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00 Europe/Berlin"
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestAText:
    @pytest.mark.parametrize(
        ("window", "moment", "open_"),
        [
            ("", "2026-11-29 03:00", True),
            (OFFICE, "2026-11-27 07:59", False),  # Friday 08:59 in Berlin
            (OFFICE, "2026-11-27 08:00", True),
            (OFFICE, "2026-11-27 15:59", True),
            (OFFICE, "2026-11-27 16:00", False),
            (OFFICE, "2026-11-28 09:00", True),  # Saturday 10:00
            (OFFICE, "2026-11-29 10:00", False),  # Sunday
            (OFFICE, "2026-07-01 07:00", True),  # summer: 09:00
            ("09:00-17:00", "2026-11-29 09:00", True),  # every day, UTC
            ("mon,wed-thu 09:00-10:00", "2026-11-25 09:30", True),  # Wednesday
            ("mon,wed-thu 09:00-10:00", "2026-11-24 09:30", False),
            ("Sat-Mon 00:00-24:00", "2026-11-30 23:59", True),  # Monday, around the end of the week
            ("Sat-Mon 00:00-24:00", "2026-12-01 00:00", False),
            ("Fri 22:00-06:00", "2026-11-28 05:59", True),  # Saturday's early hours are Friday's night
            ("Fri 22:00-06:00", "2026-11-27 05:59", False),
            ("Fri 22:00-06:00", "2026-11-28 06:00", False),
            ("22:00-06:00", "2026-11-28 23:00", True),
        ],
    )
    def test_is_open_or_not(self, window: str, moment: str, open_: bool) -> None:
        assert parse(window).is_open(at(moment)) is open_

    @pytest.mark.parametrize(
        ("window", "wrong"),
        [
            ("9-17", "is no window"),
            ("Mon 09:00", "is no window"),
            ("Mon-Fri 09:00-17:00;", "is no window"),
            ("Mon 09:00-17:00 Europe/Berlin extra", "is no window"),
            ("Mon 09:60-17:00", "09:60"),
            ("Mon 09:00-25:00", "25:00"),
            ("Mon 24:00-01:00", "24:00"),
            ("Mon 09:00-09:00", "00:00-24:00"),
            ("Mondays 09:00-10:00", "'Mondays'"),
            ("Mon- 09:00-10:00", "''"),
            ("09:00-10:00 Europe/Atlantis", "'Europe/Atlantis'"),
            ("09:00-10:00 ../../etc/passwd", "is no time zone"),
            ("09:00-10:00 Europe", "is no time zone"),
            ("09:00-10:00 /etc", "is no time zone"),
        ],
    )
    def test_that_is_none_is_refused_with_what_is_wrong(self, window: str, wrong: str) -> None:
        with pytest.raises(BadWindow) as refusal:
            parse(window)
        assert wrong in str(refusal.value)


class TestClocksThatAreSet:
    def test_an_hour_that_is_left_out_is_not_in_it(self) -> None:
        night = [parse("Sun 02:15-02:45 Europe/Berlin")]
        day = [at("2026-03-29 00:00") + number * MINUTE for number in range(180)]
        assert not any(is_open(night, moment) for moment in day)
        assert opens(night, at("2026-03-23 12:00")) == at("2026-04-05 00:15")  # a week later

    def test_a_window_that_the_clock_jumps_into_opens_with_the_jump(self) -> None:
        assert opens([parse("02:30-04:00 Europe/Berlin")], at("2026-03-29 00:30")) == at("2026-03-29 01:00")

    def test_an_hour_that_comes_twice_is_in_it_twice(self) -> None:
        twice = [parse("02:00-02:30 Europe/Berlin")]
        day = [at("2026-10-25 00:00") + number * MINUTE for number in range(120)]
        assert sum(is_open(twice, moment) for moment in day) == 60


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo"]
)
minutes = st.integers(0, 1439)


@given(
    begin=minutes,
    end=minutes,
    day=st.integers(0, 6),
    zone=zones,
    offset=st.integers(0, 366 * 1440),
)
def test_a_window_is_what_the_clock_on_the_wall_says(begin: int, end: int, day: int, zone: str, offset: int) -> None:
    if begin == end:
        return
    text = f"{DAYS[day]} {begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02} {zone}"
    moment = at("2026-01-01") + offset * MINUTE
    local = moment.astimezone(ZoneInfo(zone))
    clock, today = local.hour * 60 + local.minute, local.weekday()
    if begin < end:
        expected = today == day and begin <= clock < end
    else:
        expected = (today == day and clock >= begin) or (today == (day + 1) % 7 and clock < end)
    assert parse(text).is_open(moment) is expected


@given(begin=minutes, end=minutes, zone=zones, offset=st.integers(0, 366 * 1440))
def test_it_opens_at_the_first_minute_that_is_open(begin: int, end: int, zone: str, offset: int) -> None:
    if begin == end:
        return
    windows = [parse(f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02} {zone}")]
    moment = at("2026-01-01") + offset * MINUTE
    then = opens(windows, moment)
    assert then is not None and is_open(windows, then) and then >= moment
    assert then == moment or not is_open(windows, then - MINUTE)
    assert not any(is_open(windows, moment + step * MINUTE) for step in range(0, int((then - moment) / MINUTE), 7))


class TestTwoWindows:
    def test_must_both_be_open(self) -> None:
        both = [parse("09:00-17:00"), parse("16:00-20:00")]
        assert [is_open(both, at(f"2026-11-27 {hour}:30")) for hour in (12, 16, 18)] == [False, True, False]

    def test_that_are_never_open_together_say_so(self) -> None:
        never = [parse("Mon 09:00-10:00"), parse("Tue 09:00-10:00")]
        assert "does not open within two weeks" in told(never, at("2026-11-27 12:00"))

    def test_tell_when_they_open_in_their_zone(self) -> None:
        assert told([parse(OFFICE)], at("2026-11-29 12:00")).endswith("opens next on Mon 2026-11-30 09:00 CET")


class TestTheConfiguration:
    def test_has_the_window_that_the_experiment_declares(self) -> None:
        assert [one.text for one in Config.read({"window": OFFICE}, {}).windows if one.parts] == [OFFICE]

    def test_heeds_the_environment_whatever_the_experiment_declares(self) -> None:
        environment = {"CHAOSMONGO_WINDOW": "Mon 09:00-10:00"}
        undeclared, declared = (Config.read(one, environment) for one in ({}, {"window": "00:00-24:00"}))
        for config in (undeclared, declared):
            assert not is_open(config.windows, at("2026-11-27 12:00"))

    @pytest.mark.parametrize(
        ("given_", "where"), [({"window": "x"}, "configuration window"), ({}, "CHAOSMONGO_WINDOW")]
    )
    def test_refuses_what_is_none(self, given_: dict[str, str], where: str) -> None:
        with pytest.raises(BadConfiguration, match=where):
            Config.read(given_, {} if given_ else {"CHAOSMONGO_WINDOW": "x"})
