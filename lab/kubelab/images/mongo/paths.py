"""Paths as a container knows them -> host directories, by the mounts that KUBELAB_MOUNTS lists."""

from __future__ import annotations

import json
import os
from pathlib import Path


def host_path(path: str) -> Path:
    """The host's path for one inside the container; outside every mount it lies in the container's directory."""
    mounts: dict[str, str] = json.loads(os.environ.get("KUBELAB_MOUNTS", "{}"))
    wanted = Path(path)
    for mount in sorted(mounts, key=len, reverse=True):
        if wanted.is_relative_to(mount):
            return Path(mounts[mount]) / wanted.relative_to(mount)
    return Path.cwd() / path.lstrip("/")
