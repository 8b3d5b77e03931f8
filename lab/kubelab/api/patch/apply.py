"""A PATCH body to the document it makes, by its content type."""

from __future__ import annotations

from typing import Any

from kubelab.api.status import bad_request

from .jsonpatch import apply_json_patch
from .merge import apply_merge_patch
from .strategic import apply_strategic_patch

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
PATCH_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH)
SERVER_SIDE_TYPES = ("application/apply-patch+yaml", "application/apply-patch+cbor")  # refused: nobody owns fields here


def patched(content_type: str, document: dict[str, Any], patch: Any, type_name: str) -> dict[str, Any]:
    """A patched copy of document. Raises ApiError (400, 422)."""
    if content_type == JSON_PATCH:
        result = apply_json_patch(document, patch)
    elif content_type == MERGE_PATCH:
        result = apply_merge_patch(document, patch)
    else:
        result = apply_strategic_patch(document, patch, type_name)
    if not isinstance(result, dict):
        raise bad_request("the patched document is not an object")
    return result
