"""From requests to the least roles: what is known is named, and nothing is granted that was not asked for."""

from itertools import product

import pytest
import yaml
from chaosmongo.preflight.permissions import Request
from chaosmongo.preflight.roles import Rule, rules


def of_pacman(*asked: tuple[str, str, str, str]) -> list[str]:
    """asked: group, resource, verb and name; the rules, as they are told."""
    return [str(rule) for rule in rules(Request("pacman", *one) for one in asked)["pacman"]]


class TestNames:
    @pytest.mark.parametrize("verb", ["get", "patch", "update", "delete"])
    def test_an_object_that_is_known_is_named(self, verb: str) -> None:
        assert of_pacman(("", "pods", verb, "mongo-0")) == [
            f"{{apiGroups: [''], resources: [pods], verbs: [{verb}], resourceNames: [mongo-0]}}"
        ]

    @pytest.mark.parametrize("verb", ["list", "watch", "create"])
    def test_kubernetes_has_no_name_to_compare_in_lists_watches_and_where_objects_are_made(self, verb: str) -> None:
        assert of_pacman(("coordination.k8s.io", "leases", verb, "chaos-mongodb")) == [
            f"{{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [{verb}]}}"
        ]

    def test_it_has_one_where_something_is_made_below_an_object(self) -> None:
        assert of_pacman(("", "pods/exec", "create", "mongo-0")) == [
            "{apiGroups: [''], resources: [pods/exec], verbs: [create], resourceNames: [mongo-0]}"
        ]

    def test_who_may_do_it_to_all_needs_no_name(self) -> None:
        assert of_pacman(("", "pods", "get", "mongo-0"), ("", "pods", "get", "")) == [
            "{apiGroups: [''], resources: [pods], verbs: [get]}"
        ]

    def test_a_name_stays_with_its_verb(self) -> None:
        assert of_pacman(("", "pods", "get", "a"), ("", "pods", "delete", "b"), ("", "pods", "list", "")) == [
            "{apiGroups: [''], resources: [pods], verbs: [list]}",
            "{apiGroups: [''], resources: [pods], verbs: [get], resourceNames: [a]}",
            "{apiGroups: [''], resources: [pods], verbs: [delete], resourceNames: [b]}",
        ]

    def test_a_name_stays_with_its_resource(self) -> None:
        asked = [("", "services", "get", "mongo"), ("", "secrets", "get", "users"), ("", "services", "get", "pacman")]
        assert of_pacman(*asked) == [
            "{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [users]}",
            "{apiGroups: [''], resources: [services], verbs: [get], resourceNames: [mongo, pacman]}",
        ]

    def test_a_name_that_yaml_takes_for_something_else_is_quoted(self) -> None:
        (rule,) = of_pacman(("", "pods", "get", "null"))
        assert yaml.safe_load(rule)["resourceNames"] == ["null"]


class TestRules:
    def test_what_is_alike_is_one_rule(self) -> None:
        asked = [("", resource, verb, "") for resource, verb in product(("pods", "events"), ("list", "watch"))]
        assert of_pacman(*asked) == ["{apiGroups: [''], resources: [events, pods], verbs: [list, watch]}"]

    def test_groups_are_kept_apart(self) -> None:
        assert len(of_pacman(("apps", "deployments", "list", ""), ("policy", "poddisruptionbudgets", "list", ""))) == 2

    def test_the_whole_cluster_has_a_role_of_its_own_before_those_of_namespaces(self) -> None:
        found = rules(
            [Request("b", "", "pods", "list"), Request("", "", "nodes", "get"), Request("a", "", "pods", "get")]
        )
        assert list(found) == ["", "a", "b"]
        assert found[""] == [Rule("", ["nodes"], ["get"], reasons=[""])]

    def test_what_a_run_needs_is_told_apart_from_what_it_can_do_without(self) -> None:
        asked = [
            Request("a", "", "pods", "list", "", "observer"),
            Request("a", "", "events", "list", "", "observer", "x"),
        ]
        assert [(rule.resources, rule.optional) for rule in rules(asked)["a"]] == [
            (["events"], True),
            (["pods"], False),
        ]

    def test_nothing_is_asked_for_nothing(self) -> None:
        assert rules([]) == {}
