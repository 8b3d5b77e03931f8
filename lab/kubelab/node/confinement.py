"""What a pod cannot read: the lab's keys and tokens, although its processes are the same user's.

Landlock (landlock(7), Linux 5.13) grants by path and knows no exceptions, so everything is granted that is beside the
way down to the state directory when a process starts, and of that directory what is named. The memory of processes
outside of pods cannot be read either, nor what they have open.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

log = logging.getLogger(__name__)

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
PATH_BENEATH = 1
READ_FILE, REFER = 1 << 2, 1 << 13
REFER_SINCE = 2
"""The version of Landlock from which moving between directories can be granted; before, it is refused to everybody."""
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr, as its first version has it."""

    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class Confinement:
    """Keeps processes from reading anything in a directory, but what is in these directories of it.

    Without Landlock it does nothing, and the log says so.
    """

    def __init__(self, secret: Path, but: Sequence[str]) -> None:
        self._secret, self._but = secret.resolve(), but
        self._version = _libc.syscall(CREATE_RULESET, None, 0, 1)
        self._seen: list[int] = []
        self._ruleset: int | None = None
        if self._version < 1:
            log.warning("this kernel has no Landlock: pods can read the lab's tokens, as can every process of yours")

    def confining(self) -> Callable[[], None]:
        """A preexec_fn for a child that is started now."""
        if self._version < 1:
            return lambda: None
        seen = [above.stat().st_mtime_ns for above in self._secret.parents]
        if seen != self._seen or self._ruleset is None:
            if self._ruleset is not None:
                os.close(self._ruleset)
            self._ruleset, self._seen = self._rules(), seen
        return partial(_confine, self._ruleset)

    def _rules(self) -> int:
        """The descriptor of a new ruleset."""
        refer = REFER if self._version >= REFER_SINCE else 0
        ruleset = _call(CREATE_RULESET, ctypes.byref(_Ruleset(READ_FILE | refer)), ctypes.sizeof(_Ruleset), 0)
        if refer:
            _grant(ruleset, Path("/"), refer)
        for path in _readable(self._secret, self._but):
            _grant(ruleset, path, READ_FILE)
        return ruleset


def _confine(ruleset: int) -> None:
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(RESTRICT_SELF, ruleset, 0)


def _readable(secret: Path, but: Sequence[str]) -> Iterator[Path]:
    way = {secret, *secret.parents}
    for above in secret.parents:
        with suppress(PermissionError):  # Nobody may look into it, pods included.
            yield from (child for child in above.iterdir() if child not in way and not _leads_to(child, way))
    yield from (secret / name for name in but)


def _leads_to(path: Path, places: set[Path]) -> bool:
    return path.is_symlink() and path.resolve() in places


def _grant(ruleset: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # It is gone, or leads nowhere.
    try:
        _call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(_PathBeneath(access, descriptor)), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    """Raises OSError."""
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
