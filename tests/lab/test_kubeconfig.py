"""Kubeconfigs as others write them: kind embeds its certificates, minikube names files, clouds name programs."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kubelab.client import Client
from kubelab.errors import ApiUnreachable, KubeconfigError
from kubelab.kubeconfig import Credentials, load

SERVER = "https://127.0.0.1:6443"


class Authority:
    """One certificate authority, one user's certificate, and both as the fields of a kubeconfig."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        user = self.authority.issue_cert("minikube-user", common_name="minikube-user")
        self.cluster = {"certificate-authority": self.authority.cert_pem.bytes()}
        self.user = {
            "client-certificate": b"".join(part.bytes() for part in user.cert_chain_pems),
            "client-key": user.private_key_pem.bytes(),
        }

    def demanding(self) -> ssl.SSLContext:
        """Of a server that talks to nobody without a certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        self.authority.configure_trust(context)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def embedded(fields: dict[str, bytes]) -> dict[str, str]:
    return {f"{name}-data": base64.b64encode(value).decode() for name, value in fields.items()}


def named(fields: dict[str, bytes], folder: Path) -> dict[str, str]:
    """Paths beside the kubeconfig."""
    for name, value in fields.items():
        (folder / f"{name}.pem").write_bytes(value)
    return {name: f"{name}.pem" for name in fields}


def written(folder: Path, cluster: dict[str, Any], user: dict[str, Any], server: str = SERVER) -> Path:
    content = {
        "current-context": "kind",
        "contexts": [{"name": "kind", "context": {"cluster": "kind", "user": "kind"}}],
        "clusters": [{"name": "kind", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "kind", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


def asked(authority: Authority, folder: Path, cluster: dict[str, Any], user: dict[str, Any]) -> str:
    """The name by which a server that demands a certificate knows its client."""

    async def answer(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        subject = dict(part[0] for part in request.transport.get_extra_info("peercert")["subject"])
        return web.Response(text=subject["commonName"])

    async def scenario() -> str:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.demanding()).start()
        server = f"https://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with Client.from_kubeconfig(written(folder, cluster, user, server)) as client:
                return await client.get_text("/")
        finally:
            await runner.cleanup()

    return asyncio.run(asyncio.wait_for(scenario(), 10))


class TestCertificates:
    def test_are_read_from_the_kubeconfig_itself(self, authority: Authority, tmp_path: Path) -> None:
        fields = embedded(authority.cluster), embedded(authority.user)
        assert asked(authority, tmp_path, *fields) == "minikube-user"

    def test_are_read_from_files_beside_it(self, authority: Authority, tmp_path: Path) -> None:
        fields = named(authority.cluster, tmp_path), named(authority.user, tmp_path)
        assert asked(authority, tmp_path, *fields) == "minikube-user"

    def test_embedded_ones_come_before_named_ones(self, authority: Authority, tmp_path: Path) -> None:
        other = named(Authority().user, tmp_path)
        fields = embedded(authority.cluster), embedded(authority.user) | other
        assert asked(authority, tmp_path, *fields) == "minikube-user"

    def test_a_server_that_demands_one_refuses_who_has_none(self, authority: Authority, tmp_path: Path) -> None:
        with pytest.raises(ApiUnreachable):
            asked(authority, tmp_path, embedded(authority.cluster), {"token": "t"})

    def test_leave_nothing_behind(self, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        path = written(tmp_path, embedded(authority.cluster), embedded(authority.user))
        open_before = len(list(Path("/proc/self/fd").iterdir()))
        assert load(path).ssl_context() is not None
        assert len(list(Path("/proc/self/fd").iterdir())) == open_before
        assert list(tmp_path.iterdir()) == [path]

    def test_are_not_shown(self, authority: Authority, tmp_path: Path) -> None:
        found = load(written(tmp_path, embedded(authority.cluster), embedded(authority.user)))
        assert repr(found) == f"Credentials(server={SERVER!r})"


class TestRefused:
    def refusal(self, path: Path) -> str:
        with pytest.raises(KubeconfigError) as refused:
            load(path)
        return str(refused.value)

    @pytest.mark.parametrize("way", ["exec", "auth-provider"])
    def test_a_user_known_by_what_a_program_says(self, way: str, tmp_path: Path) -> None:
        path = written(tmp_path, {}, {way: {"command": "aws"}})
        assert self.refusal(path) == (
            f"the user kind of {path} gets its credentials from a program ({way}), which is not run here: "
            "use a kubeconfig with a token (kubectl create token) or a client certificate"
        )

    def test_no_program_that_a_token_makes_needless(self, tmp_path: Path) -> None:
        assert load(written(tmp_path, {}, {"exec": {"command": "aws"}, "token": "t"})).token == "t"

    def test_a_file_that_is_named_and_not_there(self, tmp_path: Path) -> None:
        path = written(tmp_path, {}, {"client-certificate": "gone.pem"})
        assert self.refusal(path) == f"cannot read {tmp_path}/gone.pem, which {path} names: No such file or directory"

    @pytest.mark.parametrize(
        "user", [{"client-key-data": "no base64!"}, {"client-certificate-data": 3}, ["kind"], "kind"]
    )
    def test_a_user_who_is_none(self, user: Any, tmp_path: Path) -> None:
        path = written(tmp_path, {}, user)
        assert self.refusal(path) == f"{path} is not a kubeconfig with a usable current context"

    def test_a_key_that_belongs_to_another_certificate(self, authority: Authority) -> None:
        certificate, key = authority.user["client-certificate"].decode(), Authority().user["client-key"].decode()
        with pytest.raises(KubeconfigError, match=f"the client certificate for {SERVER} cannot be used: .*MISMATCH"):
            Credentials(SERVER, client_certificate=certificate, client_key=key).ssl_context()

    def test_a_certificate_without_its_key(self, authority: Authority) -> None:
        certificate = authority.user["client-certificate"].decode()
        with pytest.raises(KubeconfigError, match="the client certificate for"):
            Credentials(SERVER, client_certificate=certificate).ssl_context()

    def test_a_key_for_which_somebody_would_have_to_be_asked(self, authority: Authority) -> None:
        key = load_pem_private_key(authority.user["client-key"], None)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        encrypted = key.private_bytes(*form, serialization.BestAvailableEncryption(b"secret")).decode()
        certificate = authority.user["client-certificate"].decode()
        with pytest.raises(KubeconfigError, match="the client certificate for"):
            Credentials(SERVER, client_certificate=certificate, client_key=encrypted).ssl_context()

    @pytest.mark.parametrize("text", ["no certificate", "Pr\u00fcfstelle"])
    def test_an_authority_that_is_none(self, text: str) -> None:
        with pytest.raises(KubeconfigError, match=f"the certificate authority of {SERVER} cannot be used"):
            Credentials(SERVER, authority=text).ssl_context()
