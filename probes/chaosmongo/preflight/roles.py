"""From requests to the least roles that allow them (rbac.authorization.k8s.io/v1), without a wildcard.

A rule names its objects where they are known and a request has the name in its path: lists and watches have none, nor
has making an object; making something below one (pods/exec) has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .permissions import Request

RBAC = "rbac.authorization.k8s.io"
WITHOUT_NAME = ("list", "watch", "deletecollection")


@dataclass(frozen=True)
class Rule:
    """names: of the objects; none: all there are. reasons: what it is for. optional: whether a run can do without."""

    group: str
    resources: Sequence[str]
    verbs: Sequence[str]
    names: Sequence[str] = ()
    reasons: Sequence[str] = ()
    optional: bool = False

    def __str__(self) -> str:
        """As YAML, in one line."""
        fields = {"apiGroups": [self.group], "resources": self.resources, "verbs": self.verbs}
        return flow(fields | ({"resourceNames": self.names} if self.names else {}))


def rules(requests: Iterable[Request]) -> dict[str, list[Rule]]:
    """By namespace, "" for the whole cluster, which comes first: the rules of its role."""
    spaces: dict[str, list[Request]] = {}
    for request in requests:
        spaces.setdefault(request.namespace, []).append(request)
    return {space: _rules(spaces[space]) for space in sorted(spaces)}


def flow(value: object) -> str:
    """A value as YAML, in one line."""
    import yaml

    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000).strip()


_Kind = tuple[str, str, str]
"""Group, resource and verb."""


def _rules(requests: Sequence[Request]) -> list[Rule]:
    """A rule for each resource and its names, then one for all that are alike in all else."""
    of_kind: dict[_Kind, list[Request]] = {}
    for request in requests:
        of_kind.setdefault((request.group, request.resource, request.verb), []).append(request)
    of_names: dict[tuple[str, str, tuple[str, ...]], list[Request]] = {}
    for (group, resource, _), asked in of_kind.items():
        of_names.setdefault((group, resource, _names(asked)), []).extend(asked)
    found: list[Rule] = []
    for (group, resource, names), asked in sorted(of_names.items()):
        rule = Rule(
            group,
            [resource],
            sorted({request.verb for request in asked}),
            names,
            sorted({request.reason for request in asked}),
            all(request.without for request in asked),
        )
        alike = next((one for one in found if replace(one, resources=[]) == replace(rule, resources=[])), None)
        if alike is None:
            found.append(rule)
        else:
            found[found.index(alike)] = replace(alike, resources=[*alike.resources, resource])
    return found


def _names(asked: Sequence[Request]) -> tuple[str, ...]:
    """Those of all of them; none where one is for whatever there is."""
    names = {"" if _is_nameless(request) else request.name for request in asked}
    return () if "" in names else tuple(sorted(names))


def _is_nameless(request: Request) -> bool:
    return request.verb in WITHOUT_NAME or (request.verb == "create" and "/" not in request.resource)
