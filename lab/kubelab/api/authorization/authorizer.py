"""The decision about a request, and the refusal."""

from __future__ import annotations

import html
from dataclasses import replace

from kubelab.api.authentication.user import User
from kubelab.api.status import ApiError, refused_to
from kubelab.api.store import Store

from . import nodes
from .attributes import Attributes
from .decision import Decision
from .roles import Roles

MASTERS = "system:masters"
PRIVILEGED = Decision(True)
CONNECTING = ("attach", "exec", "portforward")
"""Subresources of a pod that a WebSocket, which begins with a GET, reaches as well as a POST."""


class Authorizer:
    """system:masters may do everything, a node what a kubelet does, everybody what roles say."""

    def __init__(self, store: Store) -> None:
        self.roles = Roles(store)

    def decide(self, user: User, asked: Attributes) -> Decision:
        if MASTERS in user.groups or nodes.allows(user, asked):
            return PRIVILEGED
        return self.roles.decide(user, asked)

    def decide_request(self, user: User, asked: Attributes) -> tuple[Decision, Attributes]:
        """Of a whole request, and what was decided about: from Kubernetes 1.35 on, a GET that connects to a pod needs
        `create` as well.
        """
        decision = self.decide(user, asked)
        if decision.allowed and asked.verb == "get" and asked.resource == "pods" and asked.subresource in CONNECTING:
            asked = replace(asked, verb="create")
            decision = self.decide(user, asked)
        return decision, asked


def refusal(user: User, asked: Attributes, decision: Decision) -> ApiError:
    """403, in Kubernetes' words."""
    if asked.path:
        told = f'User "{user.name}" cannot {asked.verb} path "{asked.path}"'
    else:
        where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
        what = f'resource "{asked.full_resource}" in API group "{asked.group}"'
        told = f'User "{user.name}" cannot {asked.verb} {what} {where}'
    told = html.escape(told, quote=False)
    return refused_to(
        asked.resource, asked.group, asked.name, f"{told}: {decision.reason}" if decision.reason else told
    )
