"""Strict validation of an object against the typed models of the Kubernetes Python client (37 and later)."""

from typing import Any

from kubernetes import client
from pydantic import ValidationError


def problems(item: Any, model: str) -> list[str]:
    """What the API would refuse, each with its path: unknown fields, wrong types, missing fields."""
    try:
        read = getattr(client, model).model_validate(item)
    except ValidationError as error:
        return [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
    # The models also take Python's spelling of a field (env_from); the API does not.
    written = read.model_dump(by_alias=True, exclude_none=True)
    return [] if written == item else [f"would be read as {written}"]
