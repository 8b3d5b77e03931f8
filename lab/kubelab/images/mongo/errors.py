"""What can go wrong between our programs and a MongoDB server.

MongoError
├── ServerUnreachable    no connection, or it broke before the answer
├── CommandFailed        the server answered ok: 0
├── ScriptError          a mongosh expression outside the subset that the stand-in knows, or a wrong one
└── OptionError          a mongod or mongosh option that the stand-in does not know
"""


class MongoError(Exception):
    """Base of all errors of the mongo image's programs."""


class ServerUnreachable(MongoError):
    """No connection, or it broke before the answer."""


class CommandFailed(MongoError):
    """The server answered ok: 0; carries its words and the error code."""

    def __init__(self, command: str, message: str, code: int) -> None:
        super().__init__(f"{command}: {message} (code {code})")
        self.code = code


class ScriptError(MongoError):
    """An expression that the stand-in for mongosh cannot run."""


class OptionError(MongoError):
    """An option that the stand-in does not know."""
