"""ConfigMaps and Secrets: keys, size, immutability, stringData."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from kubelab.api.fields import FieldError, forbidden, invalid, required
from kubelab.api.names import config_key_errors

from .base import Object, Strategy

DATA_LIMIT_BYTES = 1024 * 1024
BASIC = "kubernetes.io/basic-auth"
"""The type of Secrets that have a name or a password; those of other types have all of their keys."""
KEYS = {
    BASIC: ("username", "password"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def size_errors(path: str, size_bytes: int) -> Iterator[FieldError]:
    if size_bytes > DATA_LIMIT_BYTES:
        yield FieldError(path, "FieldValueTooLong", f"Too long: may not be more than {DATA_LIMIT_BYTES} bytes")


def binary_size(data: dict[str, str]) -> int:
    return sum(len(base64.b64decode(text)) for text in data.values())


def missing_errors(kind: str, data: dict[str, str]) -> list[FieldError]:
    """Which keys a Secret of a type of Kubernetes' own lacks."""
    keys = KEYS.get(kind, ())
    if kind == BASIC and any(key in data for key in keys):
        return []
    return [required(f"data[{key}]") for key in keys if key not in data]


def data_errors(value: Object, *fields: str) -> Iterator[FieldError]:
    for field in fields:
        for key in value.get(field, {}):
            yield from (invalid(f"{field}[{key}]", key, text) for text in config_key_errors(key))


def immutability_errors(value: Object, old: Object, *fields: str) -> Iterator[FieldError]:
    """Once immutable is true, nothing of it changes."""
    if not old.get("immutable"):
        return
    message = "field is immutable when `immutable` is set"
    for field in ("immutable", *fields):
        if value.get(field) != old.get(field):
            yield forbidden(field, message)


class ConfigMapStrategy(Strategy):
    def validate(self, value: Object) -> list[FieldError]:
        size = sum(len(text.encode()) for text in value.get("data", {}).values())
        size += binary_size(value.get("binaryData", {}))
        twice = [key for key in value.get("data", {}) if key in value.get("binaryData", {})]
        errors = [invalid(f"data[{key}]", key, "duplicate of key present in binaryData") for key in twice]
        return [*data_errors(value, "data", "binaryData"), *errors, *size_errors("", size)]

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        return list(immutability_errors(value, old, "data", "binaryData"))


class SecretStrategy(Strategy):
    selectable = ("type",)

    def default(self, value: Object) -> None:
        value.setdefault("type", "Opaque")
        for key, text in value.pop("stringData", {}).items():
            value.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()

    def validate(self, value: Object) -> list[FieldError]:
        data = value.get("data", {})
        return [
            *data_errors(value, "data"),
            *size_errors("data", binary_size(data)),
            *missing_errors(value["type"], data),
        ]

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        errors = list(immutability_errors(value, old, "data"))
        if value.get("type") != old.get("type"):
            errors.append(invalid("type", value.get("type"), "field is immutable"))
        return errors
