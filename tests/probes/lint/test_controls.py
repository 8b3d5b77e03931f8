"""What is called around an experiment, and whether the recording is on."""

import pytest

from .writing import CLEAN, findings, method, probe, told

RECORD = "chaosmongo.controls.record"


def controls(*providers: str, more: str = "") -> dict[str, str]:
    """Beside the one that records."""
    others = "".join(f", {{name: c, provider: {{type: python, {provider}}}}}" for provider in providers)
    return {"controls": f"[{{name: record, provider: {{type: python, module: {RECORD}}}{more}}}{others}]"}


class TestModules:
    def test_that_cannot_be_imported(self) -> None:
        (finding,) = findings(**controls("module: chaosmongo.control.record"))
        assert finding.what.startswith("the control chaosmongo.control.record cannot be imported")
        assert finding.remedy == f"did you mean {RECORD}?"

    def test_that_have_no_hooks(self) -> None:
        assert told(**controls("module: chaosmongo.config")) == ["chaosmongo.config has no hook of a control"]

    def test_of_a_step_are_looked_at_too(self) -> None:
        control = "{name: c, provider: {type: python, module: nowhere}}"
        step = f"{{name: a, type: action, provider: {{type: process, path: ls}}, controls: [{control}]}}"
        assert told(**method(step)) == [
            "the control nowhere cannot be imported, and the experiment runs without it: it is not installed"
        ]


class TestArguments:
    def test_that_a_hook_does_not_take(self) -> None:
        found = told(**controls("module: tests.probes.lint.called, arguments: {depth: 1, dept: 1}"))
        assert found == ["before_activity_control takes no argument dept, and is skipped without a word"]

    def test_that_a_hook_needs(self) -> None:
        found = told(**controls("module: tests.probes.lint.called"))
        assert found == ["before_activity_control needs an argument depth, and is skipped without a word"]

    def test_that_it_takes(self) -> None:
        assert told(**controls("module: tests.probes.lint.called, arguments: {depth: 1}")) == []


class TestRecording:
    MISSING = f"the control {RECORD} is missing at the top level: nothing is recorded, and chaosmongo refuses to work"

    @pytest.mark.parametrize("parts", [{"controls": "-"}, {"controls": "[]"}])
    def test_is_missing(self, parts: dict[str, str]) -> None:
        assert told(**parts) == [self.MISSING]

    def test_of_a_step_alone_is_not_enough(self) -> None:
        parts = {
            "controls": "-",
            "method": CLEAN["method"].replace("name: seed", f"controls: {CLEAN['controls']}, name: s"),
        }
        assert told(**parts) == [self.MISSING]

    def test_is_not_needed_by_others(self) -> None:
        step = "{name: a, type: action, provider: {type: process, path: ls}}"
        others = method(step) | probe("0", "type: process, path: ls") | {"rollbacks": f"[{step}]", "controls": "-"}
        assert told(**others) == []

    @pytest.mark.parametrize("more", [", scope: before", ", automatic: false"])
    def test_is_only_in_part(self, more: str) -> None:
        (found,) = told(**controls(more=more))
        assert found.endswith(f"of its hooks of {RECORD} out")
