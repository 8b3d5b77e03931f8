"""The demo application's environment variables."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PORT = 8080


@dataclass(frozen=True)
class Settings:
    """Where the database is, who we are to it, and where we listen."""

    mongo_host: str
    mongo_port: int
    user: str
    password: str = field(repr=False)
    database: str
    ssl: bool
    validate_ssl: bool
    address: str
    host: str  # what /location/metadata calls the host: the node

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments of the MongoDB client. As in a connection string that ends in /<database>, the user
        is one of that database."""
        options: dict[str, Any] = {"host": self.mongo_host, "port": self.mongo_port, "tls": self.ssl}
        if self.ssl and not self.validate_ssl:
            options["tlsAllowInvalidCertificates"] = True
        if self.user:
            options |= {"username": self.user, "password": self.password, "authSource": self.database}
        return options


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the variables; ValueError names one that cannot be used."""
    port = env.get("MY_MONGO_PORT") or "27017"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"MY_MONGO_PORT is {port!r}: a port number is needed")
    return Settings(
        mongo_host=env.get("MONGO_SERVICE_HOST") or "localhost",
        mongo_port=int(port),
        user=env.get("MONGO_AUTH_USER", ""),
        password=env.get("MONGO_AUTH_PWD", ""),
        database=env.get("MONGO_DATABASE") or "pacman",
        ssl=env.get("MONGO_USE_SSL", "").lower() == "true",
        validate_ssl=env.get("MONGO_VALIDATE_SSL", "").lower() != "false",
        address=env.get("KUBELAB_POD_IP") or "127.0.0.1",
        host=env.get("MY_NODE_NAME") or socket.gethostname(),
    )
