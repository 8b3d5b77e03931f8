"""Request bodies: bytes to an object of the resource's type, without kind and apiVersion."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import yaml

from . import views
from .resources import RESOURCES, Resource
from .schema import protobuf
from .schema.decode import Decoder
from .status import ApiError, bad_request, too_large, unsupported_body

Object = dict[str, Any]

JSON_TYPES = ("application/json", "")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
INTERNAL_GROUPS = {"": "core"}
YAML_LIMIT_BYTES = 256 * 1024  # reading it is slow, and nobody else is answered meanwhile; kubectl sends JSON
SHOWN_BODY_LENGTH = 128


def parse(body: bytes, content_type: str) -> Any:
    """JSON, YAML or protobuf. Raises ApiError (400, 413, 415), ValueError with Go's text."""
    if content_type in YAML_TYPES:
        if len(body) > YAML_LIMIT_BYTES:
            raise too_large(YAML_LIMIT_BYTES)
        return parse_yaml(body)
    if content_type == PROTOBUF_TYPE:
        return parse_protobuf(body)
    if content_type not in JSON_TYPES:
        raise unsupported_body()
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Raises ValueError with Go's text, as far as it can be known."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        truncated = not body.strip() or "truncated" in str(error)
        raise ValueError("unexpected end of JSON input" if truncated else f"invalid JSON: {error}") from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def parse_yaml(body: bytes) -> Any:
    """Raises ValueError. Values that JSON does not have (dates) become text, as in Kubernetes."""
    try:
        loaded = yaml.load(body, Loader=JsonLoader)
        return msgspec.json.decode(msgspec.json.encode(loaded))
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise ValueError(f"error converting YAML to JSON: yaml: {' '.join(str(error).split())}") from None


def parse_protobuf(body: bytes) -> Any:
    """Raises ApiError (400)."""
    try:
        return protobuf.decode(body)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from None


class JsonLoader(yaml.SafeLoader):
    """YAML without timestamps and aliases: what is left means the same in JSON."""

    def compose_node(self, parent: Any, index: int) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        return super().compose_node(parent, index)


JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_object(body: bytes, content_type: str, resource: Resource, kind: str = "", api_version: str = "") -> Object:
    """The document, checked to be of the resource's kind (or of the given one). Raises ApiError (400, 415)."""
    kind = kind or resource.kind
    try:
        document = parse(body, content_type)
    except ValueError as error:
        shown = body[:SHOWN_BODY_LENGTH].decode(errors="replace") or "<empty>"
        text = f"couldn't get version/kind; json parse error: {error} ({shown})"
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): {text}") from None
    if not isinstance(document, dict):
        text = "couldn't get version/kind; json parse error: the body is not an object"
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): {text}")
    check_kind(document, kind, api_version or resource.api_version)
    return document


def check_kind(document: Object, kind: str, api_version: str) -> None:
    """Raises ApiError (400) for a document of another kind or version than the URL's; none given is that of the URL."""
    given_version = document.get("apiVersion") or api_version
    given = document.get("kind") or kind
    if not isinstance(given, str) or not isinstance(given_version, str):
        raise bad_request("couldn't get version/kind; json parse error: kind and apiVersion must be strings")
    if (given, given_version) == (kind, api_version):
        return
    known = {(resource.kind, resource.api_version): resource for resource in RESOURCES}.get((given, given_version))
    if known is None:
        scheme = "pkg/api/legacyscheme/scheme.go:30"
        raise bad_request(f'no kind "{given}" is registered for version "{given_version}" in scheme "{scheme}"')
    if given_version != api_version:
        raise bad_request(
            f"the API version in the data ({given_version}) does not match the expected API version ({api_version})"
        )
    group = INTERNAL_GROUPS.get(known.group, known.group.partition(".")[0])
    raise bad_request(
        f'{given} in version "{known.version}" cannot be handled as a {kind}: '
        f"converting (v1.{given}) to ({group}.{kind}): unknown conversion"
    )


def doubled_fields(body: bytes) -> list[str]:
    """Paths of the fields that a JSON object has more than once; the last one counts. Raises ApiError (400)."""
    doubled: dict[int, tuple[Object, list[str]]] = {}

    def as_object(pairs: list[tuple[str, Any]]) -> Object:
        value = dict(pairs)
        if len(value) < len(pairs):
            times = Counter(name for name, _ in pairs)
            doubled[id(value)] = value, [name for name in value if times[name] > 1]
        return value

    def paths(value: Any, here: str) -> Iterator[str]:
        if isinstance(value, dict):
            prefix = f"{here}." if here else ""
            yield from (prefix + name for name in doubled.get(id(value), (value, []))[1])
            for name, item in value.items():
                yield from paths(item, prefix + name)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from paths(item, f"{here}[{index}]")

    try:
        document = json.loads(body, object_pairs_hook=as_object)
        return list(paths(document, "")) if doubled else []
    except RecursionError:
        raise bad_request("exceeded max depth") from None


def conform(
    document: Object,
    resource: Resource,
    validation: str = "Ignore",
    doubled: Iterable[str] = (),
    refuse: Callable[[str], ApiError] | None = None,
) -> tuple[Object, list[str]]:
    """The object as it may be stored, and warnings about its fields. Raises ApiError (400, or what refuse makes).

    validation: Strict refuses unknown and doubled fields, Warn reports them, Ignore drops them silently.
    """
    decoder = Decoder()
    prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    refuse = refuse or (lambda why: bad_request(prefix + why))
    try:
        value: Object = decoder.read(document, resource.type_name)
    except ApiError as error:
        raise refuse(error.message) from None
    except RecursionError:
        raise refuse("exceeded max depth") from None
    wrong = [f'duplicate field "{path}"' for path in doubled] + [f'unknown field "{path}"' for path in decoder.unknown]
    if wrong and validation == "Strict":
        raise refuse("strict decoding error: " + ", ".join(wrong))
    value.pop("kind", None)
    value.pop("apiVersion", None)
    value.setdefault("metadata", {})
    return views.to_stored(resource, value), wrong if validation == "Warn" else []
