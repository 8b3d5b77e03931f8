"""Programs in pods and the API: what they find in their container is enough to ask, and to be let in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.config.incluster_config import InClusterConfigLoader

from .conftest import RunningLab
from .test_pods import create, pod

pytestmark = pytest.mark.e2e

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def files_of(lab: RunningLab, made: dict[str, Any]) -> Path:
    """The directory that stands at MOUNT in a pod's containers."""
    (found,) = lab.state.glob(f"nodes/*/pods/{made['metadata']['uid']}/volumes/kube-api-access-*")
    return found


def connection(files: Path, environment: dict[str, str]) -> client.ApiClient:
    """As the official client makes it in a pod, from files and variables alone."""
    settings = client.Configuration()
    loader = InClusterConfigLoader(str(files / "token"), str(files / "ca.crt"), environ=environment)
    loader.load_and_set(settings)
    return client.ApiClient(settings)


def test_a_program_in_a_pod_asks_as_its_account_until_the_pod_is_gone(lab: RunningLab, namespace: str) -> None:
    lab.kubectl(
        "-n", namespace, "create", "rolebinding", "r", "--clusterrole=view", f"--serviceaccount={namespace}:default"
    )
    create(lab, namespace, pod("asking", "printenv KUBELAB_MOUNTS; env | grep ^KUBERNETES_SERVICE; exec sleep 60"))
    lines = lab.until(
        lambda: (out := lab.kubectl("-n", namespace, "logs", "asking", check=False).splitlines())[3:] and out
    )
    environment = dict(line.split("=", 1) for line in lines[1:])
    files = files_of(lab, lab.get("-n", namespace, "pod", "asking"))
    assert json.loads(lines[0])[MOUNT] == str(files)
    assert (files / "namespace").read_text() == namespace
    with connection(files, environment) as inside:
        core = client.CoreV1Api(inside)
        assert [one.metadata.name for one in core.list_namespaced_pod(namespace).items] == ["asking"]
        with pytest.raises(client.ApiException) as refused:
            core.list_namespaced_secret(namespace)
        told = json.loads(refused.value.body)["message"]
        assert told.startswith(f'secrets is forbidden: User "system:serviceaccount:{namespace}:default" cannot list')
        lab.kubectl("-n", namespace, "delete", "pod", "asking", "--force", "--grace-period=0")
        with pytest.raises(client.ApiException) as gone:
            core.list_namespaced_pod(namespace)
        assert gone.value.status == 401
