"""Who a request is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ACCOUNT_PREFIX = "system:serviceaccount:"
ACCOUNTS = "system:serviceaccounts"


@dataclass(frozen=True, slots=True)
class User:
    """uid: of the ServiceAccount, if it is one. extra: what else is known of it, such as its pod."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


def account_name(namespace: str, name: str) -> str:
    """The user that a ServiceAccount is."""
    return f"{ACCOUNT_PREFIX}{namespace}:{name}"


def account_of(user_name: str) -> tuple[str, str] | None:
    """Namespace and name of the ServiceAccount that a user is; None if it is none."""
    namespace, colon, name = user_name.removeprefix(ACCOUNT_PREFIX).partition(":")
    is_account = user_name.startswith(ACCOUNT_PREFIX) and colon and namespace and name and ":" not in name
    return (namespace, name) if is_account else None


def account_groups(namespace: str) -> tuple[str, ...]:
    return (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED)


def authenticated(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups of one who was authenticated: that one, too."""
    listed = tuple(groups)
    return listed if AUTHENTICATED in listed else (*listed, AUTHENTICATED)
