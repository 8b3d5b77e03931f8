"""Every object is one that a current API server takes, and they fit each other."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.loading import FOLDERS, MANIFESTS, REPLICA_SET, Object, by_name, load
from tests.manifests.strict import problems

# What Kubernetes 1.36 serves of the kinds that we use, and the client's model for each.
MODELS = {
    ("v1", "Namespace"): "V1Namespace",
    ("v1", "Secret"): "V1Secret",
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Service"): "V1Service",
    ("apps/v1", "StatefulSet"): "V1StatefulSet",
    ("apps/v1", "Deployment"): "V1Deployment",
    ("networking.k8s.io/v1", "Ingress"): "V1Ingress",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
    ("batch/v1", "Job"): "V1Job",
}
EVERY = [(folder, item) for folder in (*FOLDERS, REPLICA_SET) for item in load(folder)]
NAMES = [f"{folder.name}/{item['kind']}/{item['metadata']['name']}" for folder, item in EVERY]
WORKLOADS = [pair for pair in EVERY if pair[1]["kind"] in ("StatefulSet", "Deployment")]
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kKMGT]i?)?")

each = pytest.mark.parametrize(("folder", "item"), EVERY, ids=NAMES)
each_workload = pytest.mark.parametrize(
    "item", [pair[1] for pair in WORKLOADS], ids=[f"{pair[0].name}/{pair[1]['metadata']['name']}" for pair in WORKLOADS]
)


def pod(item: Object) -> dict[str, Any]:
    return item["spec"]["template"]["spec"]


def pod_labels(item: Object) -> dict[str, str]:
    return item["spec"]["template"]["metadata"]["labels"]


def workloads(folder: Path) -> list[Object]:
    return [item for item in load(folder) if item["kind"] in ("StatefulSet", "Deployment")]


def named_ports(item: Object) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for c in pod(item)["containers"] for port in c["ports"]}


@pytest.mark.parametrize("item", [pair[1] for pair in EVERY], ids=NAMES)
def test_has_no_field_that_the_api_does_not_know(item: Object) -> None:
    assert problems(item, MODELS[item["apiVersion"], item["kind"]]) == []


def test_the_validation_is_strict() -> None:
    container = {"image": 1, "imagePolicy": "x"}
    broken = {
        "metadata": {"name": "x", "labels": {"a": True}},
        "spec": {"selector": {}, "template": {"spec": {"containers": [container]}}},
    }
    assert problems(broken, "V1Deployment") == [
        "metadata.labels.a: Input should be a valid string",
        "spec.template.spec.containers.0.image: Input should be a valid string",
        "spec.template.spec.containers.0.name: Field required",
        "spec.template.spec.containers.0.imagePolicy: Extra inputs are not permitted",
    ]
    assert problems({"spec": {"cluster_ip": "x"}}, "V1Service") == ["would be read as {'spec': {'clusterIP': 'x'}}"]


@each
def test_names_and_labels_are_well_formed_and_the_namespace_is_its_own(folder: Path, item: Object) -> None:
    meta = item["metadata"]
    namespace = next(found for found in load(folder) if found["kind"] == "Namespace")["metadata"]["name"]
    assert DNS_LABEL.fullmatch(meta["name"])
    assert all(LABEL.fullmatch(value) for value in meta.get("labels", {}).values())
    assert meta.get("namespace") == (None if item["kind"] == "Namespace" else namespace)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
class TestFolder:
    def test_begins_with_its_namespace_which_experiments_may_touch(self, folder: Path) -> None:
        first = load(folder)[0]
        assert first["kind"] == "Namespace"
        assert first["metadata"]["labels"] == {"name": first["metadata"]["name"], "chaos.mongodb/allowed": "true"}

    def test_services_and_settings_come_before_the_pods_that_read_them(self, folder: Path) -> None:
        kinds = [item["kind"] for item in load(folder)]
        first_pod = min(kinds.index("StatefulSet"), kinds.index("Deployment"))
        assert not {"Secret", "ConfigMap", "PersistentVolumeClaim", "Service"} & set(kinds[first_pod:])

    def test_every_object_is_there_once(self, folder: Path) -> None:
        assert len(by_name(folder)) == len(load(folder))

    def test_every_service_selects_one_workload_and_leads_to_one_of_its_ports(self, folder: Path) -> None:
        services = [item for item in load(folder) if item["kind"] == "Service"]
        assert {service["metadata"]["name"] for service in services} == {"mongo", "pacman"}
        for service in services:
            selector = service["spec"]["selector"]
            (chosen,) = (item for item in workloads(folder) if selector.items() <= pod_labels(item).items())
            assert all(port["targetPort"] in named_ports(chosen) for port in service["spec"]["ports"])

    def test_every_pod_mounts_what_it_has_and_has_what_exists(self, folder: Path) -> None:
        objects = by_name(folder)
        for item in workloads(folder):
            volumes = {volume["name"]: volume for volume in pod(item).get("volumes", [])}
            assert {mount["name"] for c in pod(item)["containers"] for mount in c.get("volumeMounts", [])} == set(
                volumes
            )
            for volume in volumes.values():
                if claim := volume.get("persistentVolumeClaim"):
                    assert ("PersistentVolumeClaim", claim["claimName"]) in objects
                if config := volume.get("configMap"):
                    assert ("ConfigMap", config["name"]) in objects

    def test_every_variable_is_there_once_and_from_a_key_that_the_secret_has(self, folder: Path) -> None:
        secret = by_name(folder)["Secret", "mongodb-users-secret"]["stringData"]
        for item in workloads(folder):
            entries = [entry for c in pod(item)["containers"] for entry in c["env"]]
            sources = [entry["valueFrom"] for entry in entries if "secretKeyRef" in entry.get("valueFrom", {})]
            assert {source["secretKeyRef"]["name"] for source in sources} == {"mongodb-users-secret"}
            assert {source["secretKeyRef"]["key"] for source in sources} <= set(secret)
            assert len({entry["name"] for entry in entries}) == len(entries)

    def test_the_ingress_leads_to_a_port_of_a_service(self, folder: Path) -> None:
        objects = by_name(folder)
        for item in (item for (kind, _), item in objects.items() if kind == "Ingress"):
            backend = item["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
            ports = objects["Service", backend["name"]]["spec"]["ports"]
            assert backend["port"]["number"] in {port["port"] for port in ports}

    def test_the_applications_user_is_made_in_the_database_that_it_names(self, folder: Path) -> None:
        objects = by_name(folder)
        script = objects["ConfigMap", "mongo-init"]["data"]["create-application-user.js"]

        def key(workload: tuple[str, str], variable: str) -> str:
            (container,) = pod(objects[workload])["containers"]
            (value,) = (
                entry["valueFrom"]["secretKeyRef"]["key"] for entry in container["env"] if entry["name"] == variable
            )
            return str(value)

        mongo, pacman = ("StatefulSet", "mongo"), ("Deployment", "pacman")
        assert key(mongo, "MONGO_INITDB_DATABASE") == key(pacman, "MONGO_DATABASE") == "database-name"
        assert key(mongo, "MONGO_APPLICATION_USERNAME") == key(pacman, "MONGO_AUTH_USER") == "database-user"
        assert key(mongo, "MONGO_APPLICATION_PASSWORD") == key(pacman, "MONGO_AUTH_PWD") == "database-password"
        named = set(re.findall(r"process\.env\.(\w+)", script))
        assert named == {"MONGO_INITDB_DATABASE", "MONGO_APPLICATION_USERNAME", "MONGO_APPLICATION_PASSWORD"}


@each_workload
class TestWorkload:
    def test_selects_its_own_pods(self, item: Object) -> None:
        assert item["spec"]["selector"]["matchLabels"].items() <= pod_labels(item).items()

    def test_probes_ports_that_it_names(self, item: Object) -> None:
        for container in pod(item)["containers"]:
            for probe in (container.get("readinessProbe"), container.get("livenessProbe")):
                target = (probe or {}).get("tcpSocket") or (probe or {}).get("httpGet")
                assert target is None or target["port"] in named_ports(item)

    def test_asks_for_no_more_than_it_may_use(self, item: Object) -> None:
        for container in pod(item)["containers"]:
            amounts = [*container["resources"]["requests"].values(), *container["resources"]["limits"].values()]
            assert all(QUANTITY.fullmatch(amount) for amount in amounts)

    def test_has_no_privileges(self, item: Object) -> None:
        for container in pod(item)["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_the_demo_is_what_the_tutorial_has() -> None:
    assert list(by_name(MANIFESTS)) == [
        ("Namespace", "pacman"),
        ("Secret", "mongodb-users-secret"),
        ("ConfigMap", "mongo-init"),
        ("PersistentVolumeClaim", "mongo-storage"),
        ("Service", "mongo"),
        ("Service", "pacman"),
        ("StatefulSet", "mongo"),
        ("Deployment", "pacman"),
        ("Ingress", "pacman-ingress"),
    ]


def test_the_database_is_probed_every_2_s_and_never_killed_by_a_probe() -> None:
    (mongo,) = pod(by_name(MANIFESTS)["StatefulSet", "mongo"])["containers"]
    assert mongo["readinessProbe"] == {"tcpSocket": {"port": "mongo"}, "periodSeconds": 2}
    assert "livenessProbe" not in mongo
    assert by_name(MANIFESTS)["StatefulSet", "mongo"]["spec"]["serviceName"] == "mongo"


def test_the_claim_takes_the_default_class() -> None:
    spec = by_name(MANIFESTS)["PersistentVolumeClaim", "mongo-storage"]["spec"]
    assert spec == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
