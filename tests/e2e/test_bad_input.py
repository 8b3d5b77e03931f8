"""Wrong arguments and missing things: one message that names what was wrong and what to do; nothing is touched."""

import json
from pathlib import Path

import pytest

from tests.e2e.commands import run

pytestmark = pytest.mark.e2e

CHAOS = ["chaos", "--no-version-check"]
RUN = [*CHAOS, "run", "experiments/mongo-pod-delete.yaml"]


def a_run(directory: Path, **changes: object) -> Path:
    document = {
        "run": "x/1",
        "marker": "chaos-1-",
        "title": "t",
        "description": "",
        "experiment": {},
        "anchor": {"time_ns": 0, "wall_ns": 0},
        "target": {"namespace": "pacman", "statefulset": "mongo", "database": "pacman", "collection": "highscore"},
        "objectives": {"rto_s": {}, "rpo_writes": 0},
        "environment": {},
        "horizon_s": 60,
        "format": 1,
    }
    (directory / "run.json").write_text(json.dumps(document | changes))
    return directory


class TestWithoutACluster:
    def test_the_run_stops_and_says_which_two_commands_would_give_one(self, place: Path) -> None:
        ended = run(RUN, place)
        assert ended.status == 1
        assert "kubelab exec -- chaos run" in ended.output
        assert "kubectl apply -f manifests/" in ended.output
        assert "Traceback" not in ended.output
        assert not (place / "runs").exists()

    def test_an_api_server_that_does_not_answer_is_named(self, place: Path, tmp_path: Path) -> None:
        config = tmp_path / "kubeconfig"
        config.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
            "contexts: [{name: x, context: {cluster: x, user: x}}]\n"
            "clusters: [{name: x, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: x, user: {}}]\n"
        )
        ended = run(RUN, place, KUBECONFIG=str(config))
        assert ended.status == 1
        assert "https://127.0.0.1:1 does not answer" in ended.output
        assert "Traceback" not in ended.output


class TestWithoutADatabase:
    def test_a_uri_where_nobody_listens_is_named_without_its_password(self, place: Path) -> None:
        ended = run([*RUN, "--var", "namespace=", "--var", "mongo_uri=mongodb://me:s3cr3t@127.0.0.1:1/x"], place)
        assert ended.status == 1
        assert "MongoDB at 127.0.0.1:1 does not answer" in ended.output
        assert "Traceback" not in ended.output
        assert "s3cr3t" not in ended.output
        assert "s3cr3t" not in (place / "chaostoolkit.log").read_text()
        assert "s3cr3t" not in (place / "journal.json").read_text()

    def test_a_uri_that_is_none(self, place: Path) -> None:
        ended = run([*RUN, "--var", "namespace=", "--var", "mongo_uri=postgres://me:s3cr3t@127.0.0.1/x"], place)
        assert ended.status == 1
        assert "mongo_uri is no MongoDB URI" in ended.output
        assert "s3cr3t" not in ended.output

    def test_neither_namespace_nor_uri(self, place: Path) -> None:
        ended = run([*RUN, "--var", "namespace="], place)
        assert ended.status == 1
        assert "mongo_uri must say where MongoDB is" in ended.output

    def test_an_objective_that_is_no_number(self, place: Path) -> None:
        ended = run([*RUN, "--var", "rto_s=soon"], place)
        assert ended.status == 1
        assert "rto_s: 'soon' is no number" in ended.output


@pytest.mark.parametrize("command", ["verdict", "report"])
class TestJudging:
    def test_a_directory_that_is_not_there(self, place: Path, command: str) -> None:
        ended = run([*CHAOS, "recovery", command, "runs/nowhere"], place)
        assert ended.status == 2
        assert "runs/nowhere" in ended.output
        assert "Traceback" not in ended.output

    def test_a_newer_format(self, place: Path, tmp_path: Path, command: str) -> None:
        ended = run([*CHAOS, "recovery", command, str(a_run(tmp_path, format=99))], place)
        assert ended.status == 2
        assert "format 99" in ended.output
        assert "Traceback" not in ended.output

    def test_a_run_json_that_is_torn(self, place: Path, tmp_path: Path, command: str) -> None:
        file = a_run(tmp_path) / "run.json"
        file.write_bytes(file.read_bytes()[:100])
        ended = run([*CHAOS, "recovery", command, str(tmp_path)], place)
        assert ended.status == 2
        assert "damaged" in ended.output
        assert "Traceback" not in ended.output

    def test_a_run_that_crashed_at_its_very_beginning(self, place: Path, tmp_path: Path, command: str) -> None:
        ended = run([*CHAOS, "recovery", command, str(a_run(tmp_path))], place)
        assert ended.status == (2 if command == "verdict" else 0)
        assert "UNKNOWN" in ended.output
        assert "Traceback" not in ended.output


def test_every_activity_is_discovered_with_its_arguments_and_types(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "discovery.json"
    ended = run([*CHAOS, "discover", "--no-install", "--discovery-path", str(file), "chaostoolkit-mongodb"], place)
    assert ended.status == 0, ended.output
    found = {activity["name"]: activity for activity in json.loads(file.read_text())["activities"]}
    assert {"seed_high_scores", "start_workload", "stop_workload", "delete_pod"} <= found.keys()
    assert {"mongo_is_available", "seeded_scores_intact", "scores_are_served", "statefulset_is_ready"} <= found.keys()
    for activity in found.values():
        assert activity["doc"], activity["name"]
        assert activity["return_type"] in ("boolean", "mapping"), activity["name"]
        for argument in activity["arguments"]:
            assert argument["type"] in ("string", "integer", "number", "boolean", "list", "mapping"), argument
