"""Where MongoDB and the application are: as the configuration says, or found through the cluster.

A Service can be reached in several ways, and which one works depends on where we stand: each is tried in turn, and the
record says which one it was. From a pod of the cluster the cluster IP works, which is what the Service's name resolves
to; a headless Service has none, and there its name stands for its pods. From outside, where nothing else works, a
port-forward of our own does (`tunnel`), which is slower, and hides a refused connection.
"""

import base64
import binascii
import itertools
import socket
from collections.abc import Iterator

from chaosmongo.cluster import Cluster, Object, inside
from chaosmongo.config import Config
from chaosmongo.database import Address
from chaosmongo.errors import ApiRefused, DatabaseUnavailable, NotFound
from chaosmongo.tunnel.handle import Tunnel
from chaosmongo.tunnel.settings import LOOPBACK

REACHED_WITHIN_S = 1.0
PORT_FORWARD = "port-forward"
BESIDE_WITHIN_S = 0.3
MOST_BESIDE = 3
"""Ways that are tried, only to tell what the port-forward adds."""


def mongo(config: Config, cluster: Cluster | None, tunnel: Tunnel | None = None) -> Address:
    """The address of MongoDB. Raises NotFound or DatabaseUnavailable with what to set.

    tunnel: what forwards ports, where that is to be tried too; the address holds as long as it is open.
    """
    if config.mongo_uri:
        address = Address(config.mongo_uri, "uri")
        address.parsed()
        return address
    assert cluster is not None
    service = _service(cluster, config.namespace, config.mongo_service)
    host, port, via = _reached(config, cluster, service, tunnel, "mongo_uri (MONGO_URI)")
    user, password, database = _login(cluster, config)
    return Address.build(host, port, user, password, database or config.database, via)


def application(config: Config, cluster: Cluster | None, tunnel: Tunnel | None = None) -> str:
    """The base URL of the application, "" where there is none to be asked. Raises NotFound. tunnel: as for `mongo`."""
    if config.app_url or cluster is None or not config.app_service:
        return config.app_url
    service = _service(cluster, config.namespace, config.app_service)
    host, port, _ = _reached(config, cluster, service, tunnel, "app_url (APP_URL)")
    return f"http://{host}:{port}"


def direct(config: Config, cluster: Cluster | None) -> tuple[str, int] | None:
    """A way to MongoDB beside the port-forward that was asked for, if there is one."""
    if cluster is None or config.reach != PORT_FORWARD:
        return None
    ways = _ways(cluster, _service(cluster, config.namespace, config.mongo_service))
    for host, port, _ in itertools.islice(ways, MOST_BESIDE):
        try:
            socket.create_connection((host, port), timeout=BESIDE_WITHIN_S).close()
        except OSError:
            continue
        return host, port
    return None


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


def _reached(
    config: Config, cluster: Cluster, service: Object, tunnel: Tunnel | None, setting: str
) -> tuple[str, int, str]:
    tried = []
    if config.reach != PORT_FORWARD:
        for host, port, via in _ways(cluster, service):
            try:
                with socket.create_connection((host, port), timeout=REACHED_WITHIN_S):
                    return host, port, via
            except OSError as error:
                tried.append(f"{host}:{port} ({via}: {error.strerror or error})")
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    if tunnel is not None and _may_forward(config):
        try:
            port = tunnel.service(namespace, name, service["spec"]["ports"][0].get("name", ""))
            return LOOPBACK, port, PORT_FORWARD
        except NotFound as error:
            tried.append(f"{PORT_FORWARD} ({error})")
    raise NotFound(
        f"Service {namespace}/{name} cannot be reached from here: {', '.join(tried) or 'it has no address'}. "
        f"Is a pod of it Ready? Set {setting}, or another way with reach"
    )


def _may_forward(config: Config) -> bool:
    """In a pod only where it is asked for: Services are reached from there, and it takes permissions of its own."""
    return config.reach == PORT_FORWARD or (config.reach == "auto" and not inside())


def _ways(cluster: Cluster, service: Object) -> Iterator[tuple[str, int, str]]:
    """Host, port and name of each way, the most direct one first."""
    spec, port = service["spec"], service["spec"]["ports"][0]
    if spec.get("clusterIP") not in (None, "", "None"):
        yield spec["clusterIP"], port["port"], "service"
    elif inside():
        metadata = service["metadata"]
        yield f"{metadata['name']}.{metadata['namespace']}.svc", _target_port(port), "service"
    for entry in (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []:
        yield entry.get("ip") or entry["hostname"], port["port"], "load balancer"
    if port.get("nodePort"):
        for node in cluster.get("/api/v1/nodes")["items"]:
            for entry in node["status"].get("addresses", []):
                if entry["type"] in ("InternalIP", "ExternalIP"):
                    yield entry["address"], port["nodePort"], "node port"


def _target_port(port: Object) -> int:
    """Where the pods of a headless Service listen; a name that only they know is taken for the Service's own number."""
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else int(port["port"])


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
