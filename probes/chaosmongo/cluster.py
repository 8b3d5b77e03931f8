"""The Kubernetes API, as plain JSON. The only module that knows the Kubernetes client.

The client library finds and refreshes the credentials and verifies the server; requests are made raw, because its typed
objects refuse what real servers send (an event without a time) and cost time where arrival is measured.
"""

import functools
import json
import os
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .errors import ApiRefused, NoCluster

if TYPE_CHECKING:
    from websocket import WebSocket

HOW_TO_GET_ONE = (
    "Either start the lab around the command:\n"
    "    kubelab exec -- chaos run EXPERIMENT\n"
    "or point at a cluster of yours that runs the demo:\n"
    "    kubectl apply -f manifests/ && chaos run EXPERIMENT"
)

Object = dict[str, Any]

NOT_FOUND = 404
MERGE_PATCH = "application/merge-patch+json"

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def inside() -> bool:
    """Whether this process runs in a pod of a cluster, where names of Services can be resolved."""
    return os.environ.get("CHAOSTOOLKIT_IN_POD") == "true" or SERVICE_ACCOUNT.exists()


def own_namespace() -> str:
    """The namespace of the pod in which this process runs; "" where it is in none, or cannot tell."""
    if told := os.environ.get("POD_NAMESPACE"):
        return told
    from kubernetes.config.incluster_config import SERVICE_TOKEN_FILENAME

    try:
        return Path(SERVICE_TOKEN_FILENAME).with_name("namespace").read_text().strip()
    except OSError:
        return ""


def own_pod() -> str:
    """Its name, as the downward API (POD_NAME) or, where nothing else was set, its host's name says; or ""."""
    return os.environ.get("POD_NAME") or (os.environ.get("HOSTNAME", "") if inside() else "")


class Cluster:
    """A connection to the API server that the kubeconfig (or the pod's service account) names.

    Safe to use from several threads. Raises NoCluster where there is none.
    """

    def __init__(self) -> None:
        from kubernetes import client, config
        from kubernetes.client.rest import RESTClientObject

        self._config = client.Configuration()
        try:
            if os.environ.get("CHAOSTOOLKIT_IN_POD") == "true":
                config.load_incluster_config(self._config)  # type: ignore[no-untyped-call]
            else:
                # Named, for the client library has read KUBECONFIG once, when it was imported.
                file = os.environ.get("KUBECONFIG") or None
                config.load_kube_config(config_file=file, client_configuration=self._config)  # type: ignore[no-untyped-call]
        except (config.ConfigException, OSError, ValueError, TypeError) as error:
            place = os.environ.get("KUBECONFIG") or "~/.kube/config"
            reason = " ".join(str(error).split())
            raise NoCluster(f"No Kubernetes cluster is configured ({place}: {reason}).\n{HOW_TO_GET_ONE}") from None
        self._config.retries = False
        self._pool = RESTClientObject(self._config).pool_manager

    @property
    def server(self) -> str:
        """Address of the API server."""
        return str(self._config.host)

    def get(self, path: str, timeout_s: float = 10, **query: str | int) -> Object:
        """GET of a path like /api/v1/namespaces/pacman; the answer as JSON."""
        return self._json(self._request("GET", path, query, timeout_s=timeout_s))

    def find(self, path: str, timeout_s: float = 10) -> Object | None:
        """GET of a path; None where nothing is there."""
        try:
            return self.get(path, timeout_s)
        except ApiRefused as refusal:
            if refusal.status != NOT_FOUND:
                raise
            return None

    def post(self, path: str, body: Object, timeout_s: float = 10) -> Object:
        """POST of an object; the answer as JSON."""
        return self._json(self._request("POST", path, {}, body, timeout_s=timeout_s))

    def patch(self, path: str, patch: Object, timeout_s: float = 10) -> Object:
        """PATCH with a JSON merge patch (RFC 7386); the object as it is afterwards."""
        return self._json(self._request("PATCH", path, {}, patch, timeout_s, content_type=MERGE_PATCH))

    def delete(self, path: str, options: Object, timeout_s: float = 10) -> Object:
        """DELETE with DeleteOptions; the answer as JSON."""
        return self._json(self._request("DELETE", path, {}, options, timeout_s=timeout_s))

    def watch(self, path: str, resource_version: str, seconds: int = 300, **chosen: str) -> Iterator[bytes]:
        """Lines of a watch from a version, as they arrive; ends when the server ends it. Raises NoCluster when the
        connection breaks. chosen: labelSelector or fieldSelector.
        """
        import urllib3

        query: dict[str, str | int] = {
            **chosen,
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": seconds,
        }
        response = self._request("GET", path, query, timeout_s=seconds + 30, stream=True)
        rest = b""
        try:
            while chunk := response.read1():
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line for line in whole if line)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoCluster(f"the watch of {path} broke: {error}") from None
        finally:
            response.close()
            response.release_conn()

    def websocket(
        self, path: str, subprotocol: str, timeout_s: float = 5, **query: str | int | Sequence[str]
    ) -> "WebSocket":
        """Opens a WebSocket at a path, within timeout_s for each step of it. Raises ApiRefused, NoCluster.

        Verified and with the credentials of every other request. The client library's own `stream` and `portforward`
        patch the ApiClient while they connect, and would wait for a silent server without end.
        """
        import websocket

        url = f"ws{self.server.removeprefix('http')}{path}?{urlencode(query, doseq=True)}"
        headers = self._headers()
        options: dict[str, Any] = {"timeout": timeout_s, "redirect_limit": 0, "suppress_origin": True}
        if self._config.proxy:
            from kubernetes.stream.ws_client import websocket_proxycare

            websocket_proxycare(options, self._config, url, headers)  # type: ignore[no-untyped-call]
        try:
            opened = websocket.WebSocket(sslopt={"context": self._tls, "server_hostname": self._config.tls_server_name})
            opened.connect(  # type: ignore[no-untyped-call]
                url, header=[f"{key}: {value}" for key, value in headers.items()], subprotocols=[subprotocol], **options
            )
        except websocket.WebSocketBadStatusException as refusal:
            self._refuse("GET", path, _Refusal(refusal))
        except (websocket.WebSocketException, OSError) as error:
            raise NoCluster(f"{self.server} opens no WebSocket at {path} ({error})") from None
        return opened

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self._config.verify_ssl:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        elif self._config.ssl_ca_cert or self._config.ca_cert_data:
            context.load_verify_locations(self._config.ssl_ca_cert, cadata=self._config.ca_cert_data)
        else:
            context.load_default_certs()
        if self._config.assert_hostname is False:
            context.check_hostname = False
        if self._config.cert_file:
            context.load_cert_chain(self._config.cert_file, self._config.key_file)
        return context

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        settings: Any = self._config.auth_settings()
        for setting in settings.values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        return headers

    def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str | int],
        body: Object | None = None,
        timeout_s: float = 10,
        stream: bool = False,
        content_type: str = "application/json",
    ) -> Any:
        import urllib3

        url = self.server + path + ("?" + urlencode(query) if query else "")
        headers = self._headers() | ({"Content-Type": content_type} if body is not None else {})
        try:
            response = self._pool.request(
                method,
                url,
                headers=headers,
                body=None if body is None else json.dumps(body),
                timeout=urllib3.Timeout(connect=min(5, timeout_s), read=timeout_s),
                preload_content=not stream,
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            reason = str(error).rsplit(": ", 1)[-1]
            raise NoCluster(
                f"The Kubernetes API server {self.server} does not answer ({reason}).\n{HOW_TO_GET_ONE}"
            ) from None
        if response.status >= 300:
            self._refuse(method, path, response)
        return response

    def _refuse(self, method: str, path: str, response: Any) -> None:
        try:
            status = json.loads(response.data)
            message, reason = str(status.get("message", "")), str(status.get("reason", ""))
        except (ValueError, AttributeError):
            message, reason = "", ""
        raise ApiRefused(
            f"{method} {path} at {self.server}: HTTP {response.status} {message or response.reason}",
            response.status,
            reason,
        )

    def _json(self, response: Any) -> Object:
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise NoCluster(f"{self.server} answers, but not like a Kubernetes API server.\n{HOW_TO_GET_ONE}")
        return answer


class _Refusal:
    """The answer to a WebSocket's request that was refused, as `_refuse` reads answers."""

    def __init__(self, refusal: Any) -> None:
        self.status: int = refusal.status_code
        self.data: bytes = refusal.resp_body or b""
        self.reason: str = self.data.decode(errors="replace").strip()[:200]
