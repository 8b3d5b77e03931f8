"""What an image does to an empty volume before the database serves: users, and scripts mounted for it.

The official image looks for WiredTiger's files and, like it, we take a directory that has them for initialised, also
when a kill came in the middle of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field

from .errors import MongoError, OptionError
from .paths import host_path
from .script import Shell
from .server import TemporaryServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .termination import Termination
    from .wire import Connection

SCRIPTS = "/docker-entrypoint-initdb.d"


@dataclass(frozen=True)
class User:
    """A user to create in a database, which then is what it authenticates against."""

    name: str
    password: str = field(repr=False)
    database: str
    role: str


@dataclass(frozen=True)
class Plan:
    """How an image is set up by its environment."""

    data: str  # path of the data in the container
    users: tuple[User, ...]
    database: str = "test"  # which `db` is in a script

    @property
    def auth(self) -> bool:
        """Passwords are asked for once there are users."""
        return bool(self.users)


def official(env: Mapping[str, str]) -> Plan:
    """The variables of docker.io/library/mongo."""
    name, password = env.get("MONGO_INITDB_ROOT_USERNAME"), env.get("MONGO_INITDB_ROOT_PASSWORD")
    if bool(name) != bool(password):
        raise OptionError("MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD go together: one is missing")
    users = (User(name, password, "admin", "root"),) if name and password else ()
    return Plan("/data/db", users, env.get("MONGO_INITDB_DATABASE") or "test")


def bitnami(env: Mapping[str, str]) -> Plan:
    """The variables of bitnami/mongodb."""
    users = []
    if password := env.get("MONGODB_ROOT_PASSWORD"):
        users.append(User(env.get("MONGODB_ROOT_USER") or "root", password, "admin", "root"))
    name, password, database = (env.get(f"MONGODB_{key}") for key in ("USERNAME", "PASSWORD", "DATABASE"))
    if name and password and database:
        users.append(User(name, password, database, "readWrite"))
    elif name or password:
        raise OptionError("MONGODB_USERNAME, MONGODB_PASSWORD and MONGODB_DATABASE go together: one is missing")
    if not users and env.get("ALLOW_EMPTY_PASSWORD") not in ("yes", "true", "1"):
        raise OptionError("MONGODB_ROOT_PASSWORD is empty: set it, or ALLOW_EMPTY_PASSWORD=yes")
    return Plan("/bitnami/mongodb/data/db", tuple(users), database or "test")


def initialise(data: Path, plan: Plan, cache_mb: int, termination: Termination) -> None:
    """Make the users and run the scripts on a temporary server. Raises MongoError when one of them fails."""
    scripts = _scripts()
    if (data / "WiredTiger").exists() or not (plan.users or scripts):
        return
    server = TemporaryServer(data, cache_mb)
    try:
        connection = server.start(termination)
        for user in plan.users:
            print(f"first start: creating user {user.name!r} in database {user.database!r}", flush=True)
            _create(connection, user)
            termination.check()
        for path in scripts:
            print(f"first start: running {SCRIPTS}/{path.name}", flush=True)
            _run(path, connection, plan.database, server, termination)
            termination.check()
        connection.command("admin", {"fsync": 1})  # on disk, also should the server have to be killed
        connection.close()
    finally:
        server.stop()


def _scripts() -> list[Path]:
    folder = host_path(SCRIPTS)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())


def _create(connection: Connection, user: User) -> None:
    role = {"role": user.role, "db": user.database}
    connection.command(user.database, {"createUser": user.name, "pwd": user.password, "roles": [role]})


def _run(path: Path, connection: Connection, database: str, server: TemporaryServer, termination: Termination) -> None:
    if path.suffix == ".js":
        Shell(connection, database).run(path.read_text())
    elif path.suffix == ".sh":
        _run_shell(path, server, termination)
    else:
        print(f"first start: ignoring {SCRIPTS}/{path.name}", flush=True)


def _run_shell(path: Path, server: TemporaryServer, termination: Termination) -> None:
    env = os.environ | {"KUBELAB_MONGOSH_SERVER": f"{server.host}:{server.port}"}
    script = subprocess.Popen([shutil.which("bash") or "sh", str(path)], env=env)
    while (status := script.poll()) is None:
        if termination.asked:
            script.terminate()
        time.sleep(0.01)
    termination.check()
    if status:
        raise MongoError(f"{SCRIPTS}/{path.name} ended with status {status}")
