"""Kustomizations as `kubectl apply -k` would apply them, without a cluster."""

import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.manifests.loading import MANIFESTS, Object

SCHEDULED = MANIFESTS / "scheduled"
OPERATOR = SCHEDULED / "operator"
OVERLAYS = sorted(path.parent for path in (SCHEDULED / "overlays").glob("*/kustomization.yaml"))
KUSTOMIZATIONS = (SCHEDULED, *OVERLAYS, OPERATOR)


@lru_cache
def rendered(folder: Path) -> tuple[Object, ...]:
    found = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)
    return tuple(yaml.load_all(found.stdout, yaml.CSafeLoader))  # the pure one takes a second for all experiments


def by_key(folder: Path) -> dict[tuple[str, str], Object]:
    """Objects by kind and name."""
    return {(item["kind"], item["metadata"]["name"]): item for item in rendered(folder)}


def cron_job(folder: Path) -> Object:
    """The one that is applied, or that the operator makes of what is: its template with the pod's spec and the schedule
    put in (kubernetes-crd 0.14, create_cron_job).
    """
    objects = by_key(folder)
    if (found := objects.get(("CronJob", "recovery-check"))) is not None:
        return found
    spec = objects["ChaosToolkitExperiment", "recovery-check"]["spec"]
    templates = objects["ConfigMap", spec["template"]["name"]]["data"]
    made: Object = yaml.safe_load(templates["chaostoolkit-cronjob.yaml"])
    made["metadata"]["namespace"] = spec["namespace"]
    made["spec"]["schedule"] = spec["schedule"]["value"]
    pod = yaml.safe_load(spec["pod"]["template"])["spec"]
    made["spec"]["jobTemplate"]["spec"]["template"]["spec"] = pod | {
        "serviceAccountName": spec["serviceaccount"]["name"]
    }
    return made


def job(folder: Path) -> dict[str, Any]:
    """The spec of each check's Job."""
    spec: dict[str, Any] = cron_job(folder)["spec"]["jobTemplate"]["spec"]
    return spec


def check_pod(folder: Path) -> dict[str, Any]:
    pod: dict[str, Any] = job(folder)["template"]["spec"]
    return pod


def trend_pod(folder: Path) -> dict[str, Any]:
    pod: dict[str, Any] = by_key(folder)["Deployment", "recovery-trend"]["spec"]["template"]["spec"]
    return pod


def experiments(folder: Path) -> list[str]:
    """Names of the files that the check is given."""
    (container,) = check_pod(folder)["containers"]
    return [Path(word).name for word in container["args"] if word.startswith("/experiments/")]
