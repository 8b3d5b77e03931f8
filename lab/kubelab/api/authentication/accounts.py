"""Tokens of ServiceAccounts: for a while, for an audience, and for as long as the account and its pod are there.

After kubernetes/pkg/serviceaccount (claims.go). There, a token that a kubelet asks for is good for a year, so that
programs which read it once go on; here it is good for as long as was asked for.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubelab.api.clock import parse
from kubelab.api.resources import BY_URL, PODS
from kubelab.api.store import Store

from . import jwt
from .user import User, account_groups, account_name

Object = dict[str, Any]

ACCOUNTS = BY_URL["", "v1", "serviceaccounts"]
SECRETS = BY_URL["", "v1", "secrets"]
ISSUER = "https://kubernetes.default.svc.cluster.local"
AUDIENCES = (ISSUER,)
"""Those for whom this server is meant."""
BOUND_TO = {"Pod": ("pod", PODS), "Secret": ("secret", SECRETS)}
"""Kind of an object that a token may be bound to -> its claim and its resource."""
PRIVATE = "kubernetes.io"
MOST_REMEMBERED = 1024
"""Tokens, so that the signature of each is looked at once."""
LEEWAY_S = 60
"""How long an account or a pod may be past the end of its deletion."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token that is asked for. bound: kind and object that it shall be bound to."""

    account: Object
    audiences: tuple[str, ...]
    seconds: int
    bound: tuple[str, Object] | None = None


class AccountTokens:
    """Makes tokens, and knows whose a token is."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key
        self._read: dict[str, tuple[jwt.Claims, User]] = {}

    def issue(self, wanted: Wanted) -> tuple[str, datetime]:
        """The token, and when it ends."""
        metadata = wanted.account["metadata"]
        now = int(time.time())
        ends = now + wanted.seconds
        private = {"namespace": metadata["namespace"], "serviceaccount": _reference(wanted.account)}
        if wanted.bound:
            kind, target = wanted.bound
            private[BOUND_TO[kind][0]] = _reference(target)
        claims = {
            "aud": list(wanted.audiences),
            "exp": ends,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            PRIVATE: private,
            "nbf": now,
            "sub": account_name(metadata["namespace"], metadata["name"]),
        }
        return jwt.encode(claims, self._key), datetime.fromtimestamp(ends, UTC)

    def user(self, token: str) -> User | None:
        """Whose token it is, None if it is nobody's, or not any more."""
        try:
            claims, user = self._read.get(token) or self._remembered(token)
        except jwt.BadToken:
            return None
        if not claims["nbf"] <= time.time() < claims["exp"] or not set(AUDIENCES) & set(claims["aud"]):
            return None
        private = claims[PRIVATE]
        namespace, account = private["namespace"], private["serviceaccount"]
        if not self._is_there(ACCOUNTS.storage, namespace, account):
            return None
        for claim, resource in BOUND_TO.values():
            if claim in private and not self._is_there(resource.storage, namespace, private[claim]):
                return None
        return user

    def _remembered(self, token: str) -> tuple[jwt.Claims, User]:
        """What a token says, which does not change, and whose it is if that still holds. Raises BadToken."""
        claims = jwt.decode(token, self._key)
        private = claims[PRIVATE]
        namespace, account = private["namespace"], private["serviceaccount"]
        name = account_name(namespace, account["name"])
        if len(self._read) >= MOST_REMEMBERED:
            self._read.clear()
        self._read[token] = claims, User(name, account_groups(namespace), account["uid"], _extra(claims))
        return self._read[token]

    def _is_there(self, storage: str, namespace: str, reference: Object) -> bool:
        """Whether this very object exists, and is not to be gone for longer than the leeway."""
        entry = self._store.get(storage, (namespace, reference["name"]))
        if entry is None or entry.value["metadata"]["uid"] != reference["uid"]:
            return False
        ends = entry.value["metadata"].get("deletionTimestamp")
        return ends is None or datetime.now(UTC) < parse(ends) + timedelta(seconds=LEEWAY_S)


def _reference(target: Object) -> Object:
    return {key: target["metadata"][key] for key in ("name", "uid")}


def _extra(claims: jwt.Claims) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {"authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",)}
    if pod := claims[PRIVATE].get("pod"):
        extra |= {f"authentication.kubernetes.io/pod-{key}": (pod[key],) for key in ("name", "uid")}
    return extra
