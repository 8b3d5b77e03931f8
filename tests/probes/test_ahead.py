"""Working ahead: the same items in the same order, one made beside the caller, and every error where it is seen."""

import threading
from collections.abc import Iterator

import pytest
from chaosmongo.ahead import AHEAD, ahead


def test_the_items_are_the_same_in_the_same_order() -> None:
    assert list(ahead(iter([1, None, 3]))) == [1, None, 3]
    assert list(ahead(iter([]))) == []


def test_what_the_items_raise_is_raised_after_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broke")

    seen = []
    with pytest.raises(ValueError, match="broke"):
        for item in ahead(items()):
            seen.append(item)
    assert seen == [1]


def test_two_are_made_while_the_last_is_used_and_never_more() -> None:
    made: list[int] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in range(6):
            made.append(number)
            if number == AHEAD:
                third.set()
            yield number

    used = ahead(items())
    assert next(used) == 0
    assert third.wait(10)
    used.close()
    assert made == [0, 1, 2]


def test_leaving_early_makes_none_of_those_that_were_to_come() -> None:
    made: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        for number in range(6):
            if number == 1:
                begun.set()
                go_on.wait(10)
            made.append(number)
            yield number

    used = ahead(items())
    assert next(used) == 0
    assert begun.wait(10)
    threading.Timer(0.05, go_on.set).start()
    used.close()
    assert made == [0, 1]
