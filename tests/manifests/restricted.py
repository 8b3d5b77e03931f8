"""What of a pod the Pod Security Standard `restricted` refuses (Kubernetes documentation, Pod Security Standards)."""

from typing import Any

HOST = ("hostNetwork", "hostPID", "hostIPC")
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def refused(pod: dict[str, Any]) -> list[str]:
    """pod: its spec, which sets for all its containers what can be set for all."""
    security = pod.get("securityContext", {})
    found = [key for key in HOST if pod.get(key)]
    found += ["runAsNonRoot"] if security.get("runAsNonRoot") is not True else []
    found += ["runAsUser"] if security.get("runAsUser") == 0 else []
    found += ["seccompProfile"] if security.get("seccompProfile") != {"type": "RuntimeDefault"} else []
    found += ["sysctls"] if security.get("sysctls") else []
    for volume in pod.get("volumes", []):
        found += [f"volume {kind}" for kind in volume.keys() - {"name"} - VOLUMES]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        found += _of_container(container)
    return found


def _of_container(container: dict[str, Any]) -> list[str]:
    own = container.get("securityContext", {})
    found = ["allowPrivilegeEscalation"] if own.get("allowPrivilegeEscalation") is not False else []
    capabilities = own.get("capabilities", {})
    found += ["capabilities"] if capabilities != {"drop": ["ALL"]} else []
    found += [key for key in ("privileged", "procMount") if own.get(key)]
    found += ["runAsNonRoot"] if own.get("runAsNonRoot") is False else []
    found += ["runAsUser"] if own.get("runAsUser") == 0 else []
    found += ["hostPort"] if any("hostPort" in port for port in container.get("ports", [])) else []
    return found
