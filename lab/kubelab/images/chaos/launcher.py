"""A program of the image, with the container's paths.

The lab has no mount namespaces: what the container knows as /results is another directory of this machine. So paths in
arguments and variables are put in the host's words before the program begins, and every Python that is started inside
finds cluster names and the service account's token (see inside/sitecustomize.py).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .words import Words

HOME = "/results"
"""The image's, and its working directory."""

TMP = "/tmp"

ENVIRONMENT = {"CHAOSTOOLKIT_IN_POD": "true", "PYTHONUNBUFFERED": "1"}
"""The image's, besides HOME and PATH."""

INSIDE = Path(__file__).with_name("inside")
_OF_THE_HOST = ("KUBELAB_", "PATH")
_PYTHON = {"chaos": (str(Path(sys.executable).with_name("chaos")),), "python": (), "python3": ()}


def main() -> None:
    """Become the program that the first argument names, with the others. It keeps the process's id."""
    program, *arguments = sys.argv[1:]
    container = Path.cwd() if Path(".image").is_dir() else None
    mounts = _mounts(container)
    words = Words(mounts, () if container is None else (str(container),))
    env = environment(os.environ, words, container)
    if container is not None:
        os.chdir(env["HOME"])
    file, argv = _program(program, env)
    argv += map(words.of_the_host, arguments)
    if program == "tar":
        argv += _renaming(mounts)
    os.execve(file, argv, env)


def environment(given: Mapping[str, str], words: Words, container: Path | None) -> dict[str, str]:
    """The image's variables and those that were given. container: its directory, where the process begins there."""
    env = ENVIRONMENT | {k: v if k.startswith(_OF_THE_HOST) else words.of_the_host(v) for k, v in given.items()}
    if container is not None and given.get("HOME") == str(container):  # which the node sets for every image
        env["HOME"] = words.of_the_host(HOME)
    if container is not None:
        env.setdefault("TMPDIR", _scratch(words, container))
    paths = [path for path in env.get("PYTHONPATH", "").split(":") if path and path != str(INSIDE)]
    return env | {"PYTHONPATH": ":".join([str(INSIDE), *paths])}


def _scratch(words: Words, container: Path) -> str:
    """What is /tmp in the container: its volume, or a directory of its own, which goes with it."""
    volume = words.of_the_host(TMP)
    if volume != TMP:
        return volume
    own = container / TMP.lstrip("/")
    own.mkdir(exist_ok=True)
    return str(own)


def _mounts(container: Path | None) -> dict[str, str]:
    """Also for what is started further inside, where nothing tells the container's directory any more."""
    mounts: dict[str, str] = json.loads(os.environ.get("KUBELAB_MOUNTS", "{}"))
    if container is not None and HOME not in mounts:
        own = container / HOME.lstrip("/")
        own.mkdir(exist_ok=True)
        mounts[HOME] = str(own)
        os.environ["KUBELAB_MOUNTS"] = json.dumps(mounts)
    return mounts


def _program(name: str, env: Mapping[str, str]) -> tuple[str, list[str]]:
    if name in _PYTHON:
        return sys.executable, [sys.executable, *_PYTHON[name]]
    path = ":".join(part for part in env["PATH"].split(":") if Path(part).name != ".image")
    file = shutil.which(name, path=path)
    if file is None:
        raise SystemExit(f"{name}: no such program on {path}")
    return file, [name]


def _renaming(mounts: Mapping[str, str]) -> list[str]:
    """Members of an archive are called as the container knows them: `kubectl cp` takes no others."""
    names = ((host.strip("/"), path.strip("/")) for path, host in mounts.items())
    return [f"--transform=flags=r;s|^/\\?{host}|{path}|" for host, path in names]
