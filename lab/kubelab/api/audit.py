"""An audit log: who asked for what, whether it was allowed and why, and what came of it. One JSON line for each.

Events of audit.k8s.io/v1 at the level Metadata: neither bodies nor tokens are in them. A request that may go on for
long (a watch, a command) is told of when it begins, and again at its end, with the same auditID.
"""

from __future__ import annotations

import os
import sys
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from .authentication.user import User
from .authorization.attributes import Attributes
from .authorization.authorizer import CONNECTING
from .authorization.decision import Decision

Object = dict[str, Any]


@dataclass
class Record:
    """One request; its parts become known one after the other."""

    request: web.BaseRequest
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    received: str = field(default_factory=lambda: _now())
    user: User | None = None
    speaks_for: User | None = None
    asked: Attributes | None = None
    decision: Decision | None = None

    def event(self, stage: str, code: int | None = None) -> Object:
        request = self.request
        event: Object = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": self.id,
            "stage": stage,
            "requestURI": request.raw_path,
            "verb": self.asked.verb if self.asked else request.method.lower(),
            "user": _user(self.user) if self.user else {},
            "sourceIPs": [request.remote] if request.remote else [],
            "userAgent": request.headers.get("User-Agent", ""),
        }
        if self.speaks_for:
            event["impersonatedUser"] = _user(self.speaks_for)
        if self.asked and self.asked.is_resource:
            event["objectRef"] = _reference(self.asked)
        if code is not None:
            event["responseStatus"] = {"metadata": {}, "code": code}
        event |= {"requestReceivedTimestamp": self.received, "stageTimestamp": _now()}
        if self.decision:
            event["annotations"] = {
                "authorization.k8s.io/decision": "allow" if self.decision.allowed else "forbid",
                "authorization.k8s.io/reason": self.decision.reason,
            }
        return event


class AuditLog:
    """Appends to a file, which is made for its owner alone."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._failed = False

    def decided(self, record: Record) -> None:
        if record.decision and record.decision.allowed and record.asked and _is_long(record.asked):
            self._write(record.event("ResponseStarted"))

    def answered(self, record: Record, code: int | None) -> None:
        """code: of the response; None if the client went away before its end."""
        self._write(record.event("ResponseComplete", code))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, event: Object) -> None:
        """A log that cannot be written stops no request; the first time is told."""
        try:
            os.write(self._descriptor, msgspec.json.encode(event) + b"\n")
        except OSError as error:
            if not self._failed:
                print(f"cannot write the audit log {self._path}: {error.strerror}", file=sys.stderr, flush=True)
            self._failed = True


def _is_long(asked: Attributes) -> bool:
    return asked.verb == "watch" or (asked.resource == "pods" and asked.subresource in (*CONNECTING, "log"))


def _user(user: User) -> Object:
    told: Object = {"username": user.name}
    if user.uid:
        told["uid"] = user.uid
    return told | {"groups": list(user.groups)} | ({"extra": dict(user.extra)} if user.extra else {})


def _reference(asked: Attributes) -> Object:
    parts = {
        "resource": asked.resource,
        "namespace": asked.namespace,
        "name": asked.name,
        "apiGroup": asked.group,
        "apiVersion": asked.version,
        "subresource": asked.subresource,
    }
    return {key: value for key, value in parts.items() if value}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
