"""`python readonly.py DIRECTORY... -- COMMAND`: a command that may write below these directories alone (landlock(7)).

As in a container with a read-only root, for root and for everybody.
"""

import ctypes
import os
import sys

CREATE_RULESET, ADD_RULE, RESTRICT_SELF, PATH_BENEATH = 444, 445, 446, 1
PR_SET_NO_NEW_PRIVS = 38
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
CHANGES = WRITE_FILE | TRUNCATE | sum(1 << bit for bit in range(4, 13))
"""Writing, removing, and making of every kind (linux/landlock.h)."""
SINCE = 3
"""The version of Landlock that knows TRUNCATE."""

libc = ctypes.CDLL(None, use_errno=True)


class PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def is_there() -> bool:
    return int(libc.syscall(CREATE_RULESET, None, 0, 1)) >= SINCE


def call(number: int, *arguments: object) -> int:
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def main() -> None:
    end = sys.argv.index("--")
    handled = ctypes.c_uint64(CHANGES)
    ruleset = call(CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    for path, access in [("/dev/null", WRITE_FILE | TRUNCATE), *((path, CHANGES) for path in sys.argv[1:end])]:
        rule = PathBeneath(access, os.open(path, os.O_PATH))
        call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call(RESTRICT_SELF, ruleset, 0)
    os.execv(sys.argv[end + 1], sys.argv[end + 1 :])


if __name__ == "__main__":
    main()
