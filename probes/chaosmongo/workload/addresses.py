"""Addresses of the servers that the server lane asks, looked up where it costs the lane no time."""

import ipaddress
import socket
import threading
import time
from typing import Any

from .settings import Place

Address = tuple[socket.AddressFamily, tuple[Any, ...]]

LOOKS_EVERY_S = 0.5
"""A name may stand for another address after a fault, as that of a headless Service does."""


class Addresses:
    """Knows where a place is. A name is looked up on a thread of its own, again and again while it is asked for.

    An address that is written out, as a pod's, needs no looking up.
    """

    def __init__(self, place: Place | None) -> None:
        self._known: dict[Place, Address | OSError] = {}
        self._asked: Place | None = None
        self._looking = False
        self._lock = threading.Lock()
        if place is not None:
            self._known[place] = _look_up(place)

    def of(self, place: Place) -> Address:
        """Raises OSError where the name is not known, or not yet."""
        if not _written_out(place.host):
            self._ask(place)
        elif place not in self._known:
            self._known[place] = _look_up(place)
        found = self._known.get(place, OSError(f"{place.host} is being looked up"))
        if isinstance(found, OSError):
            raise found
        return found

    def _ask(self, place: Place) -> None:
        with self._lock:
            self._asked = place
            idle, self._looking = not self._looking, True
        if idle:
            threading.Thread(target=self._look, name="addresses", daemon=True).start()

    def _look(self) -> None:
        """Looks up what was asked for, and ends when nothing was asked for since."""
        while True:
            with self._lock:
                place, self._asked = self._asked, None
                if place is None:
                    self._looking = False
                    return
            self._known[place] = _look_up(place)
            time.sleep(LOOKS_EVERY_S)


def _look_up(place: Place) -> Address | OSError:
    try:
        family, _, _, _, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        return error
    return family, address


def _written_out(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
