"""What stands in place of a secret: an experiment's text and journal are kept and shown without the passwords in them.

What is a secret cannot be known for certain. It is told by its name (password, token, ...), by its place in an address
(user:password@host), or by what stands before it in a command line (--password, Authorization:). Rather too much is
taken out than too little. What only says where a secret is, as ${variable} or {type: env, key: NAME} do, stays.
"""

import re
from typing import Any

REDACTED = "[redacted]"

_NAMES = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key)"
_VALUE = rf"(?!{re.escape(REDACTED)})(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'&,;]+)"
_NAMED = re.compile(rf"{_NAMES}|authorization|cookie", re.IGNORECASE)
_FLAG = re.compile(rf"-{{1,2}}[\w-]{{0,60}}{_NAMES}[\w-]{{0,60}}", re.IGNORECASE)
_VARIABLE = re.compile(r"\"?\$\{[^{}]*\}\"?")
_PATTERNS = (
    re.compile(r"://(?P<value>[^\s\"'<>]{1,1000})(?=@)"),
    re.compile(r"\b(?:authorization|cookie)[\"']?\s*[:=]\s*[\"']?(?P<value>[^\r\n\"']+)", re.IGNORECASE),
    re.compile(rf"{_NAMES}[\w.-]{{0,60}}[\"']?\s*[:=]\s*{_VALUE}", re.IGNORECASE),
    re.compile(rf"{_FLAG.pattern}\s+{_VALUE}", re.IGNORECASE),
)


def redacted(value: Any) -> Any:
    """The same plain value (of JSON's kinds) without what looks like a secret."""
    match value:
        case str():
            return _text(value)
        case list():
            return [
                _hidden(item) if _is_flag(before) else redacted(item)
                for before, item in zip([None, *value], value, strict=False)
            ]
        case dict():
            return {name: _entry(value, name) for name in value}
        case _:
            return value


def _entry(mapping: dict[str, Any], name: str) -> Any:
    """What a mapping holds under a name, which may itself be told beside it: {name: PASSWORD, value: ...}."""
    named = str(mapping.get("name", "")) if name == "value" else str(name)
    return _hidden(mapping[name]) if _NAMED.search(named) else redacted(mapping[name])


def _hidden(value: Any) -> Any:
    """A secret, or what holds some."""
    match value:
        case None | bool():
            return value
        case dict() if value.get("type") in ("env", "vault"):
            return redacted(value)
        case dict():
            return {name: _hidden(item) for name, item in value.items()}
        case list():
            return [_hidden(item) for item in value]
        case str() if _VARIABLE.fullmatch(value):
            return value
        case _:
            return REDACTED


def _is_flag(before: Any) -> bool:
    return isinstance(before, str) and _FLAG.fullmatch(before) is not None


def _text(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(_without_value, text)
    return text


def _without_value(found: re.Match[str]) -> str:
    if _VARIABLE.fullmatch(found["value"]):
        return found[0]
    begin, end = (place - found.start() for place in found.span("value"))
    return f"{found[0][:begin]}{REDACTED}{found[0][end:]}"
