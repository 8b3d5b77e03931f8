"""The state directory of a lab: where its files are, and whether a lab runs in it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from kubelab.errors import NoLab, StateError, StateInUse
from kubelab.kubeconfig import write_private

ENVIRONMENT = "KUBELAB_STATE"
LEAST_ROOM_BYTES = 16 * 2**20
"""What must be free on the disk of a state directory: certificates, logs, the store, and a small database in a pod."""
NODE_GRACE_S = 40.0
"""How long a node may be silent before it is called Unknown, if nothing else is said (as in Kubernetes)."""


SEEN_BY_PODS = ("network", "nodes", "volumes")
"""Directories of a state directory whose files a process in a pod may read; no other."""


def make_places(directory: Path) -> None:
    """Makes those directories, for their owner alone. Raises OSError."""
    for name in SEEN_BY_PODS:
        (directory / name).mkdir(parents=True, exist_ok=True, mode=0o700)


def hosts_file(directory: Path) -> Path:
    """Where pods find the addresses of Services by their names."""
    return directory / "network" / "hosts"


def default_directory() -> Path:
    """$KUBELAB_STATE, or ~/.local/state/kubelab/default."""
    given = os.environ.get(ENVIRONMENT)
    return Path(given) if given else Path.home() / ".local" / "state" / "kubelab" / "default"


@dataclass(frozen=True)
class Lab:
    """What lab.json says. guard_pid: the process to tell that the lab shall end. block: N of 127.N.0.0/16."""

    guard_pid: int
    block: int
    nodes: tuple[str, ...]

    @property
    def server(self) -> str:
        return f"https://{self.address(1)}:6443"

    def address(self, last: int) -> str:
        return f"127.{self.block}.0.{last}"


class State:
    """One state directory. Paths are attributes; nothing is made before `prepare`."""

    OWN = ("pki", "tokens.json", "kubelet-token", "store.db*", "logs", "kubeconfig*", *SEEN_BY_PODS)
    OWN_LAST = ("lab.json", "lock")

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.kubeconfig = self.directory / "kubeconfig"
        self.pki = self.directory / "pki"
        self.logs = self.directory / "logs"
        self.lab_file = self.directory / "lab.json"
        self.lock_file = self.directory / "lock"

    def __str__(self) -> str:
        return str(self.directory)

    def prepare(self) -> None:
        """Makes the directory, for its owner alone. Raises StateError when that cannot be, or it is not a lab's."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            strangers = not self.lock_file.exists() and any(self.directory.iterdir())
            if strangers:
                raise StateError(f"{self} holds files that are no lab's: give an empty directory with --state")
            self._require_room()
            self.directory.chmod(0o700)
            self.lock_file.touch(mode=0o600)
            for folder in (self.pki, self.logs):
                folder.mkdir(exist_ok=True, mode=0o700)
            make_places(self.directory)
        except OSError as e:
            raise StateError(
                f"cannot use the state directory {self}: {e.strerror}; give another one with --state or ${ENVIRONMENT}"
            ) from None

    def _require_room(self) -> None:
        """Raises OSError as a full disk would, before anything is half done."""
        if shutil.disk_usage(self.directory).free < LEAST_ROOM_BYTES:
            why = f"No space left on device (a lab needs {LEAST_ROOM_BYTES >> 20} MiB)"
            raise OSError(errno.ENOSPC, why)

    def lock(self) -> int:
        """Takes the directory for this process and those forked from it, until they end; returns the descriptor.

        Raises StateInUse.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise StateInUse(
                f"a lab runs, starts or ends in {self}: look with `kubelab status`, end it with `kubelab down`, "
                "or give another directory with --state"
            ) from None
        return descriptor

    @property
    def is_locked(self) -> bool:
        """Whether a lab runs, starts or ends here. The lock of a killed one is gone with it."""
        if not self.lock_file.exists():
            return False
        try:
            os.close(self.lock())
        except StateInUse:
            return True
        except OSError as e:
            raise StateError(f"cannot use the state directory {self}: {e.strerror}") from None
        return False

    def start_request(self, node: str) -> Path:
        """The file by which the supervisor is asked to start a node."""
        return self.directory / "nodes" / node / "start"

    def write(self, lab: Lab) -> None:
        write_private(self.lab_file, json.dumps(asdict(lab)))

    def read(self) -> Lab | None:
        """The lab of this directory, running or not; None when there is none. Raises StateError."""
        try:
            content = json.loads(self.lab_file.read_text())
            return Lab(content["guard_pid"], content["block"], tuple(content["nodes"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise StateError(f"{self.lab_file} is not readable: remove {self} and start anew") from None

    def running(self) -> Lab:
        """The lab that runs here. Raises NoLab."""
        lab = self.read() if self.is_locked else None
        if lab is None:
            raise NoLab(f"no lab runs in {self}: start one with `kubelab up`")
        return lab

    def remove(self) -> None:
        """Removes what belongs to the lab, and the directory if nothing else is in it."""
        for pattern in (*self.OWN, *self.OWN_LAST):
            for path in self.directory.glob(pattern):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        try:
            self.directory.rmdir()
        except OSError:
            pass  # Somebody keeps something else there.
