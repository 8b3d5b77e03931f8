"""Reading an object that a client sent: each value has the type of its field, or the request is refused.

What Go's typed decoding does on the way is done here as well: unknown fields are dropped (and reported), so are nulls
and empty lists and maps, numbers become quantities.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.api.status import bad_request

from .types import field_type, fields_of

GO_TYPES = {
    "string": "string",
    "boolean": "bool",
    "integer": "int32",
    "int64": "int64",
    "number": "float64",
    "datetime": "string",
    "bytes": "[]uint8",
}
INTEGER_BITS = {"integer": 31, "int64": 63}
QUANTITY_LENGTH = 64  # far more digits than mean anything; the pattern is slow on very long ones
QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")

# Go omits these when they are false or zero, as it omits every empty list and map, except for those in KEPT_EMPTY.
OMITTED_FALSE = {
    "PodSpec": {"hostNetwork", "hostPID", "hostIPC"},
    "Container": {"stdin", "stdinOnce", "tty"},
    "VolumeMount": {"readOnly"},
    "NodeSpec": {"unschedulable"},
    "ServiceSpec": {"publishNotReadyAddresses"},
    "DeploymentSpec": {"paused"},
    "PersistentVolumeClaimVolumeSource": {"readOnly"},
}
OMITTED_ZERO = {
    "DeploymentStatus": {
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "observedGeneration",
    },
    "StatefulSetStatus": {"readyReplicas", "currentReplicas", "updatedReplicas", "observedGeneration"},
    "ReplicaSetStatus": {"fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"},
    "PodDisruptionBudgetStatus": {"observedGeneration"},
    "DeploymentSpec": {"minReadySeconds"},
    "StatefulSetSpec": {"minReadySeconds"},
    "ReplicaSetSpec": {"minReadySeconds"},
    "ServicePort": {"nodePort"},
    "ContainerPort": {"hostPort"},
    "Probe": {"initialDelaySeconds"},
    "ScaleSpec": {"replicas"},
    "Event": {"count"},
}
# Go never omits these: what the client left out is there all the same, empty.
CONDITION = {"type": "", "status": ""}
NEVER_OMITTED: dict[str, dict[str, Any]] = {
    "Condition": CONDITION,
    "DeploymentCondition": CONDITION,
    "NamespaceCondition": CONDITION,
    "NodeAddress": {"type": "", "address": ""},
    "NodeCondition": CONDITION,
    "PersistentVolumeClaimCondition": CONDITION,
    "PodCondition": {**CONDITION, "lastProbeTime": None, "lastTransitionTime": None},
    "PodIP": {"ip": ""},
    "PodReadinessGate": {"conditionType": ""},
    "ReplicaSetCondition": CONDITION,
    "StatefulSetCondition": CONDITION,
    "RbacSubject": {"kind": "", "name": ""},
}
KEPT_EMPTY = {"EndpointSlice": {"endpoints"}, "Role": {"rules"}, "ClusterRole": {"rules"}}


@dataclass(slots=True)
class Decoder:
    """Reads one object; unknown: paths of the fields that its type does not have."""

    unknown: list[str] = field(default_factory=list)

    def read(self, value: Any, type_name: str, path: str = "", owner: str = "", go_path: str = "") -> Any:
        """value as its type; owner and go_path name the field in a refusal as Go does. Raises ApiError (400)."""
        fields = fields_of(type_name)
        if fields is not None:
            return self._read_struct(value, type_name, path, owner, go_path)
        if type_name.startswith("list:"):
            self._expect(isinstance(value, list), value, type_name, owner, go_path)
            return [
                self.read(item, type_name[5:], f"{path}[{index}]", owner, go_path) for index, item in enumerate(value)
            ]
        if type_name.startswith("map:"):
            self._expect(isinstance(value, dict), value, type_name, owner, go_path)
            return {
                key: self.read(item, type_name[4:], f"{path}.{key}", owner, go_path)
                for key, item in value.items()
                if item is not None
            }
        return self._read_scalar(value, type_name, owner, go_path)

    def _read_struct(self, value: Any, type_name: str, path: str, owner: str, go_path: str) -> Any:
        self._expect(isinstance(value, dict), value, type_name, owner, go_path)
        fields = fields_of(type_name) or {}
        result = dict(NEVER_OMITTED.get(type_name, {}))
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            if key not in fields:
                self.unknown.append(inner)
            elif item is not None:
                inner_go = f"{go_path}.{key}" if go_path else key
                read = self.read(item, field_type(type_name, key), inner, type_name, inner_go)
                if not omitted(type_name, key, fields[key], read):
                    result[key] = read
        return result

    def _read_scalar(self, value: Any, type_name: str, owner: str, go_path: str) -> Any:
        if type_name in ("string", "bytes", "datetime"):
            self._expect(isinstance(value, str), value, type_name, owner, go_path)
            if type_name == "bytes":
                check_base64(value)
            elif type_name == "datetime":
                check_time(value)
        elif type_name == "boolean":
            self._expect(isinstance(value, bool), value, type_name, owner, go_path)
        elif type_name in INTEGER_BITS:
            self._expect(_is_whole(value, INTEGER_BITS[type_name]), value, type_name, owner, go_path)
        elif type_name == "intorstring":  # by a decoder of its own, which does not know the field
            self._expect(isinstance(value, str) or _is_whole(value, 31), value, "integer", "", "")
        elif type_name == "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            self._expect(is_number, value, type_name, owner, go_path)
        elif type_name == "quantity":
            return quantity(value)
        return value

    @staticmethod
    def _expect(right: bool, value: Any, type_name: str, owner: str, go_path: str) -> None:
        if right:
            return
        into = f"Go struct field {owner}.{go_path}" if owner else "Go value"
        raise bad_request(f"json: cannot unmarshal {json_type(value)} into {into} of type {go_type(type_name)}")


def _is_whole(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**bits


def omitted(owner: str, name: str, type_name: str, value: Any) -> bool:
    """Whether Go's encoding would leave this field out."""
    if value in ({}, []) and not fields_of(type_name) and type_name != "any":
        return name not in KEPT_EMPTY.get(owner, ())
    if value is False:
        return name in OMITTED_FALSE.get(owner, ())
    return value == 0 and name in OMITTED_ZERO.get(owner, ())


def go_type(type_name: str) -> str:
    """As Go prints the type."""
    if type_name.startswith("list:"):
        return "[]" + go_type(type_name[5:])
    if type_name.startswith("map:"):
        return "map[string]" + go_type(type_name[4:])
    return GO_TYPES.get(type_name, f"v1.{type_name}")


def json_type(value: Any) -> str:
    """As Go names the JSON value it met."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**31):
        return f"number {value}"
    return {int: "number", str: "string", list: "array", dict: "object"}.get(type(value), "null")


def quantity(value: Any) -> str:
    """A resource quantity such as 1Gi or 250m, as text. Raises ApiError (400)."""
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > QUANTITY_LENGTH or not QUANTITY.fullmatch(text):
        pattern = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
        raise bad_request(f"quantities must match the regular expression '{pattern}'")
    return text


def check_base64(text: str) -> None:
    """Raises ApiError (400) unless text is standard base64."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        wrong = re.search(r"[^A-Za-z0-9+/=]", text)
        raise bad_request(f"illegal base64 data at input byte {wrong.start() if wrong else len(text)}") from None


def check_time(text: str) -> None:
    """Raises ApiError (400) unless text is an RFC 3339 time."""
    try:
        if datetime.fromisoformat(text).tzinfo is None:
            raise ValueError("no time zone")
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        raise bad_request(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"') from None
