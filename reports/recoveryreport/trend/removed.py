"""Runs that were removed to make room: one line each in a file beside the runs, so that none counts as missing."""

from pathlib import Path

import msgspec

FILE = "removed.jsonl"


class Removed(msgspec.Struct, frozen=True):
    """wall_ns: when the run began, None where nothing told. size: its bytes. removed_ns: when it was removed."""

    experiment: str
    run: str
    wall_ns: int | None
    state: str
    size: int
    removed_ns: int


def read(runs: Path) -> dict[str, list[Removed]]:
    """By experiment, each once, the oldest first; those that are there all the same are left out. A line that cannot be
    read (the machine stopped in the middle of it) is passed over.
    """
    found: dict[tuple[str, str], Removed] = {}
    try:
        lines = (runs / FILE).read_bytes().split(b"\n")
    except OSError:
        return {}
    for line in lines:
        try:
            one = msgspec.json.decode(line, type=Removed)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        found[one.experiment, one.run] = one
    by: dict[str, list[Removed]] = {}
    for one in sorted(found.values(), key=lambda one: one.wall_ns or 0):
        if not _is_there(runs, one):
            by.setdefault(one.experiment, []).append(one)
    return by


def _is_there(runs: Path, one: Removed) -> bool:
    inside = all(
        name not in ("", ".", "..") and "/" not in name and "\0" not in name for name in (one.experiment, one.run)
    )
    return inside and (runs / one.experiment / one.run).is_dir()
