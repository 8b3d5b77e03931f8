"""What the process is told, line by line, and what it answers to each line."""

import msgspec

LOOPBACK = "127.0.0.1"


class Forward(msgspec.Struct, frozen=True, omit_defaults=True):
    """Listen for a Service (its port of the name `port_name`), or for a pod by its name (`port`)."""

    namespace: str
    service: str = ""
    port_name: str = ""
    pod: str = ""
    port: int = 0


class Opened(msgspec.Struct, frozen=True, omit_defaults=True):
    """The local port, or why there is none."""

    port: int = 0
    error: str = ""


class Ended(msgspec.Struct, frozen=True):
    """The last word, when the standard input has ended. starved: clients that waited in vain for a WebSocket while the
    pod answered others: through so slow a way the database cannot be judged.
    """

    starved: int
