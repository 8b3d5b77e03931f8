"""The write concern of the driver lane's writes: what "acknowledged" is to mean (MongoDB manual, Write Concern)."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import BadArgument

EXAMPLE = '{"w": "majority", "j": true, "wtimeout": 10000}'


def checked(given: Any) -> dict[str, Any]:
    """The write concern as the driver takes it, with wtimeout in milliseconds. Raises BadArgument.

    Numbers and truth values may be given as text, as they come from the environment: "1", "true". w: 0 is refused: what
    is not acknowledged cannot be found to be lost.
    """
    if not isinstance(given, Mapping):
        raise BadArgument(f"write_concern is {given!r}: it must be like {EXAMPLE}")
    concern = {"wtimeout" if key == "wtimeoutMS" else key: value for key, value in given.items()}
    concern = {key: _from_text(value) for key, value in concern.items()}
    unknown = sorted(str(key) for key in concern if key not in ("w", "j", "wtimeout"))
    if unknown or len(concern) < len(given):
        what = f"has {', '.join(unknown)}" if unknown else "has wtimeout twice"
        raise BadArgument(f"write_concern {what}: it takes w, j and wtimeout, like {EXAMPLE}")
    if "w" in concern:
        _check_w(concern["w"])
    if not isinstance(concern.get("j", False), bool):
        raise BadArgument(f"write_concern j is {concern['j']!r}: it must be true or false")
    wtimeout = concern.get("wtimeout", 0)
    if not _whole(wtimeout) or wtimeout < 0:
        raise BadArgument(f"write_concern wtimeout is {wtimeout!r}: it must be whole milliseconds, 0 for no limit")
    return concern


def _from_text(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.isdecimal() else {"true": True, "false": False}.get(value, value)
    return value


def _check_w(w: Any) -> None:
    if _whole(w) and w == 0:
        raise BadArgument("write_concern w is 0: nothing would be acknowledged, so nothing could be said to be lost")
    tag = isinstance(w, str) and bool(w)
    if not tag and not (_whole(w) and 1 <= w <= 50):
        raise BadArgument(f'write_concern w is {w!r}: it must be a number of members (1 to 50), "majority", or a tag')


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
