"""What names and labels may look like (apimachinery/pkg/util/validation), and names made up for generateName."""

from __future__ import annotations

import random
import re

NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: no words by accident
SUFFIX_LENGTH = 5
GENERATED_BASE_LENGTH = 63 - SUFFIX_LENGTH
PORT_NAME_LENGTH = 15

DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_SUBDOMAIN = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
DNS_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = rf"({QUALIFIED})?"
CONFIG_KEY = r"[-._a-zA-Z0-9]+"

SUBDOMAIN_ERROR = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{DNS_SUBDOMAIN}')"
)
LABEL_ERROR = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{DNS_LABEL}')"
)
DNS_1035_ERROR = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    f"'{DNS_1035}')"
)
QUALIFIED_ERROR = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
)
VALUE_ERROR = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{LABEL_VALUE}')"
)
PATH_SEGMENT_ERROR = "may not be '.' or '..' or contain '/' or '%'"


def generated(base: str) -> str:
    """base and five random characters, short enough to be a label."""
    return base[:GENERATED_BASE_LENGTH] + "".join(random.choices(NAME_ALPHABET, k=SUFFIX_LENGTH))


def _checked(pattern: str, name: str, longest: int, message: str) -> list[str]:
    if len(name) > longest:  # and not matched as well: the patterns are slow on very long names
        return [f"must be no more than {longest} characters"]
    return [] if re.fullmatch(pattern, name) else [message]


def subdomain_errors(name: str) -> list[str]:
    return _checked(DNS_SUBDOMAIN, name, 253, SUBDOMAIN_ERROR)


def label_errors(name: str) -> list[str]:
    return _checked(DNS_LABEL, name, 63, LABEL_ERROR)


def dns_1035_errors(name: str) -> list[str]:
    return _checked(DNS_1035, name, 63, DNS_1035_ERROR)


def port_name_errors(name: str) -> list[str]:
    """Of a container's port, by which a Service refers to it."""
    errors = []
    if len(name) > PORT_NAME_LENGTH:
        errors.append(f"must be no more than {PORT_NAME_LENGTH} characters")
    if not re.fullmatch("[-a-z0-9]*", name):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        errors.append("must contain at least one letter (a-z)")
    if "--" in name:
        errors.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def path_segment_errors(name: str) -> list[str]:
    """RBAC names may be nearly anything that fits into a URL."""
    return [PATH_SEGMENT_ERROR] if name in (".", "..") or "/" in name or "%" in name else []


def label_key_errors(key: str) -> list[str]:
    prefix, slash, name = key.rpartition("/")
    errors = []
    if slash and not prefix:
        errors.append("prefix part must be non-empty")
    elif prefix:
        errors += [f"prefix part {error}" for error in subdomain_errors(prefix)]
    if not name:
        return [*errors, "name part must be non-empty", QUALIFIED_ERROR]
    return errors + [
        error if error == QUALIFIED_ERROR else f"name part {error}"
        for error in _checked(QUALIFIED, name, 63, QUALIFIED_ERROR)
    ]


def label_value_errors(value: str) -> list[str]:
    return _checked(LABEL_VALUE, value, 63, VALUE_ERROR)


def config_key_errors(key: str) -> list[str]:
    """Keys of a ConfigMap's or Secret's data."""
    message = (
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
        f"'KEY_NAME',  or 'key-name', regex used for validation is '{CONFIG_KEY}')"
    )
    if key in (".", ".."):
        return [f"must not be '{key}'"]
    if key.startswith(".."):
        return ["must not start with '..'"]
    return _checked(CONFIG_KEY, key, 253, message)
