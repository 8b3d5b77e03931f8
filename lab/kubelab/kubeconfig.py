"""Reads and writes kubeconfig files (one cluster, one user, one context)."""

from __future__ import annotations

import base64
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelab.errors import KubeconfigError


@dataclass(frozen=True)
class Credentials:
    """How to reach an API server and as whom. authority is PEM; client_certificate and client_key are paths."""

    server: str
    token: str | None = None
    authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    verify: bool = True

    def __repr__(self) -> str:
        return f"Credentials(server={self.server!r})"

    def ssl_context(self) -> ssl.SSLContext | None:
        if not self.server.startswith("https:"):
            return None
        context = ssl.create_default_context(cadata=self.authority)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_certificate:
            context.load_cert_chain(self.client_certificate, self.client_key)
        return context


def load(path: Path) -> Credentials:
    """The credentials of the current context.

    Raises KubeconfigError when the file is missing or not a kubeconfig with a usable current context.
    """
    import yaml

    try:
        text = path.read_text()
    except OSError as e:
        raise KubeconfigError(f"cannot read the kubeconfig {path}: {e.strerror}") from None
    try:
        content = yaml.safe_load(text)
        name = content["current-context"]
        context = _named(content["contexts"], name)["context"]
        cluster = _named(content["clusters"], context["cluster"])["cluster"]
        user = _named(content["users"], context["user"])["user"]
        return _credentials(cluster, user, path.parent)
    except (yaml.YAMLError, KeyError, TypeError, StopIteration, ValueError):
        raise KubeconfigError(f"{path} is not a kubeconfig with a usable current context") from None


def write(path: Path, server: str, authority: Path, token: str, name: str = "kubelab") -> None:
    """Writes a kubeconfig, readable by its owner alone. The certificate authority is embedded."""
    import yaml

    authority_data = base64.b64encode(authority.read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority_data}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def write_private(path: Path, text: str) -> None:
    """Writes a file that nobody but its owner could read at any moment; replaces it as a whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _credentials(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> Credentials:
    authority = None
    if "certificate-authority-data" in cluster:
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    elif "certificate-authority" in cluster:
        authority = (folder / cluster["certificate-authority"]).read_text()
    token = user.get("token")
    if token is None and "tokenFile" in user:
        token = (folder / user["tokenFile"]).read_text().strip()
    return Credentials(
        server=cluster["server"].rstrip("/"),
        token=token,
        authority=authority,
        client_certificate=_path(folder, user.get("client-certificate")),
        client_key=_path(folder, user.get("client-key")),
        verify=not cluster.get("insecure-skip-tls-verify", False),
    )


def _path(folder: Path, name: str | None) -> str | None:
    return str(folder / name) if name else None
