"""Where MongoDB and the application are: as the configuration says, or found through the cluster.

A Service can be reached in several ways, and which one works depends on where we stand: each is tried in turn, and the
record says which one it was.
"""

import base64
import binascii
import socket
from collections.abc import Iterator

from chaosmongo.cluster import Cluster, Object
from chaosmongo.config import Config
from chaosmongo.database import Address
from chaosmongo.errors import ApiRefused, DatabaseUnavailable, NotFound

REACHED_WITHIN_S = 1.0


def mongo(config: Config, cluster: Cluster | None) -> Address:
    """The address of MongoDB. Raises NotFound or DatabaseUnavailable with what to set."""
    if config.mongo_uri:
        address = Address(config.mongo_uri, "uri")
        address.parsed()
        return address
    assert cluster is not None
    service = _service(cluster, config.namespace, config.mongo_service)
    host, port, via = _reached(cluster, service, "mongo_uri (MONGO_URI)")
    user, password, database = _login(cluster, config)
    return Address.build(host, port, user, password, database or config.database, via)


def application(config: Config, cluster: Cluster | None) -> str:
    """The base URL of the application, "" where there is none to be asked. Raises NotFound."""
    if config.app_url or cluster is None or not config.app_service:
        return config.app_url
    service = _service(cluster, config.namespace, config.app_service)
    host, port, _ = _reached(cluster, service, "app_url (APP_URL)")
    return f"http://{host}:{port}"


def _service(cluster: Cluster, namespace: str, name: str) -> Object:
    try:
        return cluster.get(f"/api/v1/namespaces/{namespace}/services/{name}")
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise
        raise NotFound(
            f"There is no Service {name} in namespace {namespace}. Deploy the demo with:\n"
            "    kubectl apply -f manifests/\nor set mongo_service, app_service, mongo_uri, app_url to yours"
        ) from None


def _reached(cluster: Cluster, service: Object, setting: str) -> tuple[str, int, str]:
    tried = []
    for host, port, via in _ways(cluster, service):
        try:
            with socket.create_connection((host, port), timeout=REACHED_WITHIN_S):
                return host, port, via
        except OSError as error:
            tried.append(f"{host}:{port} ({via}: {error.strerror or error})")
    name = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
    raise NotFound(
        f"Service {name} cannot be reached from here: {', '.join(tried) or 'it has no address'}. Is a pod of it Ready? "
        f"From outside a cluster, forward a port and set {setting}"
    )


def _ways(cluster: Cluster, service: Object) -> Iterator[tuple[str, int, str]]:
    """Host, port and name of each way, the most direct one first."""
    spec, port = service["spec"], service["spec"]["ports"][0]
    if spec.get("clusterIP") not in (None, "", "None"):
        yield spec["clusterIP"], port["port"], "service"
    for entry in (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []:
        yield entry.get("ip") or entry["hostname"], port["port"], "load balancer"
    if port.get("nodePort"):
        for node in cluster.get("/api/v1/nodes")["items"]:
            for entry in node["status"].get("addresses", []):
                if entry["type"] in ("InternalIP", "ExternalIP"):
                    yield entry["address"], port["nodePort"], "node port"


def _login(cluster: Cluster, config: Config) -> tuple[str, str, str]:
    """User, password and database from the Secret; empty where no Secret is named."""
    if not config.mongo_secret:
        return "", "", ""
    try:
        secret = cluster.get(f"/api/v1/namespaces/{config.namespace}/secrets/{config.mongo_secret}")
    except ApiRefused as refusal:
        raise DatabaseUnavailable(
            f"Secret {config.mongo_secret} in namespace {config.namespace} cannot be read (HTTP {refusal.status}); "
            "name yours with mongo_secret, or give mongo_uri"
        ) from None
    data = secret.get("data") or {}
    keys = ("database-user", "database-password", "database-name")
    try:
        user, password, database = (base64.b64decode(data[key], validate=True).decode() for key in keys)
    except (KeyError, binascii.Error, UnicodeDecodeError):
        raise DatabaseUnavailable(
            f"Secret {config.namespace}/{config.mongo_secret} lacks one of {', '.join(keys)}: give mongo_uri"
        ) from None
    return user, password, database
