"""The schedule: open-loop, nothing left out, no drift."""

from chaosmongo.history.records import LanePlan
from chaosmongo.workload.schedule import READS_BEGIN_NS, Schedule
from chaosmongo.workload.settings import Share
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000


def plan(**rates: float) -> dict[str, LanePlan]:
    return {"driver": LanePlan(rates, 1, "uri")}


def test_gives_each_function_its_rate() -> None:
    due = Schedule(plan(write=20, hello=200), 0).until(10 * SECOND)
    assert sum(f == "write" for _, _, f in due) == 200
    assert sum(f == "hello" for _, _, f in due) == 2000


def test_does_not_drift_where_the_period_is_no_whole_number() -> None:
    due = [when for when, _, _ in Schedule(plan(write=3), 0).until(3000 * SECOND)]
    assert due[-1] == round(8999 * SECOND / 3)


def test_reads_begin_when_there_is_something_to_read() -> None:
    first = {f: when for when, _, f in reversed(Schedule(plan(write=20, read=5), 0).until(3 * SECOND))}
    assert first["read"] >= READS_BEGIN_NS > first["write"]


def test_a_rate_of_zero_is_left_out() -> None:
    assert Schedule(plan(write=0), 0).until(SECOND) == []


@given(st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=30), st.floats(0.5, 999), st.floats(0.5, 999))
def test_however_often_it_is_asked_it_gives_each_operation_once_and_in_order(
    moments: list[int], one: float, other: float
) -> None:
    end = 3 * SECOND
    bit_by_bit = Schedule(plan(write=one, hello=other), 7)
    found = [due for moment in [*sorted(moments), end] for due in bit_by_bit.until(moment)]
    assert found == Schedule(plan(write=one, hello=other), 7).until(end)
    assert found == sorted(found)


@given(st.integers(1, 9), st.floats(0.5, 5000), st.floats(0.5, 99))
def test_the_shares_interleave_to_the_whole_and_each_is_even(shards: int, hello: float, write: float) -> None:
    end = SECOND // 2
    shares = [Schedule(plan(hello=hello, write=write), 7, Share(shard, shards)).until(end) for shard in range(shards)]
    assert sorted(due for share in shares for due in share) == Schedule(plan(hello=hello, write=write), 7).until(end)
    for f in ("hello", "write"):
        sizes = [sum(one == f for _, _, one in share) for share in shares]
        assert max(sizes) - min(sizes) <= 1
