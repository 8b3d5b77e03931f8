"""The experiment as `chaos run` would see it."""

import json
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.errors import BadConfiguration
from chaosmongo.preflight import BadExperiment, load

from .objects import experiment, step

DOCUMENT: dict[str, Any] = {
    "title": "t",
    "configuration": {
        "namespace": {"type": "env", "key": "PREFLIGHT_NAMESPACE", "default": "pacman"},
        "statefulset": "mongo",
        "rto_s": {"type": "env", "key": "PREFLIGHT_RTO_S", "default": 30, "env_var_type": "float"},
    },
    "method": [step("delete_pod", namespace="${namespace}", name="${statefulset}-0", grace_period_s=5)],
}


def write(directory: Path, **changes: Any) -> str:
    file = directory / "experiment.json"
    file.write_text(json.dumps(DOCUMENT | changes))
    return str(file)


class TestValues:
    def test_are_put_in(self, tmp_path: Path) -> None:
        (fault,) = load(write(tmp_path), {}, []).faults
        assert (fault.text("namespace"), fault.text("name"), fault.get("grace_period_s")) == ("pacman", "mongo-0", 5)

    def test_that_are_left_out_are_those_of_the_fault(self, tmp_path: Path) -> None:
        (fault,) = load(write(tmp_path), {}, []).faults
        assert (fault.get("label_selector"), fault.get("timeout_s")) == ("", 10)

    def test_come_from_the_command_line(self, tmp_path: Path) -> None:
        found = load(write(tmp_path), {"namespace": "mine", "rto_s": "7"}, [])
        assert (found.faults[0].text("namespace"), found.config.rto_s) == ("mine", 7)

    def test_come_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "values.json").write_text(json.dumps({"configuration": {"statefulset": "db"}}))
        (fault,) = load(write(tmp_path), {}, [str(tmp_path / "values.json")]).faults
        assert fault.text("name") == "db-0"

    def test_come_from_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PREFLIGHT_NAMESPACE", "theirs")
        assert load(write(tmp_path), {}, []).config.namespace == "theirs"

    def test_that_only_a_probe_would_find_are_not_found_out(self, tmp_path: Path) -> None:
        never = {"type": "probe", "name": "n", "provider": {"type": "process", "path": "touch", "arguments": "x"}}
        found = load(write(tmp_path, configuration={"mongo_uri": never}), {}, [])
        assert (found.unknown, found.config.mongo_uri) == (["mongo_uri"], "")


class TestWhatCannotBeRead:
    def test_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadExperiment, match=r"nowhere\.yaml cannot be read as an experiment"):
            load(str(tmp_path / "nowhere.yaml"), {}, [])

    @pytest.mark.parametrize("text", ["{", "[]", '{"method": 1}', '{"title": "t"}', '{"method": [{"name": "x"}]}'])
    def test_is_no_experiment(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "e.json").write_text(text)
        with pytest.raises(BadExperiment):
            load(str(tmp_path / "e.json"), {}, [])

    def test_is_a_value_that_is_not_there(self, tmp_path: Path) -> None:
        missing = {"namespace": {"type": "env", "key": "PREFLIGHT_NOT_SET"}}
        with pytest.raises(BadConfiguration, match="PREFLIGHT_NOT_SET"):
            load(write(tmp_path, configuration=missing), {}, [])

    def test_is_a_value_that_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(BadConfiguration, match="rto_s: 'soon' is no number"):
            load(write(tmp_path), {"rto_s": "soon"}, [])


class TestFaults:
    def test_are_told_from_other_actions(self) -> None:
        names = ("seed_high_scores", "delete_pod", "wait_for_recovery", "kill_pod", "read_back")
        assert [fault.name for fault in experiment(*map(step, names)).faults] == ["delete_pod", "kill_pod"]

    def test_know_what_comes_before_and_after(self) -> None:
        first, second = experiment(
            step("crash_node", namespace="pacman", node="one"),
            step("take_out_of_service", namespace="pacman"),
            rollbacks=(step("take_back_faults"),),
        ).faults
        assert (list(first.earlier), first.later) == ([], ("take_out_of_service", "take_back_faults"))
        assert (list(second.earlier), second.taken_back) == ([first], True)

    def test_of_others_are_none_of_ours(self) -> None:
        theirs = step("terminate_pods")
        theirs["provider"]["module"] = "chaosk8s.pod.actions"
        process = {"type": "action", "name": "p", "provider": {"type": "process", "path": "true"}}
        found = experiment(theirs, process)
        assert (found.faults, [one.name for one in found.others]) == ([], ["terminate pods", "p"])
