"""What is waited for without bound."""

import pytest

from .writing import ACTIONS, action, findings, method, told

BACK = "background: true"


@pytest.mark.parametrize(
    ("activity", "what"),
    [
        (action("stop_workload", more=BACK), "stop_workload in the background has no end of its own"),
        (
            f"{{name: a, type: action, provider: {{type: process, path: ls}}, {BACK}}}",
            "in the background, a process provider without a timeout is waited for without bound",
        ),
        (
            f"{{name: a, type: action, provider: {{type: http, url: x}}, {BACK}}}",
            "in the background, a http provider without a timeout is waited for without bound",
        ),
    ],
)
def test_in_the_background_without_an_end(activity: str, what: str) -> None:
    (found,) = told(**method(activity))
    assert found.startswith(what)


@pytest.mark.parametrize(
    "activity",
    [
        action("wait_for_recovery", more=BACK),
        action("cut_off", "{namespace: a, label_selector: b=c, for_s: 3}", BACK),
        action("stop_workload"),
        f"{{name: a, type: action, provider: {{type: process, path: ls, timeout: 3}}, {BACK}}}",
        f"{{name: a, type: action, provider: {{type: http, url: x, timeout: 3}}, {BACK}}}",
        "{name: a, type: action, provider: {type: process, path: ls}}",
    ],
)
def test_with_an_end_or_in_front(activity: str) -> None:
    assert told(**method(activity)) == []


@pytest.mark.parametrize(
    ("activity", "remedy"),
    [
        (action("read_back", more="timeout: 3"), "give the function timeout_s in arguments"),
        (action("stop_workload", more="timeout: 3"), "take it out"),
        (
            f"{{name: a, type: action, provider: {{{ACTIONS}, func: read_back, timeout: 3}}}}",
            "give the function timeout_s in arguments",
        ),
        ("{name: a, type: action, provider: {type: process, path: ls}, timeout: 3}", "put it into its provider"),
    ],
)
def test_a_timeout_that_nothing_enforces(activity: str, remedy: str) -> None:
    (finding,) = findings(**method(activity))
    assert (finding.what, finding.remedy) == ("nothing enforces this timeout", remedy)
