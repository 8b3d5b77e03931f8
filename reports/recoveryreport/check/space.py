"""Whether there is room to record a run: one that cannot be recorded to its end is not begun."""

import os
from pathlib import Path

NEEDED = 256 << 20
"""Bytes: a run of some minutes with its report takes about 20 MiB, one of a million operations 200."""


def short(runs: Path, needed: int = NEEDED) -> str:
    """Why not; "" where there is. As far as this user may write: what is kept for root does not count."""
    try:
        found = os.statvfs(runs)
    except OSError as error:
        return f"{runs} cannot be looked into: {error.strerror}"
    free = found.f_bavail * found.f_frsize
    if free >= needed:
        return ""
    return (
        f"{runs} has {free >> 20:,} MiB left, and a run is recorded only where there are {needed >> 20:,}: make room, "
        "or have older runs removed with --keep or --keep-size"
    )
