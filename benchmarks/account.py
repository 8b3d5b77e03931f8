"""An account with the least roles for an experiment, and what it did with them: by the API server's audit log."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import current
from tests.e2e import audit
from tests.e2e.commands import run

NAMESPACE = "chaos"
NAME = "recovery-check"
USER = f"system:serviceaccount:{NAMESPACE}:{NAME}"
ROLE = f"{NAMESPACE}-{NAME}"
AS_IN_A_POD = "--var=reach=service"
"""From outside of one, a port-forward would be asked for as well."""
RENEWAL = {("coordination.k8s.io", "leases", "patch")}
"""Of the lock: a run may be over before it has to be renewed."""
OF_A_VOLUME = {("", "persistentvolumeclaims", "get"), ("storage.k8s.io", "storageclasses", "get")}
"""That the database has none does not stand in the experiment."""


@dataclass(frozen=True)
class Account:
    """namespaces: those in which it has a role."""

    kubeconfig: Path
    admin: Path
    log: Path
    namespaces: tuple[str, ...]

    def wrong(self) -> list[str]:
        """What it was refused, and what it was granted and never asked for."""
        asked = audit.requests(self.log, USER)
        refused = {one for one, code in asked if code == audit.FORBIDDEN}
        made = [one for asked_for, _ in asked for one in _authorized_as(asked_for)]
        roles = [self._get(f"clusterrole/{ROLE}"), *(self._get(f"role/{ROLE}", "-n", one) for one in self.namespaces)]
        volumes = [one for space in self.namespaces for one in self._get("pvc", "-n", space)["items"]]
        may_be = RENEWAL if volumes else RENEWAL | OF_A_VOLUME
        unused = [one for one in audit.unused(roles, made) if (one.group, one.resource, one.verb) not in may_be]
        return [f"refused: {one}" for one in refused] + [f"never used: {one}" for one in unused]

    def _get(self, *what: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(current.kubectl("--kubeconfig", self.admin, "get", *what, "-o", "yaml"))
        return found


def make(admin: Path, experiment: str, log: Path, directory: Path) -> Account:
    """By an admin's kubeconfig, for an experiment's file. log: the API server's. directory: for its own kubeconfig."""
    told = run(["chaos", "recovery", "permissions", experiment, AS_IN_A_POD], directory)
    if told.status:
        raise RuntimeError(f"no roles for {experiment}: {told.output}")
    roles, own = directory / "roles.yaml", directory / "kubeconfig"
    roles.write_text(told.output)
    kubectl = functools.partial(current.kubectl, "--kubeconfig", admin)
    kubectl("create", "namespace", NAMESPACE)
    kubectl("create", "serviceaccount", NAME, "-n", NAMESPACE)
    kubectl("apply", "-f", roles)
    own.write_text(audit.with_token(admin.read_text(), kubectl("create", "token", NAME, "-n", NAMESPACE).strip()))
    granted = [one for one in yaml.safe_load_all(told.output) if one["kind"] == "Role"]
    return Account(own, admin, log, tuple(one["metadata"]["namespace"] for one in granted))


def _authorized_as(asked: audit.Asked) -> Sequence[audit.Asked]:
    """A command in a container is begun by GET where it comes over a WebSocket, and is authorized as `create`, too."""
    if asked.resource == "pods/exec" and asked.verb == "get":
        return [asked, audit.Asked(asked.namespace, asked.group, asked.resource, "create", asked.name)]
    return [asked]
