"""`chaos recovery permissions`: roles for an experiment, from its text alone."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from recoveryreport.commands.permissions import permissions

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DELETE = EXPERIMENTS / "mongo-pod-delete.yaml"
DRAIN = EXPERIMENTS / "node-drain.yaml"


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(permissions, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def granted(*arguments: object) -> list[dict[str, Any]]:
    result = invoke(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return list(yaml.safe_load_all(result.stdout))


def rules(*arguments: object) -> list[dict[str, Any]]:
    return [rule for found in granted(*arguments) for rule in found.get("rules", [])]


def changed(directory: Path, *changes: tuple[str, str]) -> Path:
    text = DELETE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = directory / "changed.yaml"
    file.write_text(text)
    return file


def test_a_role_where_the_experiment_is_at_work_and_one_for_the_cluster_are_bound_to_the_account() -> None:
    found = granted(DELETE)
    assert [(one["kind"], one["metadata"].get("namespace")) for one in found] == [
        ("ClusterRole", None),
        ("ClusterRoleBinding", None),
        ("Role", "pacman"),
        ("RoleBinding", "pacman"),
    ]
    assert {one["metadata"]["name"] for one in found} == {"chaos-recovery-check"}
    for role, binding in zip(found[::2], found[1::2], strict=True):
        assert binding["roleRef"] == {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": role["kind"],
            "name": role["metadata"]["name"],
        }
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "recovery-check", "namespace": "chaos"}]


def test_accounts_have_roles_of_their_own() -> None:
    found = granted(DELETE, "--namespace", "ops", "--service-account", "nightly")
    assert {one["metadata"]["name"] for one in found} == {"ops-nightly"}
    assert found[1]["subjects"] == [{"kind": "ServiceAccount", "name": "nightly", "namespace": "ops"}]


def test_only_the_pod_that_is_deleted_may_be_deleted() -> None:
    deletions = [rule for rule in rules(DELETE) if "delete" in rule["verbs"] and "pods" in rule["resources"]]
    assert deletions == [
        {"apiGroups": [""], "resources": ["pods"], "resourceNames": ["mongo-0"], "verbs": ["delete", "get"]}
    ]


def test_the_configuration_is_read_as_a_run_reads_it() -> None:
    found = granted(DELETE, "--var", "namespace=shop", "--var", "statefulset=db")
    assert found[2]["metadata"]["namespace"] == "shop"
    assert ["db-0"] in [rule.get("resourceNames") for rule in found[2]["rules"]]


def test_several_experiments_are_granted_together() -> None:
    both = rules(DELETE, DRAIN)
    asked = {(resource, verb) for rule in both for resource in rule["resources"] for verb in rule["verbs"]}
    assert {("pods", "delete"), ("pods/eviction", "create"), ("nodes", "patch")} <= asked
    assert len(granted(DELETE, DRAIN)) == 4


def test_the_pods_of_a_load_are_beside_the_runner(tmp_path: Path) -> None:
    in_pods = changed(
        tmp_path,
        (
            "      func: start_workload\n      arguments:\n",
            "      func: start_workload\n      arguments:\n        pods: 2\n",
        ),
    )
    found = granted(in_pods, "--namespace", "ops")
    (role,) = [one for one in found if (one["kind"], one["metadata"].get("namespace")) == ("Role", "ops")]
    assert {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete", "get"]} in role["rules"]


def test_what_a_run_can_do_without_is_marked() -> None:
    lines = invoke(DELETE).stdout.splitlines()
    nodes = lines.index("    resources: [nodes]")
    assert lines[nodes - 2] == "  # observer; a run can do without"
    assert "  # delete_pod" in lines


MODULES = ("chaosk8s.pod.actions", "chaosmongo.faults.delete_pod", "")


@pytest.mark.parametrize("module", MODULES)
def test_activities_of_others_are_named_and_it_exits_1(tmp_path: Path, module: str) -> None:
    ours = "{type: python, module: chaosmongo.actions, func: stop_workload}"
    theirs = f"{{type: python, module: {module}, func: stop_workload}}" if module else "{type: process, path: kubectl}"
    result = invoke(changed(tmp_path, (ours, theirs)))
    assert result.exit_code == 1
    told = f"'stop the load' ({f'{module}.stop_workload' if module else 'process'}) is none of ours"
    assert result.stderr == f"Warning: {told}: what it asks for is not known, and not in it\n"
    assert list(yaml.safe_load_all(result.stdout)) == granted(DELETE)


def test_so_is_a_function_that_we_do_not_have(tmp_path: Path) -> None:
    result = invoke(changed(tmp_path, ("func: stop_workload", "func: stop_everything")))
    assert result.exit_code == 1
    assert "(chaosmongo.actions.stop_everything) is none of ours" in result.stderr


def test_plain_http_asks_no_cluster(tmp_path: Path) -> None:
    ours = "{type: python, module: chaosmongo.probes, func: scores_are_served}"
    assert invoke(changed(tmp_path, (ours, "{type: http, url: http://pacman/}"))).exit_code == 0


class TestWhatCannotBeTold:
    def test_a_fault_aimed_elsewhere_than_the_experiment_may(self, tmp_path: Path) -> None:
        result = invoke(changed(tmp_path, ('arguments: {namespace: "${namespace}"', "arguments: {namespace: shop")))
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            "Error: 'delete mongo-0 gracefully' is aimed at namespace 'shop', the experiment may touch 'pacman' alone\n"
        )

    def test_a_fault_that_cannot_be_called(self, tmp_path: Path) -> None:
        result = invoke(changed(tmp_path, (", grace_period_s: ", ", grace: ")))
        assert result.exit_code == 2
        assert "'delete mongo-0 gracefully' cannot be called like this" in result.stderr

    def test_a_value_that_only_the_run_finds(self, tmp_path: Path) -> None:
        dynamic = "namespace: {type: probe, provider: {type: python, module: m, func: f}}"
        file = changed(tmp_path, ("namespace: {type: env, key: NAMESPACE, default: pacman}", dynamic))
        result = invoke(file)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "namespace is only known when" in result.stderr

    def test_no_cluster(self) -> None:
        result = invoke(DELETE, "--var", "namespace=", "--var", "mongo_uri=mongodb://h")
        assert result.exit_code == 2
        assert "without a cluster it needs no permissions" in result.stderr

    def test_no_experiment(self, tmp_path: Path) -> None:
        assert invoke().exit_code == 2
        assert invoke(tmp_path / "none.yaml").exit_code == 2

    def test_no_name_of_an_account(self) -> None:
        assert invoke(DELETE, "--service-account", "a: b").exit_code == 2
