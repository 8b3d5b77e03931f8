"""A variant is the demo but for what it is there to vary."""

from typing import Any

from tests.manifests.loading import MANIFESTS, by_name, flat

VARIANTS = MANIFESTS / "variants"
GONE = "gone"
MONGO, PACMAN = ("StatefulSet", "mongo"), ("Deployment", "pacman")
NAMESPACE_NAMES = ((".metadata.namespace",), (".metadata.name", ".metadata.labels.name"))  # [is it the Namespace?]
CONTAINER = ".spec.template.spec.containers"


def differences(variant: str, namespace: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Per object of the demo, the leaves that are other in the variant; the namespace's own name apart."""
    base, found = by_name(MANIFESTS), by_name(VARIANTS / variant)
    result: dict[tuple[str, str], dict[str, Any]] = {}
    for key, item in base.items():
        other = found.pop(key if key[0] != "Namespace" else ("Namespace", namespace), None)
        if other is None:
            result[key] = {"": GONE}
            continue
        here, there = flat(item), flat(other)
        for leaf in NAMESPACE_NAMES[key[0] == "Namespace"]:
            assert there.pop(leaf) == namespace
            del here[leaf]
        changed = {leaf for leaf in here | there if here.get(leaf, GONE) != there.get(leaf, GONE)}
        if changed:
            result[key] = {leaf: there.get(leaf, GONE) for leaf in changed}
    assert not found, f"only in the variant: {list(found)}"
    return result


def test_tutorial_timing_changes_only_the_readiness_probes() -> None:
    probe = f"{CONTAINER}[mongo].readinessProbe"
    assert differences("tutorial-timing", "pacman") == {
        MONGO: {
            f"{probe}.tcpSocket.port": GONE,
            f"{probe}.periodSeconds": GONE,
            f"{probe}.exec.command[0]": "mongosh",
            f"{probe}.exec.command[1]": "--quiet",
            f"{probe}.exec.command[2]": "--eval",
            f"{probe}.exec.command[3]": "db.adminCommand('ping')",
            f"{probe}.timeoutSeconds": 5,
        },
        PACMAN: {f"{CONTAINER}[pacman].readinessProbe.periodSeconds": GONE},
    }


def test_tutorial_timing_shares_every_other_file_with_the_demo() -> None:
    own = {path.name for path in (VARIANTS / "tutorial-timing").iterdir() if not path.is_symlink()}
    assert own == {"40-mongo.yaml", "50-pacman.yaml"}


def test_local_volume_changes_only_the_class_of_the_claim() -> None:
    claim = ("PersistentVolumeClaim", "mongo-storage")
    assert differences("local-volume", "pacman") == {claim: {".spec.storageClassName": "node-local"}}


def test_quick_eviction_changes_only_for_how_long_a_missed_node_is_tolerated() -> None:
    changed = differences("quick-eviction", "pacman")
    assert set(changed) == {MONGO}
    assert {leaf.partition("[")[0] for leaf in changed[MONGO]} == {".spec.template.spec.tolerations"}
    assert [v for leaf, v in changed[MONGO].items() if leaf.endswith("tolerationSeconds")] == [5, 5]


def test_with_budget_adds_a_budget_that_allows_nothing() -> None:
    (budget,) = by_name(VARIANTS / "with-budget").keys() - by_name(MANIFESTS).keys()
    assert budget == ("PodDisruptionBudget", "mongo")
    spec = by_name(VARIANTS / "with-budget")[budget]["spec"]
    statefulset = by_name(MANIFESTS)[MONGO]["spec"]
    assert spec["minAvailable"] == statefulset["replicas"]
    assert spec["selector"] == statefulset["selector"]
    assert all(file.is_symlink() for file in (VARIANTS / "with-budget").iterdir() if file.name != "70-budget.yaml")


def test_without_volume_has_another_namespace_an_empty_dir_and_neither_claim_nor_ingress() -> None:
    assert differences("without-volume", "pacman-without-volume") == {
        ("PersistentVolumeClaim", "mongo-storage"): {"": GONE},
        ("Ingress", "pacman-ingress"): {"": GONE},
        MONGO: {
            ".spec.template.spec.volumes[data].persistentVolumeClaim.claimName": GONE,
            ".spec.template.spec.volumes[data].emptyDir": {},
        },
    }
