"""The fingerprint of the environment, read from a real API server that holds the demo's manifests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chaosmongo.cluster import Cluster
from chaosmongo.config import Config
from chaosmongo.database import Address, Scores
from chaosmongo.environment import fingerprint
from chaosmongo.errors import ApiRefused
from chaosmongo.history.records import Environment

from tests.conftest import Database
from tests.lab.api.conftest import ApiServer, running

ROOT = Path(__file__).parents[2]
CONFIG = Config()

SECRETS = ("hunter2-in-env", "hunter2-in-args", "hunter2-in-a-probe", "hunter2-in-a-short-option", "hunter2-in-a-hook")

PODS = "/api/v1/namespaces/pacman/pods"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
SET = "/apis/apps/v1/namespaces/pacman/statefulsets/mongo"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The demo on a server of its own, with a pod as the StatefulSet's controller and a node would make it."""
    with running(tmp_path_factory.mktemp("state")) as server:
        default = {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
        server.post(CLASSES, {"metadata": default, "provisioner": "example.com/fast", "volumeBindingMode": "Immediate"})
        server.kubectl("apply", "-f", str(ROOT / "manifests"))
        template = server.get(SET).body["spec"]["template"]
        metadata = {"name": "mongo-0", "labels": template["metadata"]["labels"]}
        created = server.post(PODS, {"metadata": metadata, "spec": template["spec"]})
        assert created.status == 201, created.body
        statuses = [{"name": "mongo", "imageID": "docker.io/library/mongo@sha256:1234", "ready": True}]
        server.patch(f"{PODS}/mongo-0/status", {"status": {"containerStatuses": statuses}}, "merge-patch")
        budget = {
            "metadata": {"name": "mongo"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"name": "mongo"}}},
        }
        server.post("/apis/policy/v1/namespaces/pacman/poddisruptionbudgets", budget)
        node = {"nodeInfo": {"kubeletVersion": "v1.36.2", "operatingSystem": "linux", "architecture": "arm64"}}
        node |= {"capacity": {"cpu": "4", "memory": "8Gi"}}
        server.post("/api/v1/nodes", {"metadata": {"name": "worker-1"}})
        server.patch("/api/v1/nodes/worker-1/status", {"status": node}, "merge-patch")
        yield server


@pytest.fixture
def cluster(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("KUBECONFIG", str(api.state / "kubeconfig"))
    return Cluster()


@pytest.fixture
def found(cluster: Cluster) -> Environment:
    return fingerprint(CONFIG, cluster, "8.0.1")


class NarrowCluster:
    """The same API server, as one sees it who may not read certain resources: the lab has no RBAC."""

    def __init__(self, cluster: Cluster, *closed: str) -> None:
        self._cluster, self._closed = cluster, closed

    def get(self, path: str) -> dict[str, Any]:
        if any(resource in path for resource in self._closed):
            raise ApiRefused(f"GET {path}: HTTP 403 forbidden", 403, "Forbidden")
        return self._cluster.get(path)


class TestWhatIsRecorded:
    def test_versions_as_the_servers_name_themselves(self, found: Environment, api: ApiServer) -> None:
        assert found.kubernetes == api.get("/version").body["gitVersion"]
        assert found.mongodb == "8.0.1"

    def test_versions_of_the_tool_and_its_machine(self, found: Environment) -> None:
        assert {"chaostoolkit-mongodb", "chaostoolkit", "pymongo", "python", "machine"} <= found.tool.keys()
        assert "CPUs" in found.tool["machine"]

    def test_nodes_with_what_they_are(self, found: Environment) -> None:
        assert found.nodes["worker-1"].startswith("v1.36.2 linux/arm64, 4 CPUs, 8Gi memory")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mongo.replicas", 1),
            ("mongo.terminationGracePeriodSeconds", 30),
            ("mongo.mongo.image", "mongo:8"),
            ("mongo.mongo.imageID", "docker.io/library/mongo@sha256:1234"),
            ("mongo.mongo.readinessProbe", "tcpSocket"),
            ("mongo.mongo.readinessProbe.periodSeconds", 2),
            ("mongo.mongo.readinessProbe.timeoutSeconds", 1),
            ("mongo.mongo.limits.memory", "1Gi"),
            ("mongo.mongo.requests.cpu", "100m"),
            ("mongo.tolerationSeconds.not-ready", 300),
            ("mongo.tolerationSeconds.unreachable", 300),
            ("mongo.volumes", "data: persistentVolumeClaim, init: configMap"),
            ("pacman.pacman.livenessProbe.periodSeconds", 10),
            ("claim.mongo-storage.accessModes", "ReadWriteOnce"),
            ("budget.mongo.minAvailable", 1),
        ],
    )
    def test_settings_that_decide_the_recovery(self, found: Environment, name: str, value: object) -> None:
        assert found.settings[name] == value

    def test_the_storage_class_that_the_claim_got_by_default_and_its_provisioner(self, found: Environment) -> None:
        assert found.settings["claim.mongo-storage.storageClass"] == "fast"
        assert found.settings["claim.mongo-storage.provisioner"] == "example.com/fast"
        assert found.settings["claim.mongo-storage.volumeBindingMode"] == "Immediate"

    def test_is_the_same_when_read_again(self, found: Environment, cluster: Cluster) -> None:
        assert fingerprint(CONFIG, cluster, "8.0.1") == found


class TestWithoutACluster:
    def test_the_database_and_the_tool_are_all_there_is(self) -> None:
        found = fingerprint(Config(namespace="", mongo_uri="mongodb://127.0.0.1"), None, "8.0.1")
        assert (found.kubernetes, found.nodes, found.settings) == ("", {}, {})
        assert found.mongodb == "8.0.1"
        assert found.tool

    def test_a_server_that_only_speaks_the_protocol_is_told_from_mongodb(self, database: Database) -> None:
        with Scores(Address(database.uri), "pacman", "highscore") as scores:
            assert "secantusVersion" in scores.version()


class TestSecrets:
    def test_no_value_that_could_be_one_is_in_it(self, api: ApiServer, cluster: Cluster) -> None:
        container = {
            "name": "mongo",
            "env": [{"name": "PASSWORD", "value": "hunter2-in-env"}],
            "args": ["--auth", "--adminPassword=hunter2-in-args", "-phunter2-in-a-short-option", "--port", "27017"],
            "livenessProbe": {"exec": {"command": ["mongosh", "--password", "hunter2-in-a-probe"]}},
            "lifecycle": {"preStop": {"exec": {"command": ["mongosh", "--password", "hunter2-in-a-hook"]}}},
        }
        before = api.get(SET).body["spec"]["template"]["spec"]["containers"]
        try:
            api.patch(SET, {"spec": {"template": {"spec": {"containers": [container]}}}})
            found = fingerprint(CONFIG, cluster, "8.0.1")
        finally:
            api.patch(SET, {"spec": {"template": {"spec": {"containers": before}}}}, "merge-patch")
        recorded = msgspec.json.encode(found).decode()
        assert [secret for secret in SECRETS if secret in recorded] == []
        assert found.settings["mongo.mongo.livenessProbe"] == "exec"
        assert found.settings["mongo.mongo.preStop"] == "exec"
        assert found.settings["mongo.mongo.options"] == "--adminPassword --auth --port"


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("resource", "what"),
        [
            ("/nodes", "nodes"),
            ("/storageclasses", "StorageClass"),
            ("/poddisruptionbudgets", "PodDisruptionBudgets"),
            ("/pods/", "pod"),
            ("/statefulsets", "StatefulSet"),
        ],
    )
    def test_is_named_and_not_taken_for_absent(self, cluster: Cluster, resource: str, what: str) -> None:
        found = fingerprint(CONFIG, NarrowCluster(cluster, resource), "8.0.1")  # type: ignore[arg-type]
        unread = {key: value for key, value in found.settings.items() if key.startswith("not readable")}
        assert unread == {f"not readable.{what}": "HTTP 403"}
        assert found.kubernetes

    def test_the_provisioner_is_told_by_the_claim_where_classes_may_not_be_read(
        self, cluster: Cluster, api: ApiServer
    ) -> None:
        claim = "/api/v1/namespaces/pacman/persistentvolumeclaims/mongo-storage"
        note = {"metadata": {"annotations": {"volume.kubernetes.io/storage-provisioner": "example.com/disk"}}}
        api.patch(claim, note, "merge-patch")
        found = fingerprint(CONFIG, NarrowCluster(cluster, "/storageclasses"), "8.0.1")  # type: ignore[arg-type]
        assert found.settings["claim.mongo-storage.provisioner"] == "example.com/disk"

    def test_what_is_not_there_is_absent_and_no_refusal(self, cluster: Cluster) -> None:
        found = fingerprint(Config(statefulset="other", app_service="none"), cluster, "8.0.1")
        assert not [key for key in found.settings if key.startswith(("other", "none", "not readable"))]
