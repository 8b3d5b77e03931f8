"""ServiceAccounts, their tokens, and what roles let them do.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and .../service-accounts-admin/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Cluster, own_namespace, until
from .objects import config_map, idle_pod, pod_spec, pods_of, workload

Object = dict[str, Any]

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


class Account:
    """The ServiceAccount `asker` of a namespace, and a connection on which it is known by its token alone."""

    def __init__(self, cluster: Cluster, namespace: str, directory: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.core = f"/api/v1/namespaces/{namespace}"
        self.rbac = f"{RBAC}/namespaces/{namespace}"
        self.name = f"system:serviceaccount:{namespace}:asker"
        self._directory = directory
        cluster.make(f"{self.core}/serviceaccounts", {"metadata": {"name": "asker"}})
        self.own = self.with_token(self.token())

    def token(self, account: str = "asker", **spec: Any) -> str:
        made = self.cluster.make(f"{self.core}/serviceaccounts/{account}/token", {"spec": spec})
        return str(made["status"]["token"])

    def with_token(self, token: str) -> Cluster:
        """Another connection to the cluster: the administrator's may have a client certificate."""
        settings = self.cluster.connection.configuration
        server: Object = {"server": settings.host}
        if settings.ssl_ca_cert:
            server["certificate-authority"] = settings.ssl_ca_cert
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
        path = self._directory / f"{time.monotonic_ns()}.yaml"
        path.touch(0o600)
        path.write_text(yaml.safe_dump(content))
        return Cluster(path)

    def may(self, *rules: Object, name: str = "reader") -> None:
        """Binds the account to a Role of these rules."""
        self.cluster.make(f"{self.rbac}/roles", {"metadata": {"name": name}, "rules": list(rules)})
        subject = {"kind": "ServiceAccount", "name": "asker", "namespace": self.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        self.cluster.make(
            f"{self.rbac}/rolebindings", {"metadata": {"name": name}, "subjects": [subject], "roleRef": role}
        )

    def code(self, method: str, path: str, **options: Any) -> int:
        return self.own.call(method, path, **options).status

    def refusal(self, method: str, path: str, **options: Any) -> str:
        answer = self.own.call(method, path, **options)
        assert (answer.status, answer.reason) == (403, "Forbidden"), answer.body
        return str(answer.body["message"])

    def is_allowed(self, **attributes: str) -> bool:
        spec = {"resourceAttributes": {"namespace": self.namespace, **attributes}}
        made = self.own.make(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec})
        return bool(made["status"]["allowed"])


@pytest.fixture
def account(cluster: Cluster, namespace: str, tmp_path: Path) -> Account:
    return Account(cluster, namespace, tmp_path)


def test_an_account_may_do_what_its_role_says_for_as_long_as_it_has_it(account: Account) -> None:
    pods = f"{account.core}/pods"
    refusal = (
        f'pods is forbidden: User "{account.name}" cannot list resource "pods" in API group "" '
        f'in the namespace "{account.namespace}"'
    )
    assert account.refusal("GET", pods) == refusal
    account.may(READ_PODS)
    until(lambda: account.code("GET", pods) == 200)
    assert account.code("GET", f"{pods}/none") == 404
    assert account.refusal("GET", pods, watch="true").startswith(
        f'pods is forbidden: User "{account.name}" cannot watch'
    )
    assert account.refusal("DELETE", pods).startswith(
        f'pods is forbidden: User "{account.name}" cannot deletecollection'
    )
    assert account.refusal("GET", "/api/v1/pods") == (
        f'pods is forbidden: User "{account.name}" cannot list resource "pods" in API group "" at the cluster scope'
    )
    account.cluster.delete(f"{account.rbac}/rolebindings/reader")
    until(lambda: account.code("GET", pods) == 403)
    assert account.refusal("GET", pods) == refusal


def test_a_refusal_names_object_subresource_and_group(account: Account) -> None:
    where = f'in the namespace "{account.namespace}"'
    scale = f"/apis/apps/v1/namespaces/{account.namespace}/statefulsets/mongo/scale"
    assert account.refusal("PATCH", scale, body={}, content_type="application/merge-patch+json") == (
        f'statefulsets.apps "mongo" is forbidden: User "{account.name}" cannot patch resource "statefulsets/scale" '
        f'in API group "apps" {where}'
    )
    assert account.refusal("GET", account.core) == (
        f'namespaces "{account.namespace}" is forbidden: User "{account.name}" cannot get resource "namespaces" '
        f'in API group "" {where}'
    )
    assert account.refusal("GET", f"{account.core}/nothings").startswith("nothings is forbidden: ")
    assert account.refusal("GET", "/metrics") == f'forbidden: User "{account.name}" cannot get path "/metrics"'
    answer = account.own.get(f"{account.core}/pods/p/log")
    assert answer.body["details"] == {"name": "p", "kind": "pods"}


def test_each_verb_subresource_and_name_is_granted_by_itself(account: Account) -> None:
    account.may(
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get", "update"]},
        {"apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["pods/exec", "pods/eviction"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]},
    )
    until(lambda: account.is_allowed(verb="list", resource="secrets"))
    found = {
        f"{verb} {resource} {name}".rstrip()
        for verb, resource, group, name in [
            ("get", "configmaps", "", "mine"),
            ("get", "configmaps", "", "other"),
            ("list", "configmaps", "", ""),
            ("delete", "configmaps", "", "mine"),
            ("patch", "statefulsets/scale", "apps", "mongo"),
            ("patch", "statefulsets", "apps", "mongo"),
            ("create", "pods/exec", "", "mongo-0"),
            ("get", "pods/exec", "", "mongo-0"),
            ("create", "pods", "", ""),
            ("create", "pods/eviction", "", "mongo-0"),
            ("deletecollection", "secrets", "", ""),
        ]
        if account.is_allowed(
            verb=verb,
            group=group,
            name=name,
            **dict(zip(("resource", "subresource"), resource.split("/"), strict=False)),
        )
    }
    assert found == {
        "get configmaps mine",
        "patch statefulsets/scale mongo",
        "create pods/exec mongo-0",
        "create pods/eviction mongo-0",
        "deletecollection secrets",
    }
    assert account.code("GET", f"{account.core}/configmaps", fieldSelector="metadata.name=mine") == 403  # list
    assert not account.is_allowed(verb="list", resource="secrets", namespace="default")


def test_a_command_in_a_pod_is_created_also_where_it_begins_with_a_get(account: Account) -> None:
    account.cluster.make(f"{account.core}/pods", idle_pod("p"))
    path = f"{account.core}/pods/p/exec"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyEhIQ==", "Sec-WebSocket-Protocol": "v5.channel.k8s.io"}

    def refused() -> str:
        return account.refusal("GET", path, headers=upgrade, command="true", stdout="true")

    assert 'cannot get resource "pods/exec"' in refused()
    account.may({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]})
    until(lambda: account.is_allowed(verb="get", resource="pods", subresource="exec"))
    assert 'cannot create resource "pods/exec"' in refused()
    account.may({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}, name="creator")
    until(lambda: account.own.get(path, headers=upgrade, command="true", stdout="true").status != 403)


def test_a_binding_to_a_role_that_is_not_there_is_named(account: Account) -> None:
    account.may(READ_PODS)
    account.cluster.delete(f"{account.rbac}/roles/reader")
    told = ': RBAC: role.rbac.authorization.k8s.io "reader" not found'
    until(lambda: account.code("GET", f"{account.core}/pods") == 403)
    assert account.refusal("GET", f"{account.core}/pods").endswith(told)


def test_a_cluster_role_can_be_granted_in_one_namespace_and_to_a_group(account: Account) -> None:
    group = f"system:serviceaccounts:{account.namespace}"
    body = {
        "metadata": {"name": "viewers"},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    }
    account.cluster.make(f"{account.rbac}/rolebindings", body)
    until(lambda: account.code("GET", f"{account.core}/pods") == 200)
    assert account.code("GET", f"/apis/apps/v1/namespaces/{account.namespace}/statefulsets") == 200
    assert account.code("GET", f"{account.core}/secrets") == 403
    assert account.code("GET", "/api/v1/namespaces/default/pods") == 403
    assert account.code("DELETE", f"{account.core}/pods/p") == 403


def test_everybody_who_is_known_may_discover_and_ask_who_he_is(account: Account) -> None:
    for path in ("/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/version"):
        assert account.code("GET", path) == 200
    user = account.own.make(WHO, {})["status"]["userInfo"]
    assert user["username"] == account.name
    spaces = f"system:serviceaccounts:{account.namespace}"
    assert set(user["groups"]) == {"system:serviceaccounts", spaces, "system:authenticated"}
    assert user["uid"] == account.cluster.read(f"{account.core}/serviceaccounts/asker")["metadata"]["uid"]


def test_rules_are_told_to_whom_they_are_about(account: Account) -> None:
    account.may(READ_PODS)
    asked = {"spec": {"namespace": account.namespace}}

    def told() -> list[Object]:
        return list(account.own.make(f"{REVIEWS}/selfsubjectrulesreviews", asked)["status"]["resourceRules"])

    until(lambda: {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]} in told())


def test_an_administrator_asks_for_others_and_is_taken_for_them(account: Account) -> None:
    account.may(READ_PODS)
    wanted = {"namespace": account.namespace, "verb": "list", "resource": "pods"}

    def review(user: str) -> bool:
        spec = {"user": user, "resourceAttributes": wanted}
        made = account.cluster.make(f"{REVIEWS}/subjectaccessreviews", {"spec": spec})
        return bool(made["status"]["allowed"])

    until(lambda: review(account.name))
    assert not review("nobody")

    def get(path: str, **headers: str) -> Any:
        return account.cluster.get(path, headers={f"Impersonate-{name}": value for name, value in headers.items()})

    pods, secrets = f"{account.core}/pods", f"{account.core}/secrets"
    assert get(pods, User=account.name).status == 200
    assert f'User "{account.name}" cannot list resource "secrets"' in get(secrets, User=account.name).body["message"]
    assert get(pods, User="jane").status == 403
    assert get(secrets, User="jane", Group="system:masters").status == 200
    assert get(pods, Group="system:masters").status == 500


def test_who_may_not_speak_for_another_is_refused(account: Account) -> None:
    answer = account.own.get(f"{account.core}/pods", headers={"Impersonate-User": "jane"})
    assert answer.status == 403
    assert f'users "jane" is forbidden: User "{account.name}" cannot impersonate' in answer.body["message"]


def test_a_token_that_is_bound_to_a_pod_ends_with_it(account: Account) -> None:
    made = account.cluster.make(f"{account.core}/pods", idle_pod("p", serviceAccountName="asker"))
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": made["metadata"]["uid"]}
    own = account.with_token(account.token(boundObjectRef=bound))
    extra = own.make(WHO, {})["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    account.cluster.delete(f"{account.core}/pods/p", gracePeriodSeconds=0)
    until(lambda: own.get("/api").status == 401, 60)  # what was found good is remembered for ten seconds
    assert own.get("/api").reason == "Unauthorized"


def test_a_token_for_others_is_not_for_the_api_server(account: Account) -> None:
    assert account.with_token(account.token(audiences=["others"])).get("/api").status == 401
    assert account.with_token("nobody's").get("/api").status == 401


def test_a_token_is_for_ten_minutes_at_least(account: Account) -> None:
    spec = {"expirationSeconds": 60}
    answer = account.cluster.post(f"{account.core}/serviceaccounts/asker/token", {"spec": spec})
    assert answer.status == 422
    assert answer.body["message"] == (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: '
        "may not specify a duration less than 10 minutes"
    )


@pytest.fixture(scope="module")
def core(cluster: Cluster) -> Iterator[str]:
    """One namespace for cases that do not change it."""
    with own_namespace(cluster) as name:
        yield f"/api/v1/namespaces/{name}"


def test_a_namespace_has_an_account_and_the_certificate_of_the_api_server_and_gets_them_again(
    cluster: Cluster, core: str
) -> None:
    certificate = f"{core}/configmaps/kube-root-ca.crt"
    assert "BEGIN CERTIFICATE" in until(lambda: cluster.get(certificate).body.get("data", {}).get("ca.crt"))
    for path in (f"{core}/serviceaccounts/default", certificate):
        before = cluster.read(path)["metadata"]["uid"]
        cluster.delete(path)
        until(lambda path=path, before=before: cluster.get(path).body["metadata"].get("uid") not in (None, before))  # type: ignore[misc]
    cluster.patch(certificate, {"data": {"ca.crt": "none"}})
    until(lambda: "BEGIN CERTIFICATE" in cluster.read(certificate)["data"]["ca.crt"])


def test_a_pod_gets_the_token_of_its_account_in_every_container(cluster: Cluster, core: str) -> None:
    own = {"name": "own", "image": "i", "volumeMounts": [{"name": "empty", "mountPath": MOUNT}]}
    init = {"name": "init", "image": "i"}
    wanted = idle_pod("p", volumes=[{"name": "empty", "emptyDir": {}}], initContainers=[init])
    wanted["spec"]["containers"].append(own)
    spec = cluster.make(f"{core}/pods", wanted, dryRun="All")["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (volume,) = [one for one in spec["volumes"] if one["name"].startswith("kube-api-access-")]
    assert volume["projected"]["sources"][0] == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    mount = {"name": volume["name"], "readOnly": True, "mountPath": MOUNT}
    mounts = {one["name"]: one.get("volumeMounts") for one in [*spec["initContainers"], *spec["containers"]]}
    assert mounts == {"init": [mount], "main": [mount], "own": own["volumeMounts"]}


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, True), (False, None, False), (False, True, True), (True, False, False), (None, False, False)],
)
def test_account_and_pod_may_do_without_a_token(
    cluster: Cluster, core: str, of_account: bool | None, of_pod: bool | None, mounted: bool
) -> None:
    made = {"metadata": {"generateName": "a-"}, "automountServiceAccountToken": of_account}
    name = cluster.make(f"{core}/serviceaccounts", made)["metadata"]["name"]
    wanted = idle_pod("p", serviceAccountName=name, automountServiceAccountToken=of_pod)

    def tried() -> Any:
        return cluster.post(f"{core}/pods", wanted, dryRun="All")

    until(lambda: tried().status == 201)
    assert bool(tried().body["spec"].get("volumes")) is mounted


def test_a_pod_of_an_account_that_does_not_exist_is_refused(cluster: Cluster, core: str) -> None:
    namespace = core.rpartition("/")[2]
    answer = cluster.post(f"{core}/pods", {**idle_pod("p", serviceAccountName="none"), "metadata": {"name": "p"}})
    told = f'error looking up service account {namespace}/none: serviceaccount "none" not found'
    assert (answer.status, answer.body["message"]) == (403, f'pods "p" is forbidden: {told}')
    generated = {"metadata": {"generateName": "p-"}, "spec": pod_spec(serviceAccountName="none")}
    assert cluster.post(f"{core}/pods", generated).body["message"] == f'pods "p-" is forbidden: {told}'


@pytest.mark.parametrize(
    ("plural", "kind", "told"),
    [
        ("replicasets", "ReplicaSet", 'Error creating: pods "web-'),
        (
            "statefulsets",
            "StatefulSet",
            'create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: ',
        ),
    ],
)
def test_a_workload_without_its_account_says_so_and_gets_its_pods_when_the_account_comes(
    cluster: Cluster, namespace: str, plural: str, kind: str, told: str
) -> None:
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    wanted = workload("web", 1)
    wanted["spec"]["template"]["spec"]["serviceAccountName"] = "late"
    cluster.make(f"{apps}/{plural}", wanted)
    selector = f"reason=FailedCreate,involvedObject.kind={kind}"
    event = until(lambda: cluster.get(f"{core}/events", fieldSelector=selector).body["items"])[0]
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "web")
    assert event["message"].startswith(told)
    assert event["message"].endswith(f'service account {namespace}/late: serviceaccount "late" not found')
    cluster.make(f"{core}/serviceaccounts", {"metadata": {"name": "late"}})
    until(lambda: pods_of(cluster, namespace, "web"))


def test_a_pod_in_a_namespace_that_was_just_made_waits_for_its_account(cluster: Cluster) -> None:
    made = cluster.make("/api/v1/namespaces", {"metadata": {"generateName": "conformance-"}})
    path = f"/api/v1/namespaces/{made['metadata']['name']}"
    try:
        assert cluster.make(f"{path}/pods", idle_pod("p"))["spec"]["volumes"]
        assert cluster.make(f"{path}/configmaps", config_map("c"))
    finally:
        cluster.delete(path)
