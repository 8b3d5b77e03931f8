"""Outages of a lane: where a window opens and closes, and in which bracket the truth lies.

.  ok    x  fail    ?  info    -  never sent    s  stale       one operation every 100 ms, each taking 1 ms
"""

import pytest
from chaosmongo.checks import outages
from chaosmongo.history import Op
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import at, op, stream, unsent
from .simulated import DEADLINE_MS, Down, Server, ask

STREAK = "." * 20


def found(pattern: str, every_ms: float = 100) -> list[tuple[float | None, ...]]:
    """Windows as (start.lo, start.hi, end.lo, end.hi) in ms after the first operation; None, None: not ended."""
    windows = outages.find(stream(pattern, 0, every_ms))
    return [
        (
            *_ms(window.start.lo_ns, window.start.hi_ns),
            *(_ms(window.end.lo_ns, window.end.hi_ns) if window.end else (None,) * 2),
        )
        for window in windows
    ]


def _ms(*moments: int) -> tuple[float, ...]:
    return tuple((moment - at(0)) / 1e6 for moment in moments)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", []),
        (STREAK, []),
        ("..x" + STREAK, [(100, 201, 200, 301)]),
        ("..xx?x" + STREAK, [(100, 201, 500, 601)]),
        ("..x" + "." * 19 + "x" + STREAK, [(100, 201, 2200, 2301)]),
        ("..x" + "." * 20 + "x" + STREAK, [(100, 201, 200, 301), (2200, 2301, 2300, 2401)]),
        ("..x.x..x" + STREAK, [(100, 201, 700, 801)]),
        ("..x" + "." * 19, [(100, 201, None, None)]),
        ("..xxx", [(100, 201, None, None)]),
        ("x" + STREAK, [(0, 1, 0, 101)]),
        ("x", [(0, 1, None, None)]),
    ],
)
def test_a_window_opens_with_a_failure_and_closes_with_a_stable_streak(pattern, expected):
    assert found(pattern) == expected


def test_twenty_quick_successes_are_not_stable_before_a_second_is_over():
    assert found("..x" + "." * 100, every_ms=10) == [(10, 21, None, None)]
    assert found("..x" + "." * 101, every_ms=10) == [(10, 21, 20, 31)]
    assert found("..x" + "." * 60 + "x" + "." * 101, every_ms=10) == [(10, 21, 630, 641)]


def test_the_first_success_need_not_be_the_stable_one():
    (window,) = outages.find(stream("..xx.x" + STREAK, 0, 100))
    assert window.first_success is not None and window.end is not None
    assert _ms(window.first_success.lo_ns, window.first_success.hi_ns) == (300, 401)
    assert _ms(window.end.lo_ns, window.end.hi_ns) == (500, 601)
    assert (window.operations, window.not_ok) == (4, 3)


def test_without_any_success_there_is_no_first_one():
    (window,) = outages.find(stream("..xxx", 0, 100))
    assert window.first_success is None and window.first_ok is None and window.end is None


class TestAClientThatWaitedForAServer:
    """A driver that knows no server waits until it does or its deadline (here 1 s) passes."""

    WAITING = (op(1, 0), op(2, 100, "fail", 1000, waited=True), op(3, 200, "fail", 1005, waited=True))

    def test_bears_witness_from_its_sending_to_its_deadline(self) -> None:
        back = [op(4 + n, 300 + 100 * n, took_ms=max(1, 950 - 100 * n)) for n in range(25)]
        (window,) = outages.find([*self.WAITING, *back], deadline_ns=1_000_000_000)
        assert window.end is not None
        assert _ms(window.start.lo_ns, window.start.hi_ns) == (0, 100)
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (1200, 1250)

    def test_without_waiting_the_same_times_tell_less(self) -> None:
        ops = [op(1, 0), op(2, 100, "fail", 1000), op(3, 200, "fail", 1005)]
        back = [op(4 + n, 300 + 100 * n, took_ms=max(1, 950 - 100 * n)) for n in range(25)]
        (window,) = outages.find([*ops, *back], deadline_ns=1_000_000_000)
        assert window.end is not None
        assert _ms(window.end.lo_ns) == (200,)


class TestWhatSaysNothingOfTheServer:
    def test_an_operation_that_was_never_sent_neither_opens_nor_moves_nor_closes_a_window(self):
        assert found(".." + "-" * 9 + STREAK) == []
        assert found("..-xx-" + STREAK) == [(100, 301, 400, 601)]
        assert found("..xx" + "." * 10 + "-" + "." * 10) == [(100, 201, 300, 401)]

    def test_nor_does_a_stale_read_which_was_answered(self):
        assert found("..ss" + STREAK) == []
        assert found("..xs." + STREAK) == [(100, 201, 200, 401)]

    def test_nor_one_without_an_end_on_record(self):
        ops = [*stream("..", 0, 100), Op(3, "server", "hello", at(200)), *stream(STREAK, 300, 100, first=4)]
        assert outages.find(ops) == []

    def test_having_nobody_to_ask_is_no_success_but_tells_only_where_nothing_else_does(self):
        nobody = [op(3, 200, "fail", took_ms=0), op(4, 300, "fail", took_ms=0)]
        (window,) = outages.find([*stream("..", 0, 100), *nobody, *stream(STREAK, 400, 100, first=5)])
        assert window.end is not None
        assert _ms(window.start.lo_ns, window.start.hi_ns) == (100, 200)
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (300, 401)
        asked = [op(3, 200, "fail", took_ms=0), op(4, 300, "fail", took_ms=1), op(5, 400, "fail", took_ms=0)]
        (window,) = outages.find([*stream("..", 0, 100), *asked, *stream(STREAK, 500, 100, first=6)])
        assert window.end is not None
        assert _ms(window.start.lo_ns, window.start.hi_ns) == (100, 301)
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (300, 501)


class TestOverlappingOperations:
    """An operation that is due earlier may be answered later."""

    def test_a_stalled_operation_does_not_blur_what_a_refused_one_shows(self):
        ops = [*stream("..", 0, 100), op(3, 200, "info", 1000), *stream("xx" + STREAK, 300, 100, first=4)]
        (window,) = outages.find(ops)
        assert window.end is not None
        assert _ms(window.start.lo_ns, window.start.hi_ns) == (100, 301)
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (400, 501)

    def test_a_success_that_came_late_was_perhaps_answered_after_the_outage(self):
        ops = [*stream(".", 0, 100), op(2, 100, "ok", 850), *stream("xxx" + STREAK, 200, 100, first=3)]
        (window,) = outages.find(ops)
        assert _ms(window.start.lo_ns) == (0,)

    def test_a_success_that_was_sent_before_a_failure_had_shown_is_not_the_first_after_it(self):
        dying = [
            op(2, 100, "info", took_ms=50),
            op(3, 120, "ok"),
            op(4, 140, "ok"),
            *stream("xx.x" + STREAK, 200, 100, first=5),
        ]
        (window,) = outages.find([*stream(".", 0, 100), *dying])
        assert window.first_success is not None and window.first_ok is not None
        assert _ms(window.first_success.lo_ns, window.first_success.hi_ns) == (300, 401)
        assert window.first_ok.op == 7

    def test_of_successes_that_waited_for_the_server_the_first_to_be_answered_counts(self):
        waited = [op(4, 300, "ok", took_ms=500), op(5, 400, "ok", took_ms=350), op(6, 500, "ok", took_ms=400)]
        (window,) = outages.find([*stream("..x", 0, 100), *waited, *stream(STREAK, 600, 200, first=7)])
        assert window.end is not None and window.first_success == window.end
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (200, 601)
        (window,) = outages.find([*stream("..x", 0, 100), *waited, *stream(STREAK, 900, 200, first=7)])
        assert window.end is not None
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (200, 750)

    def test_a_success_during_a_slow_failure_was_perhaps_answered_before_the_outage(self):
        slow = op(1, 0, "info", took_ms=250)  # reset at 250 ms by a crash that nothing else noticed
        (window,) = outages.find([*stream("..", -200, 100, first=100), slow, *stream("." * 30, 100, 100, first=2)])
        assert window.end is not None
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (0, 301)

    def test_after_operations_that_waited_for_their_whole_deadline_the_next_success_counts(self):
        silent = [op(number, number * 100, "info", took_ms=1000) for number in range(3)]
        (window,) = outages.find(
            [*stream("..", -200, 100, first=90), *silent, *stream(STREAK, 300, 100, first=3)], 1_000_000_000
        )
        assert window.end is not None
        assert _ms(window.end.lo_ns, window.end.hi_ns) == (200, 301)


# --- against a server whose truth is known ---

EVERY_MS = 5.0


@st.composite
def servers(draw):
    """One to three outages, each long enough to be asked in, with anything in between."""
    downs, at_ms = [], 0.0
    for _ in range(draw(st.integers(1, 3))):
        start = at_ms + draw(st.floats(0, 300))
        end = start + draw(st.floats(2.5 * EVERY_MS, 400))
        downs.append(Down(start, end, draw(st.sampled_from(["refuses", "silent"]))))
        at_ms = end + 0.1
    return Server(tuple(downs))


def covers(bracket, truth_ms: float) -> bool:
    return bracket.lo_ns - 1 <= at(truth_ms) <= bracket.hi_ns + 1


@settings(max_examples=150)
@given(servers(), st.sampled_from([1.0, 4.0, 30.0]), st.integers(0, 2**32))
def test_brackets_cover_the_truth(server, slowest_ms, seed):
    ops = ask(server, server.downs[-1].end_ms + 2500, EVERY_MS, slowest_ms, seed)
    windows = outages.find(ops, round(DEADLINE_MS * 1e6))
    for window in windows:
        assert (
            window.end is not None and window.start.lo_ns <= window.start.hi_ns and window.end.lo_ns <= window.end.hi_ns
        )
        inside = [d for d in server.downs if at(d.end_ms) > window.start.lo_ns and at(d.start_ms) < window.end.hi_ns]
        assert covers(window.start, inside[0].start_ms)
        assert covers(window.end, inside[-1].end_ms)
        assert window.first_success is not None and window.first_success.hi_ns <= window.end.hi_ns
    seen = [
        d for d in server.downs if any(w.start.lo_ns <= at(d.start_ms) <= at(d.end_ms) <= w.end.hi_ns for w in windows)
    ]
    assert seen == list(server.downs)


@settings(max_examples=60)
@given(st.floats(0, 50), st.floats(1100, 2000), st.integers(0, 2**32))
def test_brackets_cover_a_freeze(start_ms, length_ms, seed):
    server = Server((Down(start_ms, start_ms + length_ms, "frozen"),))
    (window,) = outages.find(ask(server, start_ms + length_ms + 2500, EVERY_MS, 4.0, seed), round(DEADLINE_MS * 1e6))
    assert window.end is not None
    assert covers(window.start, start_ms) and covers(window.end, start_ms + length_ms)


@settings(max_examples=60)
@given(st.floats(0, 50), st.floats(20, 400), st.sampled_from(["refuses", "silent"]), st.integers(0, 2**32))
def test_a_bracket_is_no_wider_than_the_operations_around_it(start_ms, length_ms, manner, seed):
    server = Server((Down(start_ms, start_ms + length_ms, manner),))
    (window,) = outages.find(ask(server, start_ms + length_ms + 2500, EVERY_MS, 1.0, seed), round(DEADLINE_MS * 1e6))
    assert window.end is not None
    assert window.end.hi_ns - window.end.lo_ns <= 3 * EVERY_MS * 1e6
    if manner == "refuses":
        assert window.start.hi_ns - window.start.lo_ns <= 3 * EVERY_MS * 1e6


@settings(max_examples=150)
@given(st.text(".xx?", min_size=1, max_size=80), st.integers(0, 80), st.booleans())
def test_a_success_more_never_lengthens_an_outage(pattern, where, instead):
    """Whether it takes a failure's place or comes in addition."""
    ops = stream("." * 30 + pattern + "." * 60, 0, 50)
    where = 30 + where % len(pattern)
    more = op(9999, where * 50 + (0 if instead else 25))
    kept = [*ops[:where], *ops[where + 1 :]] if instead else ops
    after = sorted([*kept, more], key=lambda one: one.due_ns)
    assert _down_ns(outages.find(after)) <= _down_ns(outages.find(ops))


def _down_ns(windows) -> float:
    return sum(window.end.middle_ns - window.start.middle_ns for window in windows)


@settings(max_examples=50)
@given(st.text(".xx?", max_size=60), st.integers(-999_999, 10**15))
def test_only_differences_of_times_matter(pattern, shift_ns):
    ops = stream("." * 30 + pattern + "." * 60, 0, 50)
    shifted = [
        Op(
            o.op,
            o.lane,
            o.f,
            o.due_ns + shift_ns,
            outcome=o.outcome,
            sent_ns=o.sent_ns + shift_ns,
            done_ns=o.done_ns + shift_ns,
        )
        for o in ops
    ]
    before, after = outages.find(ops), outages.find(shifted)
    assert [w.start.lo_ns + shift_ns for w in before] == [w.start.lo_ns for w in after]
    assert [w.end.hi_ns + shift_ns for w in before if w.end] == [w.end.hi_ns for w in after if w.end]


def test_unsent_operations_only_make_no_window():
    assert outages.find([unsent(number, number * 10) for number in range(50)]) == []
