"""What must not stand in the file."""

import pytest

from .writing import action, configuration, findings, method, told


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"secrets": "{db: {password: hunter2}}"}, "the secret db.password stands in the file"),
        ({"secrets": "{db: {deep: {password: hunter2}}}"}, "the secret db.deep.password stands in the file"),
        (configuration("mongo_uri: 'mongodb://me:hunter2@host/'"), "an address with a password stands in the file"),
        (
            method(action("start_workload", "{lanes: ['x://a:hunter2@b']}"), action("stop_workload")),
            "an address with a password stands in the file",
        ),
        (
            configuration("rto_s: {type: probe, provider: {type: process, path: ls}}")
            | {"secrets": "{db: {password: {type: env, key: PASSWORD}}}"},
            "the probe in configuration rto_s writes all secrets into the journal",
        ),
    ],
)
def test_says_no_and_does_not_repeat_it(parts: dict[str, str], what: str) -> None:
    assert what in told(**parts)
    assert not [one for one in findings(**parts) if "hunter2" in one.told("a.yaml")]


@pytest.mark.parametrize(
    "parts",
    [
        {"secrets": "{db: {password: {type: env, key: PASSWORD}}}"},
        configuration("mongo_uri: 'mongodb://host:27017/?appName=a@b'"),
        {"description": "'as in mongodb://${user}:${password}@host'"},
        configuration("rto_s: {type: probe, provider: {type: process, path: ls}}"),
    ],
)
def test_is_silent(parts: dict[str, str]) -> None:
    assert told(**parts) == []
