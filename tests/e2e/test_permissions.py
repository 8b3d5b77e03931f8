"""What the account of the scheduled check may do: enough for its experiment, and nothing else.

An API server that enforces roles says so itself: by its audit log, by its refusals, and by what it would refuse.
"""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused
from chaosmongo.preflight import asking, denied, load
from chaosmongo.preflight.permissions import Request, of_experiment
from chaosmongo.preflight.roles import rules

from tests.e2e.audit import FORBIDDEN, Asked, requests, unused, with_token
from tests.e2e.commands import ROOT, Ended, run, running_lab

pytestmark = pytest.mark.e2e

FILE = "experiments/mongo-pod-delete.yaml"
ROLE = "chaos-recovery-check"
USER = "system:serviceaccount:chaos:recovery-check"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEW = Asked("", "authorization.k8s.io", "selfsubjectaccessreviews", "create", "")
GIVEN_BACK = Asked("pacman", "coordination.k8s.io", "leases", "delete", "chaos-mongodb")
ENDS_WITHIN_S = 150
WAITS = "--var=recovery_timeout_s:float=20"
"""What becomes of the database is nothing to us here, and this machine may be busy."""
REACH = {"reach": "service"}
"""From outside of a pod, a port-forward would be asked for as well."""

BY_HAND = [
    {"op": "add", "path": "/spec/suspend", "value": True},
    {"op": "add", "path": "/spec/jobTemplate/spec/template/spec/containers/0/args/-", "value": WAITS},
]


class Checks:
    """A lab that enforces roles and keeps an audit log, with the demo and the scheduled check."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.admins = str(place / "lab" / "kubeconfig")
        self.accounts = str(place / "account")
        self.log = place / "audit.jsonl"
        self.admin = cluster(self.admins)

    def connect(self) -> None:
        """As the account of the check, with a token of its own."""
        token = self.kubectl("create", "token", "recovery-check", "-n", "chaos").strip()
        Path(self.accounts).write_text(with_token(Path(self.admins).read_text(), token))
        self.account = cluster(self.accounts)

    def kubectl(self, *arguments: str) -> str:
        ended = run(["kubectl", *arguments], self.place, KUBECONFIG=self.admins)
        assert ended.status == 0, ended.output
        return ended.output

    def grant(self, asked: Sequence[Request]) -> None:
        """Just that."""
        found = rules(asked)
        for space, path in (("pacman", f"{RBAC}/namespaces/pacman/roles/{ROLE}"), ("", f"{RBAC}/clusterroles/{ROLE}")):
            self.admin.patch(path, {"rules": [yaml.safe_load(str(rule)) for rule in found.get(space, [])]})

    def roles(self) -> list[Object]:
        return [self.admin.get(f"{RBAC}/{where}/{ROLE}") for where in ("namespaces/pacman/roles", "clusterroles")]

    def check(self) -> Ended:
        """The real command, as the account."""
        command = ["chaos", "--no-version-check", "--no-log-file", "recovery", "check", FILE, "--var", "reach=service"]
        return run(command, self.place, KUBECONFIG=self.accounts)

    def asked(self, offset: int) -> list[tuple[Asked, int]]:
        """By the account, since the audit log was as long."""
        return requests(self.log, USER, offset)

    @property
    def logged(self) -> int:
        return self.log.stat().st_size


def cluster(kubeconfig: str) -> Cluster:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", kubeconfig)
        patch.delenv("CHAOSTOOLKIT_IN_POD", raising=False)
        return Cluster()


@pytest.fixture(scope="module")
def checks(place: Path) -> Iterator[Checks]:
    log = str(place / "audit.jsonl")
    with running_lab(place, "--audit-log", log, "--apply", "manifests"):
        found = Checks(place)
        found.kubectl("apply", "-k", "manifests/scheduled")
        found.kubectl("patch", "cronjob", "recovery-check", "-n", "chaos", "--type=json", "-p", json.dumps(BY_HAND))
        found.connect()
        yield found


@pytest.fixture(scope="module")
def needed() -> list[Request]:
    return of_experiment(load(str(ROOT / FILE), REACH, []))


class TestWithoutOneOfThem:
    @pytest.fixture(autouse=True)
    def granted_again(self, checks: Checks, needed: list[Request]) -> Iterator[None]:
        yield
        checks.grant(needed)

    def test_it_is_found_missing(self, checks: Checks, needed: list[Request]) -> None:
        """Each, one after the other; with all of them, none is."""
        checks.grant(needed)
        assert denied(load(str(ROOT / FILE), REACH, []), checks.account) == []
        found = []
        for one in needed:
            checks.grant([other for other in needed if other != one])
            found += asking.denied(checks.account, [one]) or []
        assert found == needed

    @pytest.mark.parametrize(
        ("missing", "named"),
        [
            (("pacman", "", "pods", "delete", "mongo-0"), "delete pods mongo-0 in namespace pacman (delete_pod)"),
            (
                ("pacman", "coordination.k8s.io", "leases", "create", ""),
                "create leases.coordination.k8s.io in namespace pacman (lock)",
            ),
            (("", "", "nodes", "watch", ""), "watch nodes in the whole cluster (observer)"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_check_names_it_and_touches_nothing(
        self, checks: Checks, needed: list[Request], missing: tuple[str, ...], named: str
    ) -> None:
        checks.grant([one for one in needed if one != Request(*missing)])
        logged = checks.logged
        ended = checks.check()
        assert ended.status == 2, ended.output
        assert [line for line in ended.output.splitlines() if "we may not" in line] == [
            f"mongo-pod-delete: unknown. Refused: we may not {named}"
        ]
        assert {asked for asked, _ in checks.asked(logged)} == {REVIEW}


NOTHING_ELSE = [
    *(("pacman", "", resource, verb) for resource in ("secrets", "configmaps") for verb in ("list", "watch", "delete")),
    *(("pacman", "", "pods", verb) for verb in ("create", "patch", "deletecollection")),
    *(("pacman", "", f"pods/{below}", "create") for below in ("exec", "eviction", "portforward", "attach")),
    ("pacman", "", "services", "list"),
    ("pacman", "apps", "statefulsets", "patch"),
    ("pacman", "apps", "statefulsets/scale", "patch"),
    ("pacman", "networking.k8s.io", "networkpolicies", "create"),
    ("pacman", "coordination.k8s.io", "leases", "update"),
    ("pacman", "", "namespaces", "delete"),
    *(("pacman", "rbac.authorization.k8s.io", resource, "create") for resource in ("roles", "rolebindings")),
    ("pacman", "rbac.authorization.k8s.io", "roles", "escalate"),
    *(("chaos", "", resource, "get") for resource in ("secrets", "configmaps", "pods")),
    ("chaos", "batch", "jobs", "create"),
    ("chaos", "", "serviceaccounts/token", "create"),
    ("default", "", "pods", "list"),
    *(("", "", "nodes", verb) for verb in ("get", "patch", "delete")),
    *(("", "", resource, "list") for resource in ("pods", "secrets", "namespaces", "persistentvolumes")),
    ("", "", "users", "impersonate"),
    ("", "rbac.authorization.k8s.io", "clusterroles", "bind"),
    ("", "storage.k8s.io", "storageclasses", "list"),
    ("", "certificates.k8s.io", "certificatesigningrequests", "create"),
]
"""Namespace, group, resource and verb."""
OTHERS = [
    ("pacman", "", "pods", "delete", "pacman-1"),
    ("pacman", "", "secrets", "get", "another"),
    ("pacman", "coordination.k8s.io", "leases", "delete", "another"),
]
"""What may be done to one object, of another."""


class TestNothingElse:
    def test_would_be_allowed(self, checks: Checks, needed: list[Request]) -> None:
        checks.grant(needed)
        asked = [Request(*one) for one in (*NOTHING_ELSE, *OTHERS)]
        assert {str(one): allowed(checks.account, one) for one in asked} == {str(one): False for one in asked}
        assert allowed(checks.account, Request("pacman", "", "pods", "delete", "mongo-0"))

    @pytest.mark.parametrize(
        "what",
        [["delete", "pods", "--all-namespaces"], ["list", "secrets", "-n", "pacman"], ["patch", "nodes"]],
        ids=" ".join,
    )
    def test_as_kubectl_says_it(self, checks: Checks, what: list[str]) -> None:
        ended = run(["kubectl", "auth", "can-i", *what], checks.place, KUBECONFIG=checks.accounts)
        assert (ended.status, ended.output.splitlines()[-1]) == (1, "no")

    def test_is_done(self, checks: Checks) -> None:
        logged = checks.logged
        with pytest.raises(ApiRefused, match="HTTP 403"):
            checks.account.get("/api/v1/namespaces/pacman/secrets")
        assert checks.asked(logged) == [(Asked("pacman", "", "secrets", "list", ""), FORBIDDEN)]


def allowed(asked_of: Cluster, request: Request) -> bool:
    answer = asked_of.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", request.review())
    return bool(answer["status"]["allowed"])


@pytest.fixture(scope="module")
def asked(checks: Checks) -> list[tuple[Asked, int]]:
    """What a check asked the API server for, in a pod, by the roles as they are applied: until it gives its Lease back,
    after which it only draws.
    """
    checks.kubectl("apply", "-f", "manifests/scheduled/base/permissions/mongo-pod-delete.yaml")
    logged = checks.logged
    checks.kubectl("create", "job", "now", "--from=cronjob/recovery-check", "-n", "chaos")
    end = time.monotonic() + ENDS_WITHIN_S
    while GIVEN_BACK not in dict(found := checks.asked(logged)):
        assert time.monotonic() < end, found
        time.sleep(0.5)
    return found


class TestARealCheck:
    def test_was_refused_nothing(self, asked: list[tuple[Asked, int]]) -> None:
        assert [one for one in asked if one[1] == FORBIDDEN] == []

    def test_used_all_that_it_was_granted(self, checks: Checks, asked: list[tuple[Asked, int]]) -> None:
        assert unused(checks.roles(), [one for one, _ in asked]) == []

    def test_deleted_the_pod(self, asked: list[tuple[Asked, int]]) -> None:
        assert (Asked("pacman", "", "pods", "delete", "mongo-0"), 200) in asked


def test_what_nobody_asked_for_would_be_found() -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    role: dict[str, Any] = {
        "metadata": {"namespace": "pacman"},
        "rules": [rule, rule | {"resourceNames": ["a", "b"], "verbs": ["delete"]}],
    }
    asked = [
        Asked("pacman", "", "pods", "get", "a"),
        Asked("pacman", "", "pods", "delete", "a"),
        Asked("", "", "pods", "list", ""),
    ]
    assert unused([role], asked) == [
        Asked("pacman", "", "pods", "list", ""),
        Asked("pacman", "", "pods", "delete", "b"),
    ]
