"""How objects are named where a person reads them."""

from collections.abc import Iterable

from chaosmongo.cluster import Object

SHOWN = 8
"""Objects of a list that are named; the rest are counted."""


def of(thing: Object) -> str:
    """namespace/name."""
    metadata = thing["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}"


def of_all(things: Iterable[Object]) -> str:
    names = [of(thing) for thing in things]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def owner(pod: Object) -> str:
    """ "of StatefulSet mongo"; who makes the pod again."""
    for one in pod["metadata"].get("ownerReferences") or []:
        if one.get("controller"):
            return f"of {one['kind']} {one['name']}"
    return "of nobody: it would not be made again"
