"""What an API server's audit log says of one user (audit.k8s.io/v1): what was asked for, and what was refused."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FORBIDDEN = 403


@dataclass(frozen=True)
class Asked:
    """One request. namespace: "" where it concerned the whole cluster. resource: like pods or pods/exec."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str


def with_token(kubeconfig: str, token: str) -> str:
    """The text of a kubeconfig, as the one whose token that is."""
    config = yaml.safe_load(kubeconfig)
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    return str(yaml.safe_dump(config))


def requests(log: Path, user: str, offset: int = 0) -> list[tuple[Asked, int]]:
    """Of a user from a place in the log on, each with the status of its answer (0: it was only begun)."""
    return list(_of(user, log.read_bytes()[offset:].splitlines()))


def _of(user: str, lines: Iterable[bytes]) -> Iterator[tuple[Asked, int]]:
    for line in lines:
        event = json.loads(line)
        if event["user"].get("username") != user:
            continue
        code = (event.get("responseStatus") or {}).get("code", 0)
        reference = event.get("objectRef") or {"resource": event["requestURI"]}
        parts = [reference["resource"], reference.get("subresource")]
        yield (
            Asked(
                reference.get("namespace", ""),
                reference.get("apiGroup", ""),
                "/".join(filter(None, parts)),
                event["verb"],
                reference.get("name", ""),
            ),
            code,
        )


def unused(roles: Iterable[dict[str, Any]], asked: Iterable[Asked]) -> list[Asked]:
    """What roles grant and nobody asked for: each verb of each resource, by each of its names."""
    made = set(asked)
    nameless = {Asked(one.namespace, one.group, one.resource, one.verb, "") for one in made}
    return [one for role in roles for one in _granted(role) if one not in (made if one.name else nameless)]


def _granted(role: dict[str, Any]) -> Iterator[Asked]:
    space = role["metadata"].get("namespace", "")
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames") or [""]:
                        yield Asked(space, group, resource, verb, name)
