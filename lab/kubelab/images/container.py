"""What the node agent says about a container, and the process that a recipe makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Container:
    """A container of a pod, as its spec has it after variables are expanded."""

    image: str
    command: tuple[str, ...]  # replaces the image's entrypoint; empty: the image's own
    args: tuple[str, ...]  # replaces the image's default arguments
    env: Mapping[str, str]
    pod_ip: str
    mounts: Mapping[str, Path]  # mountPath -> the host directory behind it
    directory: Path  # private to the container: its working directory and home


@dataclass(frozen=True)
class Process:
    """What to run: the program (looked up on env["PATH"]), its whole environment, its working directory."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
