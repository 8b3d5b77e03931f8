"""What is taken for the truth, without a proxy: which faults make an outage, what covers it, and who asked."""

from types import SimpleNamespace
from typing import cast

import pytest
from bson import encode
from chaosmongo import wire
from chaosmongo.checks.evidence import Evidence
from chaosmongo.checks.outages import Window
from chaosmongo.history.results import Bracket

from .comparison import Comparison, compare
from .proxy import command_name, lane_of
from .truth import Command, Done, Fault, Kind, Proxy, back, covers, outages

S = 1_000_000_000


def done(kind: Kind, begin_s: float, end_s: float, delay_s: float = 0.0) -> Done:
    fault = Fault(kind, end_s - begin_s, delay_s=delay_s)
    return Done(fault, at(begin_s), at(end_s))


def at(moment_s: float) -> Bracket:
    return Bracket(int(moment_s * S), int(moment_s * S) + 10)


class TestOutages:
    @pytest.mark.parametrize("kind", ["refuse", "reset", "cut"])
    def test_what_fails_at_once_is_an_outage_however_short(self, kind: Kind) -> None:
        (outage,) = outages([done(kind, 1, 1.1)], 0.5)
        assert (outage.start, outage.end) == (at(1), at(1.1))

    @pytest.mark.parametrize(("seconds", "is_one"), [(0.3, False), (0.8, True)])
    def test_a_stall_is_one_when_it_is_longer_than_the_deadline(self, seconds: float, is_one: bool) -> None:
        assert bool(outages([done("stall", 1, 1 + seconds)], 0.5)) is is_one

    @pytest.mark.parametrize(("delay_s", "is_one"), [(0.2, False), (0.7, True)])
    def test_a_delay_is_one_when_answers_come_after_the_deadline(self, delay_s: float, is_one: bool) -> None:
        assert bool(outages([done("delay", 1, 1.1, delay_s)], 0.5)) is is_one

    def test_nobody_can_say_what_a_stall_of_just_the_deadline_does(self) -> None:
        with pytest.raises(AssertionError, match="too near"):
            outages([done("stall", 1, 1.45)], 0.5)

    @pytest.mark.parametrize(("pause_s", "number"), [(0.9, 1), (1.1, 2)])
    def test_faults_with_less_than_a_stable_streak_between_them_are_one(self, pause_s: float, number: int) -> None:
        found = outages([done("refuse", 1, 2), done("cut", 2 + pause_s, 4)], 0.5)
        assert len(found) == number
        assert (found[0].start, found[-1].end) == (at(1), at(4))

    def test_what_only_degrades_joins_nothing(self) -> None:
        found = outages([done("refuse", 1, 2), done("delay", 2.5, 3, 0.2), done("refuse", 3.5, 4)], 0.5)
        assert len(found) == 2


class TestCovers:
    @pytest.mark.parametrize(
        ("bracket", "covered"),
        [
            (Bracket(90, 120), True),
            (Bracket(105, 107), True),
            (Bracket(110, 120), True),
            (Bracket(80, 100), True),
            (Bracket(111, 120), False),
            (Bracket(80, 99), False),
            (None, False),
        ],
    )
    def test_a_bracket_covers_what_may_lie_in_it(self, bracket: Bracket | None, covered: bool) -> None:
        assert covers(bracket, Bracket(100, 110)) is covered


class TestBack:
    END = Bracket(1 * S, 1 * S)

    def test_is_the_arrival_of_the_lanes_first_command_that_is_answered_after_the_end(self) -> None:
        commands = [Command("user", S + 1, S + 2), Command("driver", S + 50, S + 60), Command("driver", S + 70, S + 80)]
        assert back(commands, "driver", self.END, 0.5) == Bracket(S + 50, S + 50)

    def test_is_the_end_itself_for_a_command_that_was_waiting_there(self) -> None:
        assert back([Command("driver", S - 100, S + 60)], "driver", self.END, 0.5) == Bracket(S, S)

    def test_leaves_out_what_was_answered_too_late_or_before_the_end(self) -> None:
        commands = [Command("driver", S - S // 2 - 100, S + 60), Command("driver", 5, 10)]
        assert back(commands, "driver", self.END, 0.5) is None


class TestALaneThatWaits:
    """Four short faults make one outage; a driver may fail by any of them, and by none."""

    def compared(self, lane: str, window: Window | None) -> Comparison:
        faults = [done("refuse", 10 + 0.3 * number, 10.1 + 0.3 * number) for number in range(4)]
        commands = [Command(lane, int(asked_s * S), int(asked_s * S) + 10) for asked_s in (10.15, 10.75, 11)]
        evidence = SimpleNamespace(windows={lane: [window] if window else []}, end_ns=20 * S)
        proxy = SimpleNamespace(commands=commands, slow=[], late=[])
        return compare(cast(Evidence, evidence), lane, outages(faults, 0.5), cast(Proxy, proxy), 0.5)

    def window(self, start: tuple[float, float], end: tuple[float, float]) -> Window:
        (start_lo, start_hi), (end_lo, end_hi) = ((int(lo * S), int(hi * S)) for lo, hi in (start, end))
        return Window(Bracket(start_lo, start_hi), None, Bracket(end_lo, end_hi), 2, 1, 0, None)

    def test_is_right_about_the_faults_that_it_failed_by(self) -> None:
        found = self.compared("driver", self.window((10.25, 10.35), (10.65, 10.8)))
        assert [moment.covered for moment in found.moments] == [True, True]

    def test_is_wrong_about_a_moment_at_which_nothing_happened(self) -> None:
        found = self.compared("driver", self.window((10.41, 10.55), (10.8, 10.85)))
        assert [moment.covered for moment in found.moments] == [False, False]

    def test_may_have_waited_all_of_them_out(self) -> None:
        found = self.compared("driver", None)
        assert (found.waited_out, found.missed) == (1, 0)

    def test_the_server_lane_has_no_such_excuse(self) -> None:
        late = self.compared("server", self.window((10.25, 10.35), (10.65, 10.8)))
        assert [moment.covered for moment in late.moments] == [False, False]
        assert self.compared("server", None).missed == 1


class TestWhoAsked:
    def test_a_raw_connection_is_the_server_lanes(self) -> None:
        assert lane_of(wire.message({"hello": 1, "$db": "admin"})) == "server"

    @pytest.mark.parametrize(("name", "lane"), [("chaosmongo", "driver"), ("pacman", "user")])
    def test_a_driver_gives_its_applications_name(self, name: str, lane: str) -> None:
        client = {"application": {"name": name}, "driver": {"name": "PyMongo", "version": "4"}}
        assert lane_of(wire.message({"hello": 1, "client": client, "$db": "admin"})) == lane

    def test_the_first_key_of_a_message_is_its_command(self) -> None:
        assert command_name(wire.message({"insert": "highscore", "$db": "pacman"})) == "insert"

    @pytest.mark.parametrize("data", [b"", b"x" * 16, encode({"insert": 1}), b"\0" * 40])
    def test_what_is_no_message_has_no_command(self, data: bytes) -> None:
        assert command_name(data) == ""
