"""Our workflows, and those that users copy: what no linter looks at."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from .steps import BIN, ROOT, WORKFLOWS, jobs, scripts

KIND = ROOT / ".github/kind"
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
class TestAWorkflow:
    def test_may_do_nothing_but_what_a_job_says_and_for_no_longer(self, workflow: Path) -> None:
        assert yaml.safe_load(workflow.read_text())["permissions"] == {}
        for job in jobs(workflow).values():
            assert set(job["permissions"].values()) <= {"read", "write"}
            assert 1 <= job["timeout-minutes"] <= 120

    def test_names_the_commit_of_every_action(self, workflow: Path) -> None:
        used = [step["uses"] for job in jobs(workflow).values() for step in job["steps"] if "uses" in step]
        assert used
        assert [one for one in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", one)] == []

    def test_has_shell_that_shellcheck_passes(self, workflow: Path, tmp_path: Path) -> None:
        for number, step in enumerate(scripts(workflow).values()):
            text = EXPRESSION.sub("expression", step["run"])
            (tmp_path / f"{number}.sh").write_text(f"#!/usr/bin/env bash\nset -e\n{text}\n")
        files = sorted(tmp_path.glob("*.sh"))
        ended = subprocess.run([BIN / "shellcheck", *files], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout

    def test_puts_nothing_from_outside_into_a_script(self, workflow: Path) -> None:
        assert [step["run"] for step in scripts(workflow).values() if EXPRESSION.search(step["run"])] == []


def test_all_workflows_use_the_same_version_of_an_action() -> None:
    """Also the one to be copied, of which nobody proposes newer ones."""
    used = {
        step["uses"] for path in WORKFLOWS for job in jobs(path).values() for step in job["steps"] if "uses" in step
    }
    names = [one.partition("@")[0] for one in used]
    assert sorted(set(names)) == sorted(names)


def test_one_job_alone_may_write_and_it_runs_no_code_of_a_pull_request() -> None:
    found = {name: job for path in WORKFLOWS for name, job in jobs(path).items()}
    (writing,) = (job for job in found.values() if "write" in job["permissions"].values())
    assert writing["permissions"] == {"pull-requests": "write"}
    assert [step["uses"].partition("@")[0] for step in writing["steps"] if "uses" in step] == [
        "actions/download-artifact"
    ]
    assert "head.repo.full_name == github.repository" in writing["if"]


class TestKind:
    """What can be said of it without one."""

    def commands(self) -> list[list[str]]:
        return [shlex.split(step["run"]) for step in scripts(ROOT / ".github/workflows/kind.yml").values()]

    def test_runs_scripts_that_are_there(self) -> None:
        named = {word for words in self.commands() for word in words if word.startswith(".github/")}
        assert len(named) == 4
        assert [one for one in named if not os.access(ROOT / one, os.X_OK)] == []

    def test_makes_what_is_made_here(self) -> None:
        made = {words[words.index("make") + 1] for words in self.commands() if "make" in words}
        assert made == {"setup", "conformance", "experiments"}
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert made <= set(targets)

    @pytest.mark.parametrize("given", ["", "CONFORMANCE_KUBECONFIG=x"])
    def test_asks_another_cluster_for_the_conformance_cases_alone(self, given: str) -> None:
        """Those of the lab wait for the lanes before them."""
        told = ["make", "--dry-run", "--always-make", "conformance", *given.split()]
        ended = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, check=True)
        assert (ended.stdout.count("pytest") == 1) == bool(given)

    def test_sets_what_experiments_read(self) -> None:
        (step,) = (
            one for one in scripts(ROOT / ".github/workflows/kind.yml").values() if "KEEP_RUNS" in one.get("env", ())
        )
        keys = {
            value["key"]
            for file in (ROOT / "experiments").glob("**/*.yaml")
            for value in (yaml.safe_load(file.read_text()).get("configuration") or {}).values()
            if isinstance(value, dict)
        }
        assert set(step["env"]) - keys == {"KEEP_RUNS"}
        commands = {key for key in keys if key.endswith("_COMMAND")}
        assert commands <= set(step["env"])

    @pytest.mark.parametrize(("file", "pods_run_on"), [("one-node.yaml", 1), ("three-nodes.yaml", 3)])
    def test_has_nodes_that_may_be_hit_and_see_the_disk(self, file: str, pods_run_on: int) -> None:
        nodes = yaml.safe_load((KIND / file).read_text())["nodes"]
        allowed = [node for node in nodes if node.get("labels") == {"chaos.mongodb/allowed": "true"}]
        assert len(allowed) == pods_run_on
        (disk,) = {mount["hostPath"] for node in nodes for mount in node["extraMounts"]}
        assert disk in (KIND / "disk").read_text()
        assert all(node["extraMounts"] == nodes[0]["extraMounts"] for node in nodes)

    def test_has_a_class_for_every_claim(self) -> None:
        settings, made = yaml.safe_load_all((KIND / "storage.yaml").read_text())
        classes = json.loads(settings["data"]["config.json"])["storageClassConfigs"]
        assert set(classes) == {"standard", made["metadata"]["name"]}
        claims = [yaml.safe_load(file.read_text()) for file in (ROOT / "manifests").glob("**/20-claim.yaml")]
        assert {claim["spec"]["storageClassName"] for claim in claims if "storageClassName" in claim["spec"]} <= set(
            classes
        )

    def test_finds_the_application_s_image_in_the_manifests(self, tmp_path: Path) -> None:
        """Its script's own last lines, on a copy."""
        shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
        script = (KIND / "prepare").read_text().partition("mkdir -p build/kind\n")[2]
        assert script
        (tmp_path / "build/kind").mkdir(parents=True)
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, check=True)
        for folder in ("manifests", "build/kind/manifests"):
            said = [
                yaml.safe_load(file.read_text())["spec"]["template"]["spec"]["containers"][0]["image"]
                for file in (tmp_path / folder).glob("**/50-pacman.yaml")
            ]
            assert len(said) > 5
            (image,) = set(said)
            assert (image == "pacman:kind") == (folder != "manifests")


@pytest.mark.parametrize(
    "script", sorted(path for path in KIND.iterdir() if not path.suffix), ids=lambda path: path.name
)
def test_a_script_stops_at_its_first_failure(script: Path) -> None:
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script.read_text()
