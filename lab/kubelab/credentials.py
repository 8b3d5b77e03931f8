"""The secrets of a lab: its certificate authority, certificates, tokens and kubeconfigs. Made once for each lab."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from kubelab.kubeconfig import write as write_kubeconfig
from kubelab.kubeconfig import write_private
from kubelab.state import Lab, State

FIRST_NODE = 10
"""The last part of the first node's address; see kubelab.node.__main__.pod_cidr."""


def node_address(lab: Lab, index: int) -> str:
    return lab.address(FIRST_NODE + index)


def make(state: State, lab: Lab) -> None:
    """Writes what is not there yet. Files with secrets are readable by their owner alone."""
    if state.kubeconfig.exists():
        return
    _certificates(state, lab)
    write_private(state.directory / "kubelet-token", secrets.token_urlsafe(32))
    tokens = {"kubeconfig": _user("admin", "system:masters")}
    tokens["kubeconfig-controllers"] = _user("system:kube-controller-manager", "system:masters")
    for name in lab.nodes:
        tokens[f"kubeconfig-{name}"] = _user(f"system:node:{name}", "system:nodes")
    issued = {secrets.token_urlsafe(32): (file, user) for file, user in tokens.items()}
    write_private(state.directory / "tokens.json", json.dumps({token: user for token, (_, user) in issued.items()}))
    for token, (file, _) in sorted(issued.items(), key=lambda item: item[1][0], reverse=True):
        # The admin's comes last: it says that everything is there.
        write_kubeconfig(state.directory / file, lab.server, state.pki / "ca.pem", token)


def make_for_node(directory: Path, name: str, address: str) -> None:
    """What a node needs to serve logs and exec, from an authority of its own: for an API server that asks for none."""
    import trustme

    pki = directory / "pki"
    pki.mkdir(exist_ok=True, mode=0o700)
    certificate = trustme.CA(organization_name="kubelab").issue_cert(address, name, common_name=name)
    write_private(pki / f"node-{name}.pem", certificate.private_key_and_cert_chain_pem.bytes().decode())
    token = directory / "kubelet-token"
    if not token.exists():
        write_private(token, secrets.token_urlsafe(32))


def _user(name: str, group: str) -> dict[str, object]:
    return {"user": name, "groups": [group, "system:authenticated"]}


def _certificates(state: State, lab: Lab) -> None:
    import trustme

    authority = trustme.CA(organization_name="kubelab")
    write_private(state.pki / "ca.pem", authority.cert_pem.bytes().decode())
    names = ["localhost", "kubernetes", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    servers = {"apiserver": [lab.address(1), f"127.{lab.block}.240.1", *names]}
    for index, name in enumerate(lab.nodes):
        servers[f"node-{name}"] = [node_address(lab, index), name]
    for name, identities in servers.items():
        certificate = authority.issue_cert(*identities, common_name=name)
        write_private(state.pki / f"{name}.pem", certificate.private_key_and_cert_chain_pem.bytes().decode())
