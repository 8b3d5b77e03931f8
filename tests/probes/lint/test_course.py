"""What is begun and not ended."""

import pytest

from .writing import STOP, action, method, told

START, STOPS = action("start_workload"), action("stop_workload")
IN_METHOD = "start_workload without stop_workload after it in the method"
IN_ROLLBACKS = "start_workload without stop_workload in the rollbacks: a method that breaks off leaves the load on"
OTHER = "{name: a, type: action, provider: {type: process, path: ls}}"


@pytest.mark.parametrize(
    ("activities", "rollbacks", "said"),
    [
        ((START,), STOP, [IN_METHOD]),
        ((STOPS, START), STOP, [IN_METHOD]),
        ((START, STOPS, "{ref: start_workload}"), STOP, [IN_METHOD]),
        ((START, STOPS), OTHER, [IN_ROLLBACKS]),
        ((START,), OTHER, [IN_METHOD, IN_ROLLBACKS]),
        ((START, STOPS), STOP, []),
        ((START, STOPS), "{ref: stop_workload}", []),
        ((OTHER,), OTHER, []),
    ],
)
def test_the_load_is_stopped(activities: tuple[str, ...], rollbacks: str, said: list[str]) -> None:
    assert told(**method(*activities), rollbacks=f"[{rollbacks}]") == said
