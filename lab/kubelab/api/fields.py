"""One wrong field of an object: where it is, what is wrong, in the words of Kubernetes (util/validation/field)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """path: as in spec.ports[0].port; reason: FieldValue...; text: what a person reads."""

    path: str
    reason: str
    text: str

    def cause(self) -> dict[str, str]:
        """As an element of a Status' details.causes."""
        return {"reason": self.reason, "message": self.text, "field": self.path}


def shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(path: str, detail: str = "") -> FieldError:
    return FieldError(path, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError(path, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def unsupported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    options = ", ".join(shown(option) for option in sorted(supported))
    return FieldError(path, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {options}")


def forbidden(path: str, detail: str) -> FieldError:
    return FieldError(path, "FieldValueForbidden", f"Forbidden: {detail}")
