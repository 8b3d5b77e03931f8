"""Refusals: the Status body that Kubernetes answers, as an exception that any layer may raise.

    ApiError                      answered to the client as it stands; see the functions below for each reason

Texts and details are those of kube-apiserver (apimachinery/pkg/api/errors), since clients compare them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .fields import FieldError

Object = dict[str, Any]


class ApiError(Exception):
    """A request that is refused: HTTP code, reason, message, details."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Object:
        """The body of the answer: a Status object."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that go with the body."""
        retry_after_s = (self.details or {}).get("retryAfterSeconds")
        return {"Retry-After": str(retry_after_s)} if retry_after_s else {}


def subject(name: str, kind: str, group: str) -> Object:
    """Details that say which object; empty parts are left out."""
    parts = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in parts.items() if value}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def no_such_resource() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def not_found(plural: str, group: str, name: str) -> ApiError:
    qualified = f"{plural}.{group}" if group else plural
    return ApiError(404, "NotFound", f'{qualified} "{name}" not found', subject(name, plural, group))


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(available: str) -> ApiError:
    message = f"406: Not Acceptable\n\nAvailable representations: {available}"
    return ApiError(406, "NotAcceptable", message, {})


def already_exists(plural: str, group: str, name: str, prefix: str = "") -> ApiError:
    qualified = f"{plural}.{group}" if group else plural
    return ApiError(409, "AlreadyExists", f'{prefix}{qualified} "{name}" already exists', subject(name, plural, group))


def born_with_version() -> ApiError:
    """A new object that claims to be a version of something: no mistake of the client's, says Kubernetes."""
    return ApiError(500, "", "resourceVersion should not be set on objects to be created")


def conflict(plural: str, group: str, name: str, why: str) -> ApiError:
    qualified = f"{plural}.{group}" if group else plural
    message = f'Operation cannot be fulfilled on {qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, subject(name, plural, group))


def modified(plural: str, group: str, name: str) -> ApiError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(plural, group, name, why)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_large(limit_bytes: int) -> ApiError:
    message = f"Request entity too large: limit is {limit_bytes}"
    return ApiError(413, "RequestEntityTooLarge", message)


def unsupported_body() -> ApiError:
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )
    return ApiError(415, "UnsupportedMediaType", message)


def unsupported_patch() -> ApiError:
    """A PATCH whose body is of no patch type at all."""
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def unsupported_apply(accepted: Sequence[str]) -> ApiError:
    """Server-side apply; kubectl puts "Server-side apply not available on the server" before the message."""
    message = (
        "server-side apply is not served here: leave out --server-side, or send one of the accepted media types: "
        + ", ".join(accepted)
    )
    return ApiError(415, "UnsupportedMediaType", message)


def unprocessable() -> ApiError:
    """A JSON patch that cannot be applied to the object as it is."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, {})


def invalid(kind: str, group: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """An object with fields that are not as they must be; every one of them is named."""
    texts = [f"{error.path}: {error.text}" for error in errors]
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    qualified = f"{kind}.{group}" if group else kind
    details = subject(name, kind, group) | {"causes": [error.cause() for error in errors]}
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details)


def forbidden(plural: str, group: str, name: str, why: str, causes: Sequence[Object] = ()) -> ApiError:
    qualified = f"{plural}.{group}" if group else plural
    details = subject(name, plural, group)
    if causes:
        details["causes"] = list(causes)
    return ApiError(403, "Forbidden", f'{qualified} "{name}" is forbidden: {why}', details)


def refused_to(plural: str, group: str, name: str, why: str) -> ApiError:
    """403 for a request that nothing allows; about a path if there is no resource."""
    if not plural:
        return ApiError(403, "Forbidden", f"forbidden: {why}", {})
    if name:
        return forbidden(plural, group, name, why)
    qualified = f"{plural}.{group}" if group else plural
    return ApiError(403, "Forbidden", f"{qualified} is forbidden: {why}", subject("", plural, group))


def unavailable(message: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", message)


def revision_too_large(wanted: int, current: int) -> ApiError:
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return ApiError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def success(code: int = 0, details: Object | None = None) -> Object:
    """The Status of a request that was done and has no object to answer with."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        body["details"] = details
    return body | ({"code": code} if code else {})
