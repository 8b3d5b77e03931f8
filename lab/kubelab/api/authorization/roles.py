"""What roles and bindings in the store allow to a user.

After kubernetes/plugin/pkg/auth/authorizer/rbac (rbac.go) and pkg/registry/rbac/validation (rule.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kubelab.api.authentication.user import User, account_name
from kubelab.api.resources import BY_URL
from kubelab.api.store import Change, Store

from .attributes import Attributes
from .decision import Decision
from .rules import Rule, rules_of

Object = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
CLUSTER_ROLES = BY_URL[GROUP, "v1", "clusterroles"].storage
CLUSTER_BINDINGS = BY_URL[GROUP, "v1", "clusterrolebindings"].storage
ROLES = BY_URL[GROUP, "v1", "roles"].storage
BINDINGS = BY_URL[GROUP, "v1", "rolebindings"].storage
MOST_REMEMBERED = 1024
"""Users; somebody who impersonates can make up as many as he likes."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The rules of one binding that is about the user, and as they were written. error: why it has none."""

    rules: tuple[Rule, ...]
    description: str
    written: tuple[Object, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """Of one user: in the whole cluster, and in a namespace."""

    everywhere: list[Grant] = field(default_factory=list)
    within: dict[str, list[Grant]] = field(default_factory=dict)

    def of(self, namespace: str) -> Iterator[Grant]:
        """What counts in a namespace, or in none."""
        yield from self.everywhere
        if namespace:
            yield from self.within.get(namespace, ())


class Roles:
    """Decides by roles. A user's grants are remembered until a role or a binding changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, tuple[str, ...]], Grants] = {}
        for storage in (CLUSTER_ROLES, CLUSTER_BINDINGS, ROLES, BINDINGS):
            store.listen(storage, self._forget)

    def decide(self, user: User, asked: Attributes) -> Decision:
        errors = []
        for grant in self.grants(user).of(asked.namespace):
            if grant.error:
                errors.append(grant.error)
            elif any(rule.allows(asked) for rule in grant.rules):
                return Decision(True, f"RBAC: allowed by {grant.description}")
        if not errors:
            return Decision(False)
        return Decision(False, f"RBAC: {errors[0] if len(errors) == 1 else '[' + ', '.join(errors) + ']'}")

    def grants(self, user: User) -> Grants:
        known = self._known.get((user.name, user.groups))
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[user.name, user.groups] = self._gathered(user)
        return known

    def _forget(self, change: Change) -> None:  # noqa: ARG002
        self._known.clear()

    def _gathered(self, user: User) -> Grants:
        found = Grants()
        for entry in self._store.entries(CLUSTER_BINDINGS):
            if subject := _about(entry.value, user, ""):
                found.everywhere.append(self._grant(entry.value, subject, ""))
        for entry in self._store.entries(BINDINGS):
            namespace = entry.key[0]
            if subject := _about(entry.value, user, namespace):
                found.within.setdefault(namespace, []).append(self._grant(entry.value, subject, namespace))
        return found

    def _grant(self, binding: Object, subject: Object, namespace: str) -> Grant:
        name, role = binding["metadata"]["name"], binding["roleRef"]
        head = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
        told = f'{head} of {role["kind"]} "{role["name"]}" to {_described(subject, namespace)}'
        if role["kind"] == "Role":
            found = self._store.get(ROLES, (namespace, role["name"]))
        else:
            found = self._store.get(CLUSTER_ROLES, ("", role["name"]))
        if found is None:
            return Grant((), told, error=f'{role["kind"].lower()}.{GROUP} "{role["name"]}" not found')
        written = tuple(found.value.get("rules") or ())
        return Grant(rules_of(written), told, written)


def _about(binding: Object, user: User, namespace: str) -> Object | None:
    """The first subject of a binding that is the user, or that it belongs to."""
    return next((one for one in binding.get("subjects") or () if _is_subject(one, user, namespace)), None)


def _is_subject(subject: Object, user: User, namespace: str) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(user.name == name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            where = subject.get("namespace") or namespace
            return bool(where) and user.name == account_name(where, name)
    return False


def _described(subject: Object, namespace: str) -> str:
    if subject["kind"] == "ServiceAccount":
        return f'ServiceAccount "{subject["name"]}/{subject.get("namespace") or namespace}"'
    return f'{subject["kind"]} "{subject["name"]}"'
