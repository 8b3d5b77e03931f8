"""Somebody who speaks for another one, by the headers Impersonate-User, -Group and -Uid.

After kubernetes/staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubelab.api.authorization.attributes import Attributes
from kubelab.api.authorization.authorizer import Authorizer, refusal
from kubelab.api.status import ApiError

from .user import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User, account_groups, account_of

USER, GROUP, UID = "Impersonate-User", "Impersonate-Group", "Impersonate-Uid"
EXTRA = "Impersonate-Extra-"


def is_wanted(headers: Any) -> bool:
    return USER in headers or GROUP in headers or UID in headers


def impersonated(headers: Any, user: User, authorizer: Authorizer) -> User:
    """Whom a request is to be taken for. Raises ApiError (403, 500) where the user may not, or names nobody."""
    name, groups, uid = headers.get(USER, ""), tuple(headers.getall(GROUP, ())), headers.get(UID, "")
    extra = {
        key[len(EXTRA) :].lower(): tuple(headers.getall(key))
        for key in headers
        if key.lower().startswith(EXTRA.lower())
    }
    if not name:
        raise ApiError(
            500, "InternalError", f"Internal error occurred: requested {groups or uid} without impersonating a user"
        )
    for asked in _asked(name, groups, uid, extra):
        decision = authorizer.decide(user, asked)
        if not decision.allowed:
            raise refusal(user, asked, decision)
    account = account_of(name)
    if account and not groups:
        groups = account_groups(account[0])
    return User(name, _completed(name, groups), uid, extra)


def _asked(name: str, groups: tuple[str, ...], uid: str, extra: dict[str, tuple[str, ...]]) -> Iterator[Attributes]:
    """What the one who speaks must be allowed."""
    if account := account_of(name):
        namespace, account_name = account
        yield Attributes("impersonate", namespace, "", "v1", "serviceaccounts", "", account_name)
    else:
        yield Attributes("impersonate", "", "", "v1", "users", "", name)
    for group in groups:
        yield Attributes("impersonate", "", "", "v1", "groups", "", group)
    if uid:
        yield Attributes("impersonate", "", "authentication.k8s.io", "v1", "uids", "", uid)
    for key, values in extra.items():
        for value in values:
            yield Attributes("impersonate", "", "authentication.k8s.io", "v1", "userextras", key, value)


def _completed(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    if {AUTHENTICATED, UNAUTHENTICATED} & set(groups):
        return groups
    return (*groups, UNAUTHENTICATED if name == ANONYMOUS else AUTHENTICATED)
