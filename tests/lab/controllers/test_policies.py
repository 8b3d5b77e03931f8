"""Whom a NetworkPolicy cuts off, and what is told of those that are not enforced."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.controllers.policies import cut_off, shortcomings

from .objects import meta, pod

MONGO = {"podSelector": {"matchLabels": {"name": "mongo"}}}
FROM_PACMAN = [{"from": [{"podSelector": {"matchLabels": {"name": "pacman"}}}]}]


def policy(namespace: str = "demo", **spec: Any) -> dict[str, Any]:
    """As the API server stores it: with its types."""
    wanted = {"podSelector": {}, "policyTypes": ["Ingress"]} | spec
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return kind | {"metadata": meta("p", namespace=namespace), "spec": wanted}


PODS = [
    pod("mongo-0", ip="127.64.1.2"),
    pod("mongo-1", ip="127.64.2.2", labels={"name": "mongo", "role": "arbiter"}),
    pod("pacman", ip="127.64.1.3", labels={"name": "pacman"}),
    pod("pending", ip="", phase="Pending"),
]
BOTH_MONGOS = {"127.64.1.2", "127.64.2.2"}


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([], set()),
        ([policy(**MONGO)], BOTH_MONGOS),
        ([policy(**MONGO, ingress=[])], BOTH_MONGOS),
        ([policy()], {*BOTH_MONGOS, "127.64.1.3"}),
        ([policy("other", **MONGO)], set()),
        ([policy(podSelector={"matchExpressions": [{"key": "role", "operator": "Exists"}]})], {"127.64.2.2"}),
        ([policy(**MONGO, policyTypes=["Egress"])], set()),
        ([policy(**MONGO, policyTypes=["Ingress", "Egress"])], BOTH_MONGOS),
        ([policy(**MONGO, ingress=[{}])], set()),
        ([policy(**MONGO, ingress=FROM_PACMAN)], set()),
        # What policies allow adds up: nobody may come in, but for pacman to the databases.
        ([policy(), policy(**MONGO, ingress=FROM_PACMAN)], {"127.64.1.3"}),
        ([policy(**MONGO), policy(**MONGO)], BOTH_MONGOS),
    ],
)
def test_pods_are_cut_off_that_only_policies_without_rules_select(
    policies: list[dict[str, Any]], expected: set[str]
) -> None:
    assert cut_off(policies, PODS) == expected


@pytest.mark.parametrize(
    ("spec", "reasons"),
    [
        ({}, ["PartlyEnforced"]),
        ({"ingress": [{}]}, []),
        ({"ingress": FROM_PACMAN}, ["NotEnforced"]),
        ({"ingress": [{"ports": [{"port": 27017}]}]}, ["NotEnforced"]),
        ({"policyTypes": ["Egress"]}, ["NotEnforced"]),
        ({"policyTypes": ["Egress"], "egress": [{}]}, []),
        ({"policyTypes": ["Ingress", "Egress"]}, ["PartlyEnforced", "NotEnforced"]),
    ],
)
def test_what_is_not_enforced_is_told(spec: dict[str, Any], reasons: list[str]) -> None:
    assert [found.reason for found in shortcomings(policy(**spec))] == reasons
