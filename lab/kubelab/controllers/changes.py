"""What a reconcile function may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubelab.kinds import Kind, Object


@dataclass(frozen=True)
class Create:
    """Create obj; that it exists already is no error (it will be observed)."""

    kind: Kind
    obj: Object


@dataclass(frozen=True)
class Replace:
    """Write obj over the version that was observed; a conflict makes the key come again."""

    kind: Kind
    obj: Object
    subresource: str | None = None


@dataclass(frozen=True)
class Patch:
    """Merge-patch the object, unless its resource version is not the observed one."""

    kind: Kind
    obj: Object
    body: Mapping[str, Any]
    subresource: str | None = None


@dataclass(frozen=True)
class Delete:
    """Delete exactly this object (by UID); that it is gone already is no error. grace_s: None for its own."""

    kind: Kind
    obj: Object
    propagation: str | None = None
    grace_s: int | None = None


@dataclass(frozen=True)
class Bind:
    """Assign the pod to the node."""

    pod: Object
    node: str


@dataclass(frozen=True)
class Event:
    """Tell about obj. type: Normal or Warning. action: given by components that speak the newer event format."""

    obj: Object
    type: str
    reason: str
    message: str
    action: str | None = None


@dataclass(frozen=True)
class Again:
    """Reconcile this key once more after a while."""

    after_s: float


Change = Create | Replace | Patch | Delete | Bind | Event | Again
Changes = list[Change]


@dataclass(frozen=True)
class Failure:
    """Why a change could not be made, as the API server said it."""

    change: Change
    message: str
    reason: str = field(default="")


def with_status(obj: Object, status: Mapping[str, Any]) -> Object:
    """A copy of obj with another status."""
    return {**obj, "status": dict(status)}
