"""A small stand-in for Kubernetes' Node authorizer and NodeRestriction.

A node may do what a kubelet does, by the rules of the ClusterRole system:node, in every namespace. The real one also
follows which pod is on which node: there, a node reads the Secrets of its own pods alone, and changes no other's Node.
Here that is held for tokens only (kubelab.api.verbs.token): a node gets those of its own pods.
"""

from __future__ import annotations

from kubelab.api.authentication.user import User

from .attributes import Attributes
from .policy import NODE_RULES
from .rules import rules_of

GROUP = "system:nodes"
PREFIX = "system:node:"
RULES = rules_of(NODE_RULES)


def node_of(user: User) -> str:
    """The node that a user is, empty if it is none."""
    return user.name.removeprefix(PREFIX) if GROUP in user.groups and user.name.startswith(PREFIX) else ""


def allows(user: User, asked: Attributes) -> bool:
    return bool(node_of(user)) and any(rule.allows(asked) for rule in RULES)
