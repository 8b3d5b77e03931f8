"""Rules of roles, and what they allow. Pure.

After kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .attributes import Attributes

ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule. names: objects that it is about, all of them if there are none."""

    verbs: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Rule:
        """From an item of a role's rules."""

        def words(field: str) -> frozenset[str]:
            return frozenset(written.get(field) or ())

        urls = tuple(written.get("nonResourceURLs") or ())
        return cls(words("verbs"), words("apiGroups"), words("resources"), words("resourceNames"), urls)

    def allows(self, asked: Attributes) -> bool:
        if not _either(self.verbs, asked.verb):
            return False
        if asked.path:
            return any(_covers(url, asked.path) for url in self.urls)
        return (
            _either(self.groups, asked.group)
            and self._has_resource(asked)
            and (not self.names or asked.name in self.names)
        )

    def _has_resource(self, asked: Attributes) -> bool:
        if _either(self.resources, asked.full_resource):
            return True
        return bool(asked.subresource) and f"*/{asked.subresource}" in self.resources


def rules_of(written: Iterable[Mapping[str, Any]] | None) -> tuple[Rule, ...]:
    return tuple(Rule.of(rule) for rule in written or ())


def _either(words: frozenset[str], word: str) -> bool:
    return ALL in words or word in words


def _covers(url: str, path: str) -> bool:
    """Whether a nonResourceURL, which may end in *, is about a path."""
    return url in (ALL, path) or (url.endswith(ALL) and path.startswith(url.rstrip(ALL)))
