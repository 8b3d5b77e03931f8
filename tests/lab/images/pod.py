"""Containers without a node: processes started from recipes, on a loopback address of their own."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubelab import images

APPLICATION_USER = """
// what the demo's manifests mount
db.createUser({
  user: process.env.MONGO_APPLICATION_USERNAME,
  pwd: process.env.MONGO_APPLICATION_PASSWORD,
  roles: [{ role: "readWrite", db: process.env.MONGO_INITDB_DATABASE }],
});
"""
CREDENTIALS = {
    "MONGO_INITDB_ROOT_USERNAME": "root",
    "MONGO_INITDB_ROOT_PASSWORD": "root's own",
    "MONGO_INITDB_DATABASE": "pacman",
    "MONGO_APPLICATION_USERNAME": "player",
    "MONGO_APPLICATION_PASSWORD": "pla@yer",
}


class Running:
    """One started process and its process group."""

    def __init__(self, process: images.Process, log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                process.argv,
                env=dict(process.env),
                cwd=process.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def wait(self, timeout_s: float = 15) -> int:
        return self._popen.wait(timeout_s)

    def alive(self) -> bool:
        return self._popen.poll() is None

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def stop(self, address: str, port: int) -> int:
        """SIGTERM, and a knock at the port: an idle SecantusDB looks up only every 2 s. Its exit status."""
        self.terminate()
        time.sleep(0.05)  # a connection at the same moment can take the signal from its main thread
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            pass
        return self.wait()

    def kill(self) -> None:
        """What the node does at the end: SIGKILL to the group, whether or not its first process still lives."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()

    def wait_for_port(self, address: str, port: int, timeout_s: float = 15) -> None:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            assert self.alive(), f"ended with status {self._popen.returncode}:\n{self.log.read_text()}"
            try:
                socket.create_connection((address, port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                time.sleep(0.05)  # SecantusDB can miss a SIGTERM that comes at the same moment as a connection
                return
        raise TimeoutError(f"nothing listens on {address}:{port}:\n{self.log.read_text()}")


class Pod:
    """One pod's surroundings: an address, directories, and every process started in it."""

    def __init__(self, directory: Path) -> None:
        self.address = f"127.{random.randint(130, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
        self.directory = directory
        self.hosts = directory / "hosts"
        self._started: list[Running] = []

    def volume(self, name: str) -> Path:
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        return folder

    def scripts(self, **files: str) -> Path:
        """A mounted ConfigMap: create_user_js="..." becomes create_user.js."""
        folder = self.volume("scripts")
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            (folder / f"{stem}.{suffix}").write_text(text)
        return folder

    def container(
        self,
        image: str,
        *,
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        env: Mapping[str, str] = {},
        mounts: Mapping[str, Path] = {},
    ) -> images.Container:
        directory = self.volume("container")
        base = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(directory)}
        base |= {"KUBELAB_HOSTS": str(self.hosts), "KUBELAB_NAMESPACE": "pacman"}
        return images.Container(image, tuple(command), tuple(args), base | dict(env), self.address, mounts, directory)

    def mongo(self, env: Mapping[str, str] = CREDENTIALS, args: Sequence[str] = (), **scripts: str) -> images.Container:
        """The official image, with a volume and set-up scripts (the application's user by default)."""
        if env and not scripts:
            scripts = {"create_application_user_js": APPLICATION_USER}
        mounts = {"/data/db": self.volume("data"), "/docker-entrypoint-initdb.d": self.scripts(**scripts)}
        return self.container("mongo:8", env=env, args=args, mounts=mounts)

    def start(self, container: images.Container, port: int | None = None) -> Running:
        """Start the container's process; with a port, wait until it listens there."""
        running = Running(images.start(container), self.directory / "log")
        self._started.append(running)
        if port:
            running.wait_for_port(self.address, port)
        return running

    def run(self, container: images.Container, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end inside of the container that was started last, as an exec probe does."""
        first = self._started[-1].pid if self._started else os.getpid()
        process = images.run_inside(container, command, first)
        return subprocess.run(
            process.argv,
            env=dict(process.env),
            cwd=process.cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            start_new_session=True,
        )

    def close(self) -> None:
        for running in self._started:
            running.kill()
