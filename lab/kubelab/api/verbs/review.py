"""Reviews of what the one who asks may do. Answered and forgotten.

After kubernetes/pkg/apis/authorization/validation (validation.go).
"""

from __future__ import annotations

from typing import Any

from kubelab.api import fields
from kubelab.api.resources import Resource
from kubelab.api.status import invalid

Object = dict[str, Any]


def answered(review: Object, resource: Resource) -> Object:
    """The review with its answer. Raises ApiError (422) where it asks for nothing, or for two things.

    Roles are stored, not enforced: whoever shows a token may do everything, and so it is allowed to everybody.
    """
    spec = review.get("spec") or {}
    asked = [name for name in ("resourceAttributes", "nonResourceAttributes") if spec.get(name) is not None]
    if len(asked) != 1:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid(resource.kind, resource.group, "", [fields.invalid("spec", spec or None, detail)])
    return {**review, "status": {"allowed": True}}
