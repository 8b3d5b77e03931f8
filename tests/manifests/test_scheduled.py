"""The scheduled check: a current API server takes what is applied, it fits together, and may do no more than needed."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from recoveryreport.commands import recovery

from tests.manifests.loading import Object
from tests.manifests.rendering import (
    KUSTOMIZATIONS,
    OPERATOR,
    SCHEDULED,
    by_key,
    check_pod,
    cron_job,
    experiments,
    job,
    rendered,
    trend_pod,
)
from tests.manifests.restricted import refused
from tests.manifests.strict import problems

ROOT = SCHEDULED.parents[1]
EXPERIMENTS = ROOT / "experiments"
PERMISSIONS = SCHEDULED / "base" / "permissions"
RBAC = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding")
OF_THE_OPERATOR = ("ChaosToolkitExperiment", "recovery-check-templates")
PODS = [
    pytest.param(folder, which, id=f"{folder.name}-{which.__name__}")
    for folder in KUSTOMIZATIONS
    for which in (check_pod, trend_pod)
]

each = pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: folder.name)
each_pod = pytest.mark.parametrize(("folder", "pod"), PODS)


def roles(folder: Path) -> list[Object]:
    return [item for item in rendered(folder) if item["kind"] in RBAC]


def granted(experiment: Path) -> str:
    result = CliRunner().invoke(recovery.commands["permissions"], [str(experiment)])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def of_the_map() -> dict[str, Path]:
    """Each key of the ConfigMap, and the file of ours that it holds."""
    (generator,) = yaml.safe_load((EXPERIMENTS / "Kustomization").read_text())["configMapGenerator"]
    pairs = [entry.partition("=") for entry in generator["files"]]
    return {key: EXPERIMENTS / (file or key) for key, _, file in pairs}


@each
class TestWhatIsApplied:
    def test_has_no_field_that_the_api_does_not_know(self, folder: Path) -> None:
        items = [item for item in rendered(folder) if item["kind"] != "ChaosToolkitExperiment"]
        assert {item["kind"]: found for item in items if (found := problems(item, f"V1{item['kind']}"))} == {}
        assert problems(cron_job(folder), "V1CronJob") == []

    def test_is_there_once_and_in_the_namespace_of_the_checks(self, folder: Path) -> None:
        items = rendered(folder)
        assert len(by_key(folder)) == len(items)
        spaces = {
            item["metadata"].get("namespace")
            for item in items
            if item["kind"] not in (*CLUSTER_WIDE, "Role", "RoleBinding")
            and not {item["kind"], item["metadata"]["name"]} & {*OF_THE_OPERATOR}
        }
        assert spaces == {"chaos"}
        assert by_key(folder)["Namespace", "chaos"]

    def test_no_fault_can_be_made_where_the_checks_run(self, folder: Path) -> None:
        assert "chaos.mongodb/allowed" not in by_key(folder)["Namespace", "chaos"]["metadata"]["labels"]

    def test_every_reference_leads_to_something_or_may_lead_nowhere(self, folder: Path) -> None:
        objects = by_key(folder)
        for pod in (check_pod(folder), trend_pod(folder)):
            for volume in pod["volumes"]:
                if claim := volume.get("persistentVolumeClaim"):
                    assert ("PersistentVolumeClaim", claim["claimName"]) in objects
                if config := volume.get("configMap"):
                    assert ("ConfigMap", config["name"]) in objects
                if secret := volume.get("secret"):
                    assert secret["optional"] is True
            names = {volume["name"] for volume in pod["volumes"]}
            assert {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]} == names
        assert ("ServiceAccount", check_pod(folder)["serviceAccountName"]) in objects

    def test_roles_are_bound_to_the_account_of_the_check(self, folder: Path) -> None:
        found = roles(folder)
        account = by_key(folder)["ServiceAccount", check_pod(folder)["serviceAccountName"]]["metadata"]
        bindings = [item for item in found if item["kind"].endswith("Binding")]
        assert {
            (item["roleRef"]["kind"], item["roleRef"]["name"], item["metadata"].get("namespace")) for item in bindings
        } == {
            (item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"))
            for item in found
            if item not in bindings
        }
        for item in bindings:
            assert item["subjects"] == [
                {"kind": "ServiceAccount"} | {key: account[key] for key in ("name", "namespace")}
            ]

    def test_the_service_leads_to_the_trends_port(self, folder: Path) -> None:
        objects = by_key(folder)
        service, deployment = objects["Service", "recovery-trend"], objects["Deployment", "recovery-trend"]
        assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
        (port,), (container,) = service["spec"]["ports"], trend_pod(folder)["containers"]
        assert port["targetPort"] in [one["name"] for one in container["ports"]]
        assert f"--port={container['ports'][0]['containerPort']}" in container["args"]

    def test_arguments_are_those_of_our_commands(self, folder: Path) -> None:
        for pod in (check_pod(folder), trend_pod(folder)):
            (container,) = pod["containers"]
            place = container["args"].index("recovery")
            before, (name, *arguments) = container["args"][:place], container["args"][place + 1 :]
            recovery.commands[name].make_context(name, list(arguments))  # raises UsageError
            assert before == (["--settings=/settings/settings.yaml"] if name == "check" else [])

    def test_the_image_is_this_version(self, folder: Path) -> None:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        for pod in (check_pod(folder), trend_pod(folder)):
            (container,) = pod["containers"]
            assert container["image"].rpartition("/")[2] == f"chaostoolkit-mongodb:{version}"


@each
class TestWhatACheckMayDo:
    def test_is_what_its_experiment_needs_and_nothing_else(self, folder: Path) -> None:
        (name,) = experiments(folder)
        needed = list(yaml.safe_load_all(granted(of_the_map()[name])))
        assert sorted(roles(folder), key=str) == sorted(map(sorted_keys, needed), key=str)

    def test_has_no_wildcard_and_nothing_that_leads_to_more(self, folder: Path) -> None:
        rules = [rule for item in roles(folder) for rule in item.get("rules", [])]
        assert [rule for rule in rules if too_wide(rule)] == []


def sorted_keys(item: Any) -> Any:
    """As kustomize writes objects."""
    if isinstance(item, dict):
        return {key: sorted_keys(item[key]) for key in sorted(item)}
    return [sorted_keys(one) for one in item] if isinstance(item, list) else item


def too_wide(rule: dict[str, Any]) -> bool:
    words = [word for values in rule.values() for word in values]
    reads_all_secrets = "secrets" in rule["resources"] and not rule.get("resourceNames")
    leads_to_more = {"escalate", "bind", "impersonate", "deletecollection", "nodes/proxy", "serviceaccounts/token"}
    return any("*" in word for word in words) or reads_all_secrets or bool(leads_to_more & {*words})


@pytest.mark.parametrize(
    "rule",
    [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["*/scale"], "verbs": ["get"]},
        {"apiGroups": ["*"], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]},
    ],
)
def test_a_rule_that_is_too_wide_would_be_seen(rule: dict[str, Any]) -> None:
    assert too_wide(rule)


@each_pod
class TestPods:
    def test_are_taken_where_the_namespace_enforces_restricted(self, folder: Path, pod: Any) -> None:
        assert (
            by_key(folder)["Namespace", "chaos"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
            == "restricted"
        )
        assert refused(pod(folder)) == []

    def test_run_as_the_images_user_who_may_write_only_to_volumes(self, folder: Path, pod: Any) -> None:
        spec = pod(folder)
        assert [spec["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")] == [1001] * 3
        assert all(container["securityContext"]["readOnlyRootFilesystem"] is True for container in spec["containers"])
        assert "/tmp" in [mount["mountPath"] for container in spec["containers"] for mount in container["volumeMounts"]]

    def test_say_what_they_take(self, folder: Path, pod: Any) -> None:
        for container in pod(folder)["containers"]:
            assert {*container["resources"]["requests"]} == {"cpu", "memory"}
            assert {*container["resources"]["limits"]} == {"memory"}


def test_a_pod_that_restricted_refuses_would_be_seen() -> None:
    pod = deepcopy(check_pod(SCHEDULED))
    pod["hostNetwork"] = True
    del pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["seccompProfile"]
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    pod["containers"][0]["securityContext"] = {
        "privileged": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
    }
    assert refused(pod) == [
        "hostNetwork",
        "runAsNonRoot",
        "seccompProfile",
        "volume hostPath",
        "allowPrivilegeEscalation",
        "capabilities",
        "privileged",
    ]


def test_only_the_check_has_a_token_and_only_it_may_write_results() -> None:
    check, trend = check_pod(SCHEDULED), trend_pod(SCHEDULED)
    assert (check["automountServiceAccountToken"], trend["automountServiceAccountToken"]) == (True, False)
    assert "serviceAccountName" not in trend

    def read_only(pod: dict[str, Any]) -> dict[str, bool]:
        return {mount["mountPath"]: mount.get("readOnly", False) for mount in pod["containers"][0]["volumeMounts"]}

    assert read_only(check) == {"/results": False, "/experiments": True, "/settings": True, "/tmp": False}
    assert read_only(trend) == {"/results": True, "/tmp": False}


@each
class TestACheck:
    def test_is_made_once_at_a_time_and_not_again_where_it_failed(self, folder: Path) -> None:
        spec = cron_job(folder)["spec"]
        assert (spec["concurrencyPolicy"], job(folder)["backoffLimit"], check_pod(folder)["restartPolicy"]) == (
            "Forbid",
            0,
            "Never",
        )

    def test_that_hangs_is_ended_before_the_next_and_has_the_time_to_take_everything_back(self, folder: Path) -> None:
        from chaosmongo.controls.record import REPORT_TIMEOUT_S
        from chaosmongo.undo import filler, power, thaw
        from chaosmongo.workload.handle import STOPS_WITHIN_S

        grace_s, deadline_s = check_pod(folder)["terminationGracePeriodSeconds"], job(folder)["activeDeadlineSeconds"]
        taking_back_s = max(filler.TIMEOUT_S, power.TIMEOUT_S, thaw.TIMEOUT_S) + STOPS_WITHIN_S + 2 * 30
        assert grace_s > taking_back_s + REPORT_TIMEOUT_S
        assert deadline_s + grace_s < 6 * 3600

    def test_that_is_late_is_left_out(self, folder: Path) -> None:
        assert 0 < cron_job(folder)["spec"]["startingDeadlineSeconds"] <= 3600

    def test_leaves_as_many_jobs_as_can_be_looked_at(self, folder: Path) -> None:
        spec = cron_job(folder)["spec"]
        assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 10)

    def test_keeps_off_the_databases_node(self, folder: Path) -> None:
        for pod in (check_pod(folder), trend_pod(folder)):
            (away,) = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
            assert away["podAffinityTerm"]["namespaces"] == ["pacman"]
            assert away["podAffinityTerm"]["labelSelector"] == {"matchLabels": {"name": "mongo"}}


def test_a_volume_of_one_node_brings_check_and_trend_together() -> None:
    """In a managed cluster; of the others the volume itself says where."""
    managed = SCHEDULED / "overlays" / "managed"
    (beside,) = check_pod(managed)["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    (away,) = check_pod(managed)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    labels = by_key(managed)["Deployment", "recovery-trend"]["spec"]["template"]["metadata"]["labels"]
    assert beside["podAffinityTerm"]["labelSelector"]["matchLabels"] == labels
    assert beside["weight"] > away["weight"]
    assert by_key(managed)["Deployment", "recovery-trend"]["spec"]["strategy"] == {"type": "Recreate"}


def test_on_minikube_both_are_where_its_volumes_are() -> None:
    for pod in (check_pod, trend_pod):
        assert pod(SCHEDULED / "overlays" / "minikube")["nodeSelector"] == {"minikube.k8s.io/primary": "true"}


@pytest.mark.parametrize("name", ["minikube", "kind"])
def test_an_image_that_was_loaded_is_not_looked_for_elsewhere(name: str) -> None:
    for pod in (check_pod, trend_pod):
        assert pod(SCHEDULED / "overlays" / name)["containers"][0]["imagePullPolicy"] == "Never"


class TestTheOperators:
    def test_check_is_the_same(self) -> None:
        ours, theirs = cron_job(SCHEDULED)["spec"], cron_job(OPERATOR)["spec"]
        assert theirs == ours
        assert ("CronJob", "recovery-check") not in by_key(OPERATOR)

    def test_makes_no_account_and_no_role_of_its_own(self) -> None:
        spec = by_key(OPERATOR)["ChaosToolkitExperiment", "recovery-check"]["spec"]
        objects = by_key(OPERATOR)
        assert ("ServiceAccount", spec["serviceaccount"]["name"]) in objects
        assert ("Role", spec["role"]["name"]) in objects
        assert ("RoleBinding", spec["role"]["bind"]) in objects

    def test_namespace_is_as_ours(self) -> None:
        templates = by_key(OPERATOR)["ConfigMap", "recovery-check-templates"]["data"]
        assert yaml.safe_load(templates["chaostoolkit-ns.yaml"])["metadata"]["name"] == "chaos"


class TestExperiments:
    def test_of_the_map_are_all_that_need_no_command_of_the_operators(self) -> None:
        texts = {file: file.read_text() for file in EXPERIMENTS.glob("**/*.yaml")}
        inside = [file for file, text in texts.items() if "\nmethod:\n" in text and "_command:" not in text]
        assert {*of_the_map().values()} == {*inside}, "add it to experiments/Kustomization"
        data = by_key(SCHEDULED)["ConfigMap", "experiments"]["data"]
        assert data == {key: file.read_text() for key, file in of_the_map().items()}

    def test_of_the_map_fit_into_the_annotation_that_kubectl_keeps_them_in(self) -> None:
        """Of all annotations of an object together (apimachinery, TotalAnnotationSizeLimitB)."""
        assert len(json.dumps(by_key(SCHEDULED)["ConfigMap", "experiments"])) < 256 * 1024

    def test_of_the_map_have_their_permissions(self) -> None:
        assert {file.name for file in PERMISSIONS.iterdir()} == {*of_the_map()}

    @pytest.mark.parametrize("name", of_the_map())
    def test_permissions_are_what_the_command_prints(self, name: str) -> None:
        file = PERMISSIONS / name
        command = f"chaos recovery permissions {of_the_map()[name].relative_to(ROOT)} > {file.relative_to(ROOT)}"
        assert file.read_text() == granted(of_the_map()[name]), command
