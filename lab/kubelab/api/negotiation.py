"""Which form of an answer a client takes: the object, a table for people, or metadata alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .status import not_acceptable

Form = Literal["object", "table", "metadata"]

AVAILABLE = "application/json"
JSON_TYPES = ("application/json", "application/*", "*/*")
META_GROUP = "meta.k8s.io"
FORMS: dict[str, Form] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """One entry of an Accept header."""

    name: str
    parameters: dict[str, str]


def accepted(header: str) -> list[MediaType]:
    """In the order of the header, which is the client's preference."""
    types = []
    for part in (header or "*/*").split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        types.append(MediaType(name.lower(), {key.strip(): value.strip() for key, _, value in pairs}))
    return types


def form(header: str) -> Form:
    """The first form in the header that is served here. Raises ApiError (406)."""
    for media in accepted(header):
        if media.name not in JSON_TYPES:
            continue
        wanted = media.parameters.get("as", "")
        if not wanted:
            return "object"
        if wanted in FORMS and media.parameters.get("g") == META_GROUP and media.parameters.get("v") == "v1":
            return FORMS[wanted]
    raise not_acceptable(AVAILABLE)
