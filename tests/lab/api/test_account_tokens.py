"""Tokens of ServiceAccounts: whose they are, and when they are nobody's any more."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubelab.api.authentication import jwt
from kubelab.client import Client
from kubelab.node import tokens

from .conftest import TOKEN, ApiServer

KUBELET, OTHER_KUBELET = "token-of-node-n", "token-of-node-m"


class Account:
    """The account `a` in a namespace of its own, and a pod of it that is bound to node n."""

    def __init__(self, api: ApiServer, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.core = f"/api/v1/namespaces/{namespace}"
        self.make()
        spec = {"serviceAccountName": "a", "containers": [{"name": "c", "image": "i"}], "nodeName": "n"}
        made = api.post(f"{self.core}/pods", {"metadata": {"name": "p"}, "spec": spec})
        self.pod: dict[str, Any] = made.body

    def make(self) -> None:
        assert self.api.post(f"{self.core}/serviceaccounts", {"metadata": {"name": "a"}}).status == 201

    @property
    def bound(self) -> dict[str, str]:
        return {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": self.pod["metadata"]["uid"]}

    def request(self, by: str = TOKEN, **spec: Any) -> Any:
        headers = {"Authorization": f"Bearer {by}"}
        return self.api.call("POST", f"{self.core}/serviceaccounts/a/token", {"spec": spec}, headers=headers)

    def token(self, **spec: Any) -> str:
        answer = self.request(**spec)
        assert answer.status == 201, answer.body
        return str(answer.body["status"]["token"])

    def who(self, token: str) -> str:
        """Whom the server takes the bearer for."""
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        answer = self.api.call("POST", path, {}, headers={"Authorization": f"Bearer {token}"})
        return str(answer.body["status"]["userInfo"]["username"]) if answer.status == 201 else answer.reason

    def signed(self, **claims: Any) -> str:
        """A token of this server's key with other claims than it would give."""
        key = (self.api.state / "pki" / "service-accounts.key").read_bytes()
        return jwt.encode({**jwt.decode(self.token(), key), **claims}, key)


@pytest.fixture
def account(api: ApiServer, namespace: str) -> Iterator[Account]:
    listed = api.state / "tokens.json"
    known = listed.read_text()
    nodes = {
        token: {"user": f"system:node:{name}", "groups": ["system:nodes"]}
        for token, name in ((KUBELET, "n"), (OTHER_KUBELET, "m"))
    }
    listed.write_text(json.dumps({**json.loads(known), **nodes}))
    made = Account(api, namespace)
    yield made
    api.delete(f"{made.core}/pods/p?gracePeriodSeconds=0")


def test_a_token_is_its_accounts_and_says_what_it_is_bound_to(account: Account) -> None:
    name = f"system:serviceaccount:{account.namespace}:a"
    answer = account.request(boundObjectRef=account.bound)
    assert account.who(answer.body["status"]["token"]) == name
    payload = answer.body["status"]["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["sub"], claims["exp"] - claims["iat"]) == (name, 3600)
    assert claims["kubernetes.io"]["pod"] == {"name": "p", "uid": account.pod["metadata"]["uid"]}


def test_a_token_is_nobodys_when_its_pod_is_gone(account: Account) -> None:
    bound, free = account.token(boundObjectRef=account.bound), account.token()
    assert account.who(bound) == account.who(free) != "Unauthorized"
    account.api.delete(f"{account.core}/pods/p?gracePeriodSeconds=0")
    assert account.who(bound) == "Unauthorized"
    assert account.who(free) != "Unauthorized"


def test_a_token_is_nobodys_when_its_account_is_gone_also_when_another_has_its_name(account: Account) -> None:
    token = account.token()
    account.api.delete(f"{account.core}/serviceaccounts/a")
    assert account.who(token) == "Unauthorized"
    account.make()
    assert account.who(token) == "Unauthorized"
    assert account.who(account.token()) != "Unauthorized"


def test_a_token_is_nobodys_before_and_after_its_time_and_for_others_ears(account: Account) -> None:
    now = int(time.time())
    assert account.who(account.signed(exp=now + 60)) != "Unauthorized"
    assert account.who(account.signed(exp=now)) == "Unauthorized"
    assert account.who(account.signed(nbf=now + 60)) == "Unauthorized"
    assert account.who(account.token(audiences=["vault"])) == "Unauthorized"


def test_a_token_that_this_server_has_not_signed_is_nobodys(account: Account) -> None:
    header, payload, signature = account.token().split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    claims = jwt.decode(
        f"{header}.{payload}.{signature}", (account.api.state / "pki/service-accounts.key").read_bytes()
    )
    forged = [
        jwt.encode(claims, b"another key"),
        f"{unsigned}.{payload}.",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload[:-2]}xx.{signature}",
        f"{unsigned}.{payload}.{signature}",
        "..",
        "é.é.é",
    ]
    assert {account.who(token.encode().decode("latin-1")) for token in forged} == {"Unauthorized"}


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"expirationSeconds": 599}, 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": 1 << 33}, 422, "may not specify a duration larger than 2^32 seconds"),
        ({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "none"}}, 404, 'pods "none" not found'),
        ({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "x"}}, 409, "UID in record"),
        ({"boundObjectRef": {"kind": "Lamp", "apiVersion": "v1", "name": "p"}}, 400, "cannot bind token to object"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(account: Account, spec: Any, code: int, message: str) -> None:
    answer = account.request(**spec)
    assert answer.status == code and message in answer.body["message"], answer.body


def test_no_token_is_bound_to_a_pod_of_another_account(account: Account) -> None:
    account.api.post(f"{account.core}/serviceaccounts", {"metadata": {"name": "b"}})
    spec = {"boundObjectRef": account.bound}
    answer = account.api.post(f"{account.core}/serviceaccounts/b/token", {"spec": spec})
    assert (answer.status, "different serviceaccount name" in answer.body["message"]) == (400, True)


def test_a_node_gets_tokens_of_its_own_pods_alone(account: Account) -> None:
    assert account.request(KUBELET, boundObjectRef=account.bound).status == 201
    refused = account.request(OTHER_KUBELET, boundObjectRef=account.bound)
    assert (refused.status, refused.body["message"]) == (
        403,
        'serviceaccounts "a" is forbidden: node requested token bound to a pod scheduled on a different node',
    )
    assert "not bound to a pod" in account.request(KUBELET).body["message"]
    nameless = {key: value for key, value in account.bound.items() if key != "uid"}
    assert "without a uid" in account.request(KUBELET, boundObjectRef=nameless).body["message"]


def test_a_node_may_do_what_a_kubelet_does_and_no_more(account: Account) -> None:
    def code(method: str, path: str) -> int:
        return account.api.call(method, path, headers={"Authorization": f"Bearer {KUBELET}"}).status

    assert code("GET", "/api/v1/pods") == 200
    assert code("GET", f"{account.core}/secrets/none") == 404
    assert code("DELETE", f"{account.core}/serviceaccounts/a") == 403
    assert code("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles") == 403


def test_the_key_is_its_owners_alone_and_the_next_server_goes_on_with_it(fresh_api: ApiServer) -> None:
    account = Account(fresh_api, "default")
    key = fresh_api.state / "pki" / "service-accounts.key"
    assert key.stat().st_mode & 0o777 == 0o600
    token = account.token()
    fresh_api.stop()
    fresh_api.start()
    assert account.who(token) == "system:serviceaccount:default:a"


def test_a_node_renews_a_pods_token_in_good_time(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "RENEW_SHARE", 1e-4)  # after 0.06 s
    file, seen = tmp_path / "token", set()

    async def keep() -> None:
        async with Client.from_kubeconfig(account.api.state / "kubeconfig") as client:
            kept = tokens.Tokens(client, account.pod)
            await kept.write(file, {"expirationSeconds": 600})
            keeping = asyncio.create_task(kept.keep())
            for _ in range(500):
                seen.add(file.read_text())
                if len(seen) == 3:
                    break
                await asyncio.sleep(0.01)
            keeping.cancel()

    asyncio.run(keep())
    assert len(seen) == 3
    assert {account.who(token) for token in seen} == {f"system:serviceaccount:{account.namespace}:a"}
    assert file.stat().st_mode & 0o777 == 0o600
