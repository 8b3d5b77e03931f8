"""ConfigMaps, Secrets and Leases. https://kubernetes.io/docs/concepts/configuration/"""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster
from .objects import config_map, lease

Object = dict[str, Any]


def secret(name: str = "s", **fields: Any) -> Object:
    return {"metadata": {"name": name}, **fields}


@pytest.fixture
def secrets(core: str) -> str:
    """The path of the secrets in the case's namespace."""
    return f"{core}/secrets"


@pytest.fixture
def config_maps(core: str) -> str:
    """The path of the config maps in the case's namespace."""
    return f"{core}/configmaps"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Secrets


def test_text_wins_over_what_is_encoded(cluster: Cluster, secrets: str) -> None:
    both = secret(data={"a": encoded("old"), "b": encoded("b")}, stringData={"a": "new"})
    assert cluster.make(secrets, both)["data"] == {"a": encoded("new"), "b": encoded("b")}


def test_text_can_be_added_to_a_secret(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_secret(namespace, secret(data={"a": encoded("a")}))
    changed = cluster.core.patch_namespaced_secret("s", namespace, {"stringData": {"b": "b"}})
    assert changed.data == {"a": encoded("a"), "b": encoded("b")}


def test_the_official_client_reads_what_it_wrote(cluster: Cluster, namespace: str) -> None:
    made = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"})
    cluster.core.create_namespaced_secret(namespace, made)
    found = cluster.core.read_namespaced_secret("s", namespace)
    assert (base64.b64decode(found.data["a"]), found.string_data) == (b"b", None)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("kubernetes.io/tls", ("data[tls.crt]", "FieldValueRequired")),
        ("kubernetes.io/basic-auth", ("data[password]", "FieldValueRequired")),
        ("kubernetes.io/ssh-auth", ("data[ssh-privatekey]", "FieldValueRequired")),
        ("kubernetes.io/dockerconfigjson", ("data[.dockerconfigjson]", "FieldValueRequired")),
    ],
)
def test_a_secret_of_a_known_type_has_its_keys(
    cluster: Cluster, secrets: str, kind: str, cause: tuple[str, str]
) -> None:
    answer = cluster.post(secrets, secret(type=kind, stringData={"a": "b"}))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


def test_a_name_or_a_password_is_enough_for_basic_authentication(cluster: Cluster, secrets: str) -> None:
    made = secret(type="kubernetes.io/basic-auth", stringData={"username": "me"})
    assert cluster.post(secrets, made).status == 201


def test_what_is_not_encoded_is_a_bad_request(cluster: Cluster, secrets: str) -> None:
    answer = cluster.post(secrets, secret(data={"a": "plain text"}))
    assert (answer.status, answer.reason) == (400, "BadRequest")


# ConfigMaps


def test_a_config_map_holds_text_and_bytes(cluster: Cluster, config_maps: str) -> None:
    whole = config_map("c", {"text": "a\nb"}) | {"binaryData": {"bytes": "AP8="}}
    made = cluster.make(config_maps, whole)
    assert (made["data"], made["binaryData"]) == ({"text": "a\nb"}, {"bytes": "AP8="})


def test_a_key_does_not_begin_with_two_dots(cluster: Cluster, config_maps: str) -> None:
    answer = cluster.post(config_maps, config_map("c", {"..data": ""}))
    assert (answer.status, answer.causes) == (422, [("data[..data]", "FieldValueInvalid")])


def test_a_key_is_text_or_bytes(cluster: Cluster, config_maps: str) -> None:
    answer = cluster.post(config_maps, config_map("c", {"a": "b"}) | {"binaryData": {"a": "AA=="}})
    assert answer.status == 422
    assert ("data[a]", "FieldValueInvalid") in answer.causes


# What does not change any more


@pytest.mark.parametrize("kind", ["configmaps", "secrets"])
@pytest.mark.parametrize(
    ("change", "field"),
    [({"data": {"a": "bmV3"}}, "data"), ({"data": None}, "data"), ({"immutable": False}, "immutable")],
    ids=["other data", "no data", "free again"],
)
def test_what_is_immutable_stays_so(cluster: Cluster, core: str, kind: str, change: Object, field: str) -> None:
    cluster.make(f"{core}/{kind}", {"metadata": {"name": "c"}, "data": {"a": "b2xk"}, "immutable": True})
    answer = cluster.patch(f"{core}/{kind}/c", change)
    assert (answer.status, answer.causes) == (422, [(field, "FieldValueForbidden")])


@pytest.mark.parametrize("kind", ["configmaps", "secrets"])
def test_what_is_immutable_may_be_labelled_and_deleted(cluster: Cluster, core: str, kind: str) -> None:
    cluster.make(f"{core}/{kind}", {"metadata": {"name": "c"}, "data": {"a": "b2xk"}, "immutable": True})
    assert cluster.patch(f"{core}/{kind}/c", {"metadata": {"labels": {"a": "b"}}}).status == 200
    assert cluster.delete(f"{core}/{kind}/c").status == 200


def test_what_can_change_can_be_made_immutable(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("c", {"a": "b"}))
    assert cluster.core.patch_namespaced_config_map("c", namespace, {"immutable": True}).immutable is True


# Leases


def test_a_lease_is_renewed_by_who_read_it_last(cluster: Cluster, namespace: str) -> None:
    api = client.CoordinationV1Api(cluster.connection)
    api.create_namespaced_lease(namespace, lease("leader"))
    mine, theirs = (api.read_namespaced_lease("leader", namespace) for _ in range(2))
    mine.spec.holder_identity, theirs.spec.holder_identity = "me", "them"
    api.replace_namespaced_lease("leader", namespace, mine)
    with pytest.raises(client.ApiException) as refused:
        api.replace_namespaced_lease("leader", namespace, theirs)
    assert refused.value.status == 409
    assert api.read_namespaced_lease("leader", namespace).spec.holder_identity == "me"


CANDIDATES = 8


def test_of_many_who_want_a_lease_one_gets_it(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("leader"))
    statuses: dict[str, int] = {}
    together = threading.Barrier(CANDIDATES)

    def take(name: str) -> None:
        together.wait()
        statuses[name] = cluster.put(f"{leases}/leader", made | {"spec": {"holderIdentity": name}}).status

    threads = [threading.Thread(target=take, args=(f"c{number}",)) for number in range(CANDIDATES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses.values()) == [200] + (CANDIDATES - 1) * [409]
    winner = next(name for name, status in statuses.items() if status == 200)
    assert cluster.read(f"{leases}/leader")["spec"]["holderIdentity"] == winner


def test_the_times_of_a_lease_are_kept_to_the_microsecond(cluster: Cluster, leases: str) -> None:
    times = {"acquireTime": "2026-01-02T03:04:05.678901Z", "renewTime": "2026-01-02T03:04:06.000000Z"}
    made = {"metadata": {"name": "leader"}, "spec": times | {"leaseDurationSeconds": 15, "leaseTransitions": 2}}
    assert cluster.make(leases, made)["spec"] == made["spec"]


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"leaseDurationSeconds": 0}, ("spec.leaseDurationSeconds", "FieldValueInvalid")),
        ({"leaseTransitions": -1}, ("spec.leaseTransitions", "FieldValueInvalid")),
    ],
)
def test_a_lease_lasts(cluster: Cluster, leases: str, spec: Object, cause: tuple[str, str]) -> None:
    answer = cluster.post(leases, {"metadata": {"name": "leader"}, "spec": spec})
    assert (answer.status, answer.causes) == (422, [cause])
