"""Query parameters and DeleteOptions bodies, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import fields
from .kinds import strategy_of
from .resources import Resource
from .schema.decode import Decoder
from .selectors import Filter, known_fields, parse_fields, parse_labels
from .status import ApiError, bad_request, invalid
from .verbs.delete import DeleteOptions

Query = Mapping[str, str]

META_GROUP = "meta.k8s.io"
PROPAGATIONS = ("Background", "Foreground", "Orphan")
VALIDATIONS = ("Ignore", "Strict", "Warn")
MATCHES = ("Exact", "NotOlderThan")


def refused(kind: str, *errors: fields.FieldError) -> ApiError:
    return invalid(kind, META_GROUP, "", errors)


def flag(query: Query, name: str) -> bool:
    """As Go reads a boolean parameter: present without a value is true."""
    value = query.get(name)
    return value is not None and value.lower() not in ("false", "0")


def number(query: Query, name: str) -> int | None:
    """Raises ApiError (400)."""
    text = query.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def dry_run(kind: str, values: list[str]) -> bool:
    """Whether nothing must be stored. Raises ApiError (422)."""
    if not values or values == [""]:
        return False
    if values != ["All"]:
        raise refused(kind, fields.unsupported("dryRun", values, ["All"]))
    return True


def field_validation(kind: str, query: Query) -> str:
    """Ignore, Strict or Warn; what to do with unknown fields. Raises ApiError (422)."""
    value = query.get("fieldValidation") or "Warn"
    if value not in VALIDATIONS:
        raise refused(kind, fields.unsupported("fieldValidation", value, ["", *VALIDATIONS]))
    return value


def filter_of(resource: Resource, query: Query) -> Filter:
    """The label and field selectors of a request. Raises ApiError (400)."""
    strategy = strategy_of(resource.storage)
    wanted = parse_fields(query.get("fieldSelector", ""))
    known_fields(wanted, strategy.selectable)
    return Filter(tuple(parse_labels(query.get("labelSelector", ""))), tuple(wanted), strategy.read_field)


def revision(text: str) -> int:
    """A resourceVersion parameter; 0 means any. Raises ValueError with Go's text."""
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise ValueError(
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """revision: at least this (or, if exact, just this) version; limit: objects a page, 0 for all."""

    selected: Filter
    revision: int = 0
    exact: bool = False
    limit: int = 0
    continue_token: str = ""


def list_options(resource: Resource, query: Query) -> ListOptions:
    """Raises ApiError."""
    try:
        wanted = revision(query.get("resourceVersion", ""))
    except ValueError as error:
        raise bad_request(f"invalid resource version: {error}") from None
    match = query.get("resourceVersionMatch", "")
    if match:
        _check_match(match, query)
    if "sendInitialEvents" in query:
        detail = "sendInitialEvents is forbidden for list"
        raise refused("ListOptions", fields.forbidden("sendInitialEvents", detail))
    limit = number(query, "limit") or 0
    return ListOptions(
        selected=filter_of(resource, query),
        revision=wanted,
        exact=match == "Exact",
        limit=max(limit, 0),
        continue_token=query.get("continue", ""),
    )


def _check_match(match: str, query: Query) -> None:
    if match not in MATCHES:
        raise refused("ListOptions", fields.unsupported("resourceVersionMatch", match, MATCHES))
    if not query.get("resourceVersion"):
        detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise refused("ListOptions", fields.forbidden("resourceVersionMatch", detail))
    if query.get("continue"):
        detail = "resourceVersionMatch is forbidden when continue is provided"
        raise refused("ListOptions", fields.forbidden("resourceVersionMatch", detail))
    if match == "Exact" and query["resourceVersion"] == "0":
        detail = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        raise refused("ListOptions", fields.forbidden("resourceVersionMatch", detail))


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """revision: changes after this; initial: send what exists first, and a bookmark after it if marked is set."""

    selected: Filter
    revision: int
    initial: bool
    marked: bool
    bookmarks: bool
    timeout_s: float


def watch_options(resource: Resource, query: Query, default_timeout_s: float) -> WatchOptions:
    """Raises ApiError."""
    match = query.get("resourceVersionMatch", "")
    initial = query.get("sendInitialEvents")
    if initial is not None and match != "NotOlderThan":
        detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise refused("ListOptions", fields.forbidden("resourceVersionMatch", detail))
    if initial is None and match:
        detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise refused("ListOptions", fields.forbidden("resourceVersionMatch", detail))
    try:
        wanted = revision(query.get("resourceVersion", ""))
    except ValueError as error:
        raise ApiError(400, "BadRequest", str(error)) from None
    sends_initial = flag(query, "sendInitialEvents")
    timeout_s = number(query, "timeoutSeconds") or 0
    return WatchOptions(
        selected=filter_of(resource, query),
        revision=wanted,
        initial=sends_initial or (initial is None and wanted == 0),
        marked=sends_initial,
        bookmarks=flag(query, "allowWatchBookmarks"),
        timeout_s=timeout_s if timeout_s > 0 else default_timeout_s,
    )


def delete_options(body: Any, query: Mapping[str, str]) -> DeleteOptions:
    """From the body, or from the query if there is none. Raises ApiError."""
    if body:
        given = Decoder().read(body, "DeleteOptions")
    else:
        given = {
            "gracePeriodSeconds": number(query, "gracePeriodSeconds"),
            "propagationPolicy": query.get("propagationPolicy"),
            "orphanDependents": flag(query, "orphanDependents") if "orphanDependents" in query else None,
            "dryRun": [query["dryRun"]] if query.get("dryRun") else None,
        }
    propagation = given.get("propagationPolicy") or ""
    if propagation and propagation not in PROPAGATIONS:
        options = ", ".join(f'"{option}"' for option in PROPAGATIONS)
        text = f'Unsupported value: "{propagation}": supported values: {options}'
        raise refused("DeleteOptions", fields.FieldError("propagationPolicy", "FieldValueNotSupported", text))
    if not propagation and given.get("orphanDependents") is not None:
        propagation = "Orphan" if given["orphanDependents"] else "Background"
    preconditions = given.get("preconditions") or {}
    return DeleteOptions(
        grace_period_s=given.get("gracePeriodSeconds"),
        propagation=propagation,
        uid=preconditions.get("uid", ""),
        resource_version=preconditions.get("resourceVersion", ""),
        dry_run=dry_run("DeleteOptions", given.get("dryRun") or []),
    )
