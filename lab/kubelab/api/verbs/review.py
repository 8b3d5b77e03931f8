"""Reviews of who asks, and of what somebody may do. Answered and forgotten.

After kubernetes/pkg/registry/authorization, pkg/apis/authorization/validation and pkg/registry/authentication.
"""

from __future__ import annotations

from typing import Any

from kubelab.api import fields
from kubelab.api.authentication.user import User
from kubelab.api.authorization.attributes import Attributes
from kubelab.api.authorization.authorizer import Authorizer
from kubelab.api.resources import Resource
from kubelab.api.status import bad_request, invalid

Object = dict[str, Any]


def answered(review: Object, resource: Resource, user: User, authorizer: Authorizer) -> Object:
    """The review with its answer. Raises ApiError (400, 422) where it asks for nothing, or for two things."""
    spec = review.get("spec") or {}
    match resource.kind:
        case "SelfSubjectReview":
            status = who_is(user)
        case "SelfSubjectRulesReview":
            status = rules_of(user, spec.get("namespace", ""), authorizer)
        case "SubjectAccessReview":
            asked = asked_for(spec, resource)
            status = access(_somebody(spec, resource), asked, authorizer)
        case _:
            status = access(user, asked_for(spec, resource), authorizer)
    return {**review, "status": status}


def asked_for(spec: Object, resource: Resource) -> Attributes:
    """What a review is about. Raises ApiError (422)."""
    parts = [name for name in ("resourceAttributes", "nonResourceAttributes") if spec.get(name) is not None]
    if len(parts) != 1:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid(resource.kind, resource.group, "", [fields.invalid("spec", spec or None, detail)])
    given = spec[parts[0]]
    verb = given.get("verb", "")
    if parts == ["nonResourceAttributes"]:
        return Attributes(verb, path=given.get("path") or "/")
    words = ("namespace", "group", "version", "resource", "subresource", "name")
    return Attributes(verb, **{word: given.get(word, "") for word in words})


def access(user: User, asked: Attributes, authorizer: Authorizer) -> Object:
    decision = authorizer.decide(user, asked)
    return {"allowed": decision.allowed} | ({"reason": decision.reason} if decision.reason else {})


def _somebody(spec: Object, resource: Resource) -> User:
    """Raises ApiError (422)."""
    name, groups = spec.get("user", ""), tuple(spec.get("groups") or ())
    if not name and not groups:
        detail = "at least one of user or group must be specified"
        raise invalid(resource.kind, resource.group, "", [fields.invalid("spec.user", "", detail)])
    return User(name, groups, spec.get("uid", ""))


def rules_of(user: User, namespace: str, authorizer: Authorizer) -> Object:
    """Every rule that is granted in a namespace. Raises ApiError (400)."""
    if not namespace:
        raise bad_request("no namespace on request")
    granted = list(authorizer.roles.grants(user).of(namespace))
    written = [rule for grant in granted for rule in grant.written]
    status: Object = {
        "resourceRules": [
            _rule(rule, "apiGroups", "resources", "resourceNames") for rule in written if "resources" in rule
        ],
        "nonResourceRules": [_rule(rule, "nonResourceURLs") for rule in written if "nonResourceURLs" in rule],
        "incomplete": False,
    }
    errors = [grant.error for grant in granted if grant.error]
    return status | ({"evaluationError": ", ".join(errors)} if errors else {})


def _rule(rule: Object, *names: str) -> Object:
    return {name: rule[name] for name in ("verbs", *names) if rule.get(name)}


def who_is(user: User) -> Object:
    told: Object = {"username": user.name}
    if user.uid:
        told["uid"] = user.uid
    told["groups"] = list(user.groups)
    if user.extra:
        told["extra"] = {name: list(values) for name, values in user.extra.items()}
    return {"userInfo": told}
