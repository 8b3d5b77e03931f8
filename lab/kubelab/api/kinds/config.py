"""ConfigMaps and Secrets: keys, immutability, stringData."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from kubelab.api.fields import FieldError, forbidden, invalid
from kubelab.api.names import config_key_errors

from .base import Object, Strategy


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
        return list(data_errors(value, "data", "binaryData"))

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        return list(immutability_errors(value, old, "data", "binaryData"))


class SecretStrategy(Strategy):
    selectable = ("type",)

    def default(self, value: Object) -> None:
        value.setdefault("type", "Opaque")
        for key, text in value.pop("stringData", {}).items():
            value.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()

    def validate(self, value: Object) -> list[FieldError]:
        return list(data_errors(value, "data"))

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        errors = list(immutability_errors(value, old, "data"))
        if value.get("type") != old.get("type"):
            errors.append(invalid("type", value.get("type"), "field is immutable"))
        return errors
