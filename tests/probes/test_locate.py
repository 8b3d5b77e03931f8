"""How Services are found, against an HTTP server that answers like an API server for two of them."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from chaosmongo import locate
from chaosmongo.cluster import Cluster
from chaosmongo.config import Config
from chaosmongo.errors import BadConfiguration, DatabaseUnavailable, NotFound
from chaosmongo.tunnel.handle import Tunnel

SERVICES = "/api/v1/namespaces/pacman/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/pacman/endpointslices"


class Api:
    """What is at which path, served over plain HTTP; whatever is missing is a 404."""

    def __init__(self, directory: Path) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = api.objects.get(self.path.partition("?")[0])
                body = json.dumps(found or {"kind": "Status", "message": "not found"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(
            "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: x, user: x}}], "
            f"clusters: [{{name: x, cluster: {{server: 'http://127.0.0.1:{self.server.server_port}'}}}}], "
            "users: [{name: x, user: {}}]}"
        )

    def service(self, name: str, port: int, cluster_ip: str = "127.0.0.1") -> None:
        metadata = {"name": name, "namespace": "pacman"}
        spec = {"clusterIP": cluster_ip, "ports": [{"name": "main", "port": port}]}
        self.objects[f"{SERVICES}/{name}"] = {"metadata": metadata, "spec": spec, "status": {}}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    found = Api(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(found.kubeconfig))
    monkeypatch.delenv("CHAOSTOOLKIT_IN_POD", raising=False)
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    found = Tunnel()
    yield found
    found.close()


def config(**settings: Any) -> Config:
    return Config.read({"mongo_secret": ""} | settings)


class TestTheServicesOwnAddresses:
    @pytest.mark.parametrize("reach", ["auto", "service"])
    def test_are_used_where_they_can_be_reached(self, api: Api, listening: int, tunnel: Tunnel, reach: str) -> None:
        api.service("mongo", listening)
        address = locate.mongo(config(reach=reach), Cluster(), tunnel)
        assert (address.shown, address.via) == (f"127.0.0.1:{listening}", "service")

    def test_are_all_that_is_tried_where_that_is_asked_for(self, api: Api, closed: int, tunnel: Tunnel) -> None:
        api.service("mongo", closed)
        with pytest.raises(NotFound) as error:
            locate.mongo(config(reach="service"), Cluster(), tunnel)
        assert f"127.0.0.1:{closed} (service: Connection refused)" in str(error.value)
        assert "port-forward (" not in str(error.value)

    def test_of_a_headless_service_its_name_inside_a_cluster(
        self, api: Api, closed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.service("mongo", closed, cluster_ip="None")
        cluster = Cluster()
        monkeypatch.setenv("CHAOSTOOLKIT_IN_POD", "true")
        with pytest.raises(NotFound, match=rf"mongo\.pacman\.svc:{closed} \(service"):
            locate.mongo(config(reach="service"), cluster)

    def test_of_a_headless_service_none_outside(self, api: Api, closed: int) -> None:
        api.service("mongo", closed, cluster_ip="None")
        with pytest.raises(NotFound, match="it has no address"):
            locate.mongo(config(reach="service"), Cluster())


class TestThePortForward:
    """That it works is for tests/e2e/test_port_forward.py; here is what is said when it does not."""

    def test_is_tried_last(self, api: Api, closed: int, tunnel: Tunnel) -> None:
        api.service("mongo", closed)
        api.objects[SLICES] = {"metadata": {"resourceVersion": "1"}, "items": []}
        with pytest.raises(NotFound) as error:
            locate.mongo(config(), Cluster(), tunnel)
        service, forward = str(error.value).split(", ")[:2]
        assert service.endswith("(service: Connection refused)")
        assert forward.startswith("port-forward (none of its pods is Ready)")

    def test_is_not_tried_in_a_pod_unless_it_is_asked_for(
        self, api: Api, closed: int, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.service("mongo", closed)
        cluster = Cluster()
        monkeypatch.setenv("CHAOSTOOLKIT_IN_POD", "true")
        with pytest.raises(NotFound) as error:
            locate.mongo(config(), cluster, tunnel)
        assert "port-forward (" not in str(error.value)

    def test_is_all_that_is_tried_where_that_is_asked_for(self, api: Api, listening: int, tunnel: Tunnel) -> None:
        api.service("mongo", listening)
        api.objects[SLICES] = {"metadata": {"resourceVersion": "1"}, "items": []}
        with pytest.raises(NotFound, match=r"from here: port-forward \(none of its pods is Ready\)"):
            locate.mongo(config(reach="port-forward"), Cluster(), tunnel)

    def test_says_what_the_api_server_refuses(self, api: Api, listening: int, tunnel: Tunnel) -> None:
        api.service("mongo", listening)
        with pytest.raises(NotFound, match=r"endpointslices at .*: HTTP 404 not found"):
            locate.mongo(config(reach="port-forward"), Cluster(), tunnel)


class TestExplicitAddresses:
    @pytest.mark.parametrize("reach", ["auto", "service", "port-forward"])
    def test_win(self, api: Api, tunnel: Tunnel, reach: str) -> None:
        given = config(reach=reach, mongo_uri="mongodb://db.example:27018/x", app_url="http://app.example")
        address = locate.mongo(given, Cluster(), tunnel)
        assert (address.shown, address.via) == ("db.example:27018", "uri")
        assert locate.application(given, Cluster(), tunnel) == "http://app.example"
        assert api.objects == {}

    @pytest.mark.usefixtures("api")
    def test_that_are_none_are_refused(self) -> None:
        with pytest.raises(DatabaseUnavailable, match="no MongoDB URI"):
            locate.mongo(config(mongo_uri="postgres://x"), Cluster())


def test_a_way_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadConfiguration, match="reach: 'tunnel' is none of auto, service, port-forward"):
        config(reach="tunnel")
