"""What every activity does with its arguments."""

import pytest
from chaoslib.exceptions import ActivityFailed
from chaosmongo.activity import activity


@activity
def wait(name: str, timeout_s: float = 5, count: int = 1) -> list:  # type: ignore[type-arg]
    return [name, timeout_s, count]


class TestArguments:
    def test_that_are_numbers_may_come_as_text(self) -> None:
        assert wait("7", timeout_s="2.5", count="3") == ["7", 2.5, 3]  # type: ignore[arg-type]

    def test_of_their_own_type_are_left_alone(self) -> None:
        assert wait("a", 7) == ["a", 7, 1]

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"timeout_s": "soon"}, "wait: timeout_s: 'soon' is no number"),
            ({"count": "2.5"}, "wait: count: '2.5' is no whole number"),
        ],
    )
    def test_that_are_no_numbers_fail_and_are_named(self, given: dict[str, str], told: str) -> None:
        with pytest.raises(ActivityFailed, match=told):
            wait("a", **given)  # type: ignore[arg-type]
