"""TokenRequest: a token of a ServiceAccount (pkg/registry/core/serviceaccount/storage/token.go)."""

from __future__ import annotations

from typing import Any

from kubelab.api import fields
from kubelab.api.authentication.accounts import ACCOUNTS, AUDIENCES, BOUND_TO, AccountTokens, Wanted
from kubelab.api.authentication.user import User
from kubelab.api.authorization.nodes import node_of
from kubelab.api.clock import now, stamp
from kubelab.api.kinds import Cluster
from kubelab.api.status import bad_request, conflict, forbidden, invalid

from .update import find

Object = dict[str, Any]

GROUP = "authentication.k8s.io"
DEFAULT_S, LEAST_S, MOST_S = 3600, 600, 1 << 32


def issued(cluster: Cluster, tokens: AccountTokens, user: User, namespace: str, name: str, request: Object) -> Object:
    """The request with its token. Raises ApiError (400, 403, 404, 409, 422)."""
    account = find(cluster, ACCOUNTS, namespace, name).value
    asked = request.get("spec") or {}
    seconds = asked.get("expirationSeconds", DEFAULT_S)
    audiences = asked.get("audiences") or list(AUDIENCES)
    if errors := _too_short_or_long(seconds):
        raise invalid("TokenRequest", GROUP, "", errors)
    reference = asked.get("boundObjectRef")
    _restrict_node(cluster, user, namespace, name, reference)
    bound = _bound(cluster, namespace, name, reference) if reference else None
    token, ends = tokens.issue(Wanted(account, tuple(audiences), seconds, bound))
    spec = {"audiences": audiences, "expirationSeconds": seconds}
    if reference:
        spec["boundObjectRef"] = reference
    return {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp(now())},
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": stamp(ends)},
    }


def _too_short_or_long(seconds: int) -> list[fields.FieldError]:
    if seconds < LEAST_S:
        return [fields.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]
    if seconds > MOST_S:
        return [
            fields.invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
        ]
    return []


def _bound(cluster: Cluster, namespace: str, account: str, reference: Object) -> tuple[str, Object]:
    """Kind and object that the token shall not outlive."""
    kind, version = reference.get("kind", ""), reference.get("apiVersion", "")
    if kind not in BOUND_TO or version != "v1":
        group, _, rest = version.rpartition("/")
        raise bad_request(f"cannot bind token to object of type {group}/{rest}, Kind={kind}")
    resource = BOUND_TO[kind][1]
    found = find(cluster, resource, namespace, reference.get("name", "")).value
    if kind == "Pod" and found["spec"].get("serviceAccountName") != account:
        raise bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
    wanted, uid = reference.get("uid"), found["metadata"]["uid"]
    if wanted and wanted != uid:
        why = (
            f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict(kind, "", found["metadata"]["name"], why)
    return kind, found


def _restrict_node(cluster: Cluster, user: User, namespace: str, account: str, reference: Object | None) -> None:
    """A node gets the tokens of its own pods alone (plugin/pkg/admission/noderestriction).

    Raises ApiError (403, 404).
    """
    if not (node := node_of(user)):
        return
    why = ""
    if not reference or reference.get("kind") != "Pod" or not reference.get("name"):
        why = "node requested token not bound to a pod"
    elif not reference.get("uid"):
        why = "node requested token with a pod binding without a uid"
    else:
        pod = find(cluster, BOUND_TO["Pod"][1], namespace, reference["name"]).value
        if pod["spec"].get("nodeName") != node:
            why = "node requested token bound to a pod scheduled on a different node"
    if why:
        raise forbidden(ACCOUNTS.plural, ACCOUNTS.group, account, why)
