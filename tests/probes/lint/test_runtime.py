"""Whether rollbacks are there, and played."""

import pytest

from .writing import PROBES, findings, told

LOOKS = f"[{{name: a, type: probe, provider: {{{PROBES}, func: recovery_time}}}}]"
SKIPS = "rollbacks are skipped when the run is interrupted or has failed"


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"rollbacks": "-"}, "there are no rollbacks"),
        ({"rollbacks": "[]"}, "there are no rollbacks"),
        ({"runtime": "-"}, SKIPS),
        ({"runtime": "null"}, SKIPS),
        ({"runtime": "{hypothesis: {strategy: default}}"}, SKIPS),
        (
            {"runtime": "{hypothesis: {strategy: default}, rollbacks: {strategy: default}}"},
            "runtime.rollbacks.strategy default skips the rollbacks when the run is interrupted",
        ),
        (
            {"runtime": "{hypothesis: {strategy: default}, rollbacks: {strategy: deviated}}"},
            "runtime.rollbacks.strategy deviated skips the rollbacks unless",
        ),
        (
            {"runtime": "{hypothesis: {strategy: default}, rollbacks: {strategy: allways}}"},
            "runtime.rollbacks.strategy allways skips the rollbacks always: it is not known",
        ),
        ({"runtime": "{rollbacks: {strategy: always}}"}, "runtime names no hypothesis strategy"),
        (
            {"runtime": "{hypothesis: {strategy: continuous}, rollbacks: {strategy: always}}"},
            "runtime.hypothesis.strategy continuous is none of",
        ),
    ],
)
def test_says_no(parts: dict[str, str], what: str) -> None:
    assert [one for one in told(**parts) if one.startswith(what)], told(**parts)


def test_what_changes_nothing_needs_no_rollbacks() -> None:
    assert told(method=LOOKS, rollbacks="-", runtime="-") == []


@pytest.mark.parametrize("strategy", ["default", "continuously", "after-method-only"])
def test_any_strategy_of_the_hypothesis_is_taken(strategy: str) -> None:
    assert told(runtime=f"{{hypothesis: {{strategy: {strategy}}}, rollbacks: {{strategy: always}}}}") == []


def test_a_near_miss_is_named() -> None:
    (finding,) = findings(runtime="{hypothesis: {strategy: continuosly}, rollbacks: {strategy: always}}")
    assert finding.remedy == "did you mean continuously?"
