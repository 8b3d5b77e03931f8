"""What a pod's spec must be (a part of pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kubelab.api.fields import FieldError, duplicate, invalid, required, unsupported
from kubelab.api.names import label_errors, subdomain_errors

Object = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
RESTART_POLICIES = ("Always", "Never", "OnFailure")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
PORT_RANGE = "must be between 1 and 65535, inclusive"


def is_port(number: Any) -> bool:
    return isinstance(number, int) and 1 <= number <= 65535


def pod_spec_errors(spec: Object, path: str, claimed: Iterable[str] = ()) -> list[FieldError]:
    """claimed: names of volumes that the pod gets besides its own (a StatefulSet's volumeClaimTemplates)."""
    volumes = {*claimed, *(volume.get("name") for volume in spec.get("volumes", ()))}
    errors = [*_volume_errors(spec, f"{path}.volumes")]
    errors += _all_containers(spec, path, volumes)
    if spec.get("restartPolicy") not in RESTART_POLICIES:
        errors.append(unsupported(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES))
    if spec.get("dnsPolicy") not in DNS_POLICIES:
        errors.append(unsupported(f"{path}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES))
    grace_s = spec.get("terminationGracePeriodSeconds", 0)
    if grace_s < 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", grace_s, "must be greater than or equal to 0"))
    if node := spec.get("nodeName"):
        errors += [invalid(f"{path}.nodeName", node, text) for text in subdomain_errors(node)]
    return errors


def _all_containers(spec: Object, path: str, volumes: set[Any]) -> Iterator[FieldError]:
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    names: set[str] = set()
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            here = f"{path}.{field}[{index}]"
            yield from _name_errors(container, here, names)
            yield from _container_errors(container, here, volumes)


def _name_errors(item: Object, path: str, names: set[str]) -> Iterator[FieldError]:
    name = item.get("name", "")
    if not name:
        yield required(f"{path}.name")
        return
    yield from (invalid(f"{path}.name", name, text) for text in label_errors(name))
    if name in names:
        yield duplicate(f"{path}.name", name)
    names.add(name)


def _container_errors(container: Object, path: str, volumes: set[Any]) -> Iterator[FieldError]:
    image = container.get("image", "")
    if not image:
        yield required(f"{path}.image")
    elif image != image.strip():
        yield invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    yield from _port_errors(container, f"{path}.ports")
    yield from _env_errors(container, f"{path}.env")
    yield from _mount_errors(container, f"{path}.volumeMounts", volumes)
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        yield unsupported(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            yield from _probe_errors(container[probe], f"{path}.{probe}", probe)


def _port_errors(container: Object, path: str) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, port in enumerate(container.get("ports", ())):
        here = f"{path}[{index}]"
        name = port.get("name")
        if name and name in names:
            yield duplicate(f"{here}.name", name)
        names.add(name)
        if "containerPort" not in port:
            yield required(f"{here}.containerPort")
        elif not is_port(port["containerPort"]):
            yield invalid(f"{here}.containerPort", port["containerPort"], PORT_RANGE)
        if port.get("protocol") not in PROTOCOLS:
            yield unsupported(f"{here}.protocol", port.get("protocol"), PROTOCOLS)


def _env_errors(container: Object, path: str) -> Iterator[FieldError]:
    for index, variable in enumerate(container.get("env", ())):
        name = variable.get("name", "")
        if not name:
            yield required(f"{path}[{index}].name")
        elif "=" in name or not name.isascii() or not name.isprintable():
            detail = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield invalid(f"{path}[{index}].name", name, detail)
        if variable.get("value") and variable.get("valueFrom"):
            detail = "may not be specified when `value` is not empty"
            yield invalid(f"{path}[{index}].valueFrom", "", detail)


def _mount_errors(container: Object, path: str, volumes: set[Any]) -> Iterator[FieldError]:
    paths: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts", ())):
        here = f"{path}[{index}]"
        name = mount.get("name", "")
        if not name:
            yield required(f"{here}.name")
        elif name not in volumes:
            yield FieldError(f"{here}.name", "FieldValueNotFound", f'Not found: "{name}"')
        mount_path = mount.get("mountPath", "")
        if not mount_path:
            yield required(f"{here}.mountPath")
        elif mount_path in paths:
            yield invalid(f"{here}.mountPath", mount_path, "must be unique")
        paths.add(mount_path)


def _probe_errors(probe: Object, path: str, kind: str) -> Iterator[FieldError]:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if name in probe]
    if not handlers:
        yield required(path, "must specify a handler type")
    for name in handlers[1:]:
        yield FieldError(f"{path}.{name}", "FieldValueForbidden", "Forbidden: may not specify more than 1 handler type")
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(field, 0) < 0:
            yield invalid(f"{path}.{field}", probe[field], "must be greater than or equal to 0")
    if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        yield invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def _volume_errors(spec: Object, path: str) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, volume in enumerate(spec.get("volumes", ())):
        here = f"{path}[{index}]"
        yield from _name_errors(volume, here, names)
        sources = [key for key in volume if key != "name"]
        for key in sources[1:]:
            yield FieldError(
                f"{here}.{key}", "FieldValueForbidden", "Forbidden: may not specify more than 1 volume type"
            )
        claim = volume.get("persistentVolumeClaim")
        if claim is not None and not claim.get("claimName"):
            yield required(f"{here}.persistentVolumeClaim.claimName")
