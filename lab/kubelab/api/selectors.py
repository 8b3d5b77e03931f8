"""Label and field selectors of list and watch requests (apimachinery/pkg/labels and /fields)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .names import label_key_errors, label_value_errors
from .status import bad_request

Labels = Mapping[str, str]
TOKEN = re.compile(r"\s*(?:(==|!=|=|!|,|\(|\)|<|>)|([^\s=!,()<>]+))")
SET_OPERATORS = ("in", "notin")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. operator: in, notin, exists, absent, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Labels without the key satisfy notin and absent."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        if self.operator == "notin":
            return value is None or value not in self.values
        if self.operator == "in":
            return value in self.values
        return _compares(value, self.operator, next(iter(self.values)))


def _compares(value: str | None, operator: str, bound: str) -> bool:
    try:
        number = int(value or "")
    except ValueError:
        return False
    return number > int(bound) if operator == "gt" else number < int(bound)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = TOKEN.match(stripped, position)
        if not found:
            raise bad_request(f"unable to parse requirement: found '{stripped[position:]}'")
        tokens.append(found[1] or found[2])
        position = found.end()
    return tokens


class LabelParser:
    """Reads `a=b,c!=d,e in (f,g),!h,i` into requirements, all of which must hold. Raises ApiError (400)."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def parse(self) -> list[Requirement]:
        requirements = []
        while self._peek():
            requirements.append(self._requirement())
            if not self._peek():
                break
            self._expect(",")
            if not self._peek():
                raise self._refused("", "identifier after ','")
        return requirements

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _refused(self, found: str, expected: str) -> Exception:
        return bad_request(f"unable to parse requirement: found '{found}', expected: {expected}")

    def _expect(self, token: str) -> None:
        found = self._next()
        if found != token:
            raise bad_request(f"unable to parse requirement: found '{found}' expected: '{token}'")

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(self._key(), "absent")
        key = self._key()
        operator = self._peek()
        if operator in ("", ","):
            return Requirement(key, "exists")
        self._next()
        if operator in SET_OPERATORS:
            return Requirement(key, operator, self._set())
        if operator in ("=", "==", "!="):
            return Requirement(key, "notin" if operator == "!=" else "in", frozenset({self._value()}))
        if operator in ("<", ">"):
            return self._comparison(key, operator)
        raise self._refused(operator, "in, notin, =, ==, !=, gt, lt")

    def _comparison(self, key: str, operator: str) -> Requirement:
        bound = self._value()
        if not re.fullmatch(r"-?[0-9]{1,18}", bound):
            raise bad_request(
                f'unable to parse requirement: values[0][{key}]: Invalid value: "{bound}": must be an integer'
            )
        return Requirement(key, "gt" if operator == ">" else "lt", frozenset({bound}))

    def _key(self) -> str:
        key = self._next()
        errors = label_key_errors(key)
        if errors:
            raise bad_request(f'unable to parse requirement: key: Invalid value: "{key}": {"; ".join(errors)}')
        return key

    def _value(self) -> str:
        value = "" if self._peek() in ("", ",", ")") else self._next()
        errors = label_value_errors(value)
        if errors:
            raise bad_request(f'unable to parse requirement: values[0]: Invalid value: "{value}": {"; ".join(errors)}')
        return value

    def _set(self) -> frozenset[str]:
        """Values in parentheses, between commas; where there is none, it is the empty one."""
        self._expect("(")
        values = {self._value()}
        while (token := self._next()) == ",":
            values.add(self._value())
        if token != ")":
            raise self._refused(token, "',' or ')'")
        return frozenset(values)


def parse_labels(text: str) -> list[Requirement]:
    return LabelParser(text).parse()


def selector_matches(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """A LabelSelector of an object's spec: matchLabels and matchExpressions. None selects nothing, {} everything."""
    if selector is None:
        return False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    wanted = [Requirement(key, "in", frozenset({value})) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = operators.get(expression.get("operator", ""), "in")
        wanted.append(Requirement(expression.get("key", ""), operator, frozenset(expression.get("values") or ())))
    return all(requirement.matches(labels) for requirement in wanted)


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on a field: equal (or, if not wanted, unequal) to a value."""

    path: str
    value: str
    wanted: bool = True


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def parse_fields(text: str) -> list[FieldRequirement]:
    """`a=b,c!=d`; a backslash escapes `,`, `=` and itself. Raises ApiError (400)."""
    requirements = []
    for term in re.findall(r"(?:[^\\,]|\\.)+", text):
        found = re.fullmatch(r"((?:[^\\=!]|\\.)+)(!=|==|=)((?:[^\\]|\\.)*)", term.strip())
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        requirements.append(FieldRequirement(found[1], _unescaped(found[3]), found[2] != "!="))
    return requirements


def field_value(value: Mapping[str, Any], path: str) -> str:
    """The text of a dotted path in an object; empty if it is not there."""
    current: Any = value
    for part in path.split("."):
        current = current.get(part) if isinstance(current, Mapping) else None
    if isinstance(current, bool):
        return "true" if current else "false"
    return "" if current is None else str(current)


FieldReader = Callable[[Mapping[str, Any], str], str]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list or watch asked for, as one question to an object."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[FieldRequirement, ...] = ()
    read_field: FieldReader = field_value

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, value: Mapping[str, Any]) -> bool:
        labels = value["metadata"].get("labels") or {}
        return all(requirement.matches(labels) for requirement in self.labels) and all(
            (self.read_field(value, field.path) == field.value) == field.wanted for field in self.fields
        )


def known_fields(required: Iterable[FieldRequirement], known: Iterable[str]) -> None:
    """Raises ApiError (400) for a field by which this resource cannot be selected."""
    supported = ("metadata.name", "metadata.namespace", *known)
    for requirement in required:
        if requirement.path not in supported:
            if known:
                raise bad_request(f"field label not supported: {requirement.path}")
            raise bad_request(
                f'"{requirement.path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
