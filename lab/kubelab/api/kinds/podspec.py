"""Defaults of a pod's spec (pkg/apis/core/v1/defaults.go), in pods and in templates alike."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
FILE_MODE = 0o644
SERVICE_ACCOUNT_TOKEN_S = 3600


def default_pod_spec(spec: Object) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        default_container(container, bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes", ()):
        default_volume(volume)


def default_container(container: Object, host_network: bool) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", pull_policy(container.get("image", "")))
    resources = container.setdefault("resources", {})
    if limits := resources.get("limits"):
        resources["requests"] = limits | resources.get("requests", {})
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if host_network and "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"])
    for variable in container.get("env", ()):
        default_field_ref(variable.get("valueFrom", {}))
    for name in PROBES:
        if probe := container.get(name):
            default_probe(probe)
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            default_http_get(hook)


def pull_policy(image: str) -> str:
    """Always for :latest, whether written or meant."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "IfNotPresent" if colon and tag != "latest" else "Always"


def default_probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    default_http_get(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def default_http_get(handler: Object) -> None:
    if "httpGet" in handler:
        handler["httpGet"].setdefault("path", "/")
        handler["httpGet"].setdefault("scheme", "HTTP")


def default_field_ref(source: Object) -> None:
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")


def default_volume(volume: Object) -> None:
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "projected", "downwardAPI"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    sources = volume.get("projected", {}).get("sources", ())
    for projection in (volume, *sources):
        for item in projection.get("downwardAPI", {}).get("items", ()):
            default_field_ref(item)
    for source in sources:
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", SERVICE_ACCOUNT_TOKEN_S)
