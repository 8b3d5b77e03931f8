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
    """How to reach an API server and as whom. authority, client_certificate and client_key are PEM."""

    server: str
    token: str | None = None
    authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    verify: bool = True

    def __repr__(self) -> str:
        return f"Credentials(server={self.server!r})"

    def ssl_context(self) -> ssl.SSLContext | None:
        """Raises KubeconfigError when a certificate or the key is none."""
        if not self.server.startswith("https:"):
            return None
        try:
            context = ssl.create_default_context(cadata=self.authority)
        except (ssl.SSLError, TypeError) as e:  # TypeError: not ASCII
            raise KubeconfigError(f"the certificate authority of {self.server} cannot be used: {e}") from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_certificate:
            try:
                _load_pair(context, self.client_certificate, self.client_key)
            except ssl.SSLError as e:
                raise KubeconfigError(f"the client certificate for {self.server} cannot be used: {e}") from None
        return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """Raises SSLError. ssl reads files only: this one is memory, and never on a disk."""
    descriptor = os.memfd_create("client-certificate")
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{certificate}\n{key or ''}")
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")  # ssl would ask for one at the terminal.


def load(path: Path) -> Credentials:
    """The credentials of the current context.

    Raises KubeconfigError when the file, or one that it names, is missing, when it is not a kubeconfig with a usable
    current context, and when its user is known by what another program says.
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
        user = _named(content["users"], context["user"])["user"] or {}
        _refuse_programs(path, context["user"], user)
        return _credentials(cluster, user, path.parent)
    except OSError as e:
        raise KubeconfigError(f"cannot read {e.filename}, which {path} names: {e.strerror}") from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, StopIteration, ValueError):
        raise KubeconfigError(f"{path} is not a kubeconfig with a usable current context") from None


def _refuse_programs(path: Path, name: str, user: dict[str, Any]) -> None:
    """As kubectl has it, a token that is there makes the program needless."""
    for way in ("exec", "auth-provider"):
        if way in user and not {"token", "tokenFile"} & user.keys():
            raise KubeconfigError(
                f"the user {name} of {path} gets its credentials from a program ({way}), which is not run here: "
                "use a kubeconfig with a token (kubectl create token) or a client certificate"
            )


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


def write_private(path: Path, content: str | bytes) -> None:
    """Writes a file that nobody but its owner could read at any moment; replaces it as a whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _credentials(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> Credentials:
    token = user.get("token")
    if token is None and "tokenFile" in user:
        token = (folder / user["tokenFile"]).read_text().strip()
    return Credentials(
        server=cluster["server"].rstrip("/"),
        token=token,
        authority=_pem(cluster, "certificate-authority", folder),
        client_certificate=_pem(user, "client-certificate", folder),
        client_key=_pem(user, "client-key", folder),
        verify=not cluster.get("insecure-skip-tls-verify", False),
    )


def _pem(fields: dict[str, Any], name: str, folder: Path) -> str | None:
    """What is in the file itself, as kind writes it, or in another one that it names, as minikube does."""
    if data := fields.get(f"{name}-data"):
        return base64.b64decode(data).decode()
    return (folder / fields[name]).read_text() if fields.get(name) else None
