"""What is kept of an experiment has no password in it, wherever somebody put one, and says all else as it was."""

from typing import Any

import pytest
from chaosmongo.history.redaction import REDACTED, redacted
from hypothesis import given
from hypothesis import strategies as st

SECRET = "hunter2"

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abcdefgh -:=/", max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefgh", max_size=8), inner, max_size=3),
    max_leaves=10,
)

HIDDEN = [
    {"password": SECRET},
    {"MONGO_PASSWD": SECRET},
    {"db": {"apiKey": SECRET}},
    {"secrets": [SECRET]},
    {"secrets": {"db": {"value": SECRET}}},
    {"env": [{"name": "MONGO_PASSWORD", "value": SECRET}]},
    {"headers": {"Authorization": f"Bearer {SECRET}"}},
    {"path": "curl", "arguments": ["--password", SECRET, "x"]},
    {"arguments": {"--token": SECRET}},
    f"mongodb://me:{SECRET}@host:27017/",
    f"mongodb://me:p@ss/{SECRET}@host:27017/",
    f"https://{SECRET}@host/path",
    f"curl -H 'Authorization: Bearer {SECRET}' host",
    f"--password {SECRET}",
    f"--password={SECRET}",
    f"PASSWORD='a {SECRET} b' run",
    f'{{"token": "{SECRET}"}}',
    f"https://host/?access_key={SECRET}&x=1",
]


@pytest.mark.parametrize("value", HIDDEN, ids=str)
def test_a_secret_is_taken_out(value: Any) -> None:
    assert SECRET not in str(redacted(value))
    assert REDACTED in str(redacted(value))


@pytest.mark.parametrize(
    "value",
    [
        {"arguments": {"name": "${statefulset}-0", "grace_period_s": "${grace_period_s}"}},
        {"password": "${db_password}"},
        {"password": {"type": "env", "key": "PASSWORD"}},
        {"password": None},
        "mongodb://host:27017/?retryWrites=false",
        "delete mongo-0 gracefully",
        "--password ${db_password}",
        ["--namespace", "pacman"],
        {"write_concern": {"w": "majority", "j": True, "wtimeout": 10000}},
    ],
    ids=str,
)
def test_what_is_none_stays(value: Any) -> None:
    assert redacted(value) == value


@given(PLAIN, PLAIN)
def test_wherever_it_stands(around: Any, beside: Any) -> None:
    assert SECRET not in str(redacted([beside, {"x": [around, {"password": SECRET}]}]))


@given(PLAIN)
def test_doing_it_twice_changes_nothing_more(value: Any) -> None:
    assert redacted(redacted(value)) == redacted(value)


def test_names_of_the_input_are_left_alone() -> None:
    given_one = {"password": SECRET}
    redacted(given_one)
    assert given_one == {"password": SECRET}
