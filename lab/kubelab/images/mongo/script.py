"""The piece of mongosh's JavaScript that probes and set-up scripts use.

Statements that are one expression each: literals (strings, numbers, true, false, null, arrays, objects),
process.env.NAME, print(...), quit(...), !, and chains that begin at db: db.adminCommand("ping"),
db.hello().isWritablePrimary, db.getSiblingDB("pacman").createUser({user: process.env.NAME, ...}).
Everything else is refused by name.
"""

from __future__ import annotations

import os

from .errors import ScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .wire import Connection

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}


class Database:
    """`db`: one database of the server, and the calls on it that are known."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection, self._name = connection, name

    def call(self, method: str, arguments: list[Any]) -> Any:
        """Run db.method(...arguments)."""
        match method, arguments:
            case "getSiblingDB", [str(name)]:
                return Database(self._connection, name)
            case "getName", []:
                return self._name
            case "adminCommand" | "runCommand", [str() | dict() as command]:
                database = "admin" if method == "adminCommand" else self._name
                return self._connection.command(database, {command: 1} if isinstance(command, str) else command)
            case "hello" | "isMaster", []:
                return self._connection.command("admin", {method: 1})
            case "createUser", [{"user": str(name)} as user]:
                rest = {key: value for key, value in user.items() if key != "user"}
                return self._connection.command(self._name, {"createUser": name, **rest})
        raise ScriptError(f"db.{method}() with {len(arguments)} such argument(s) is not known to this mongosh")


class Shell:
    """Runs scripts on one connection."""

    def __init__(self, connection: Connection, database: str) -> None:
        self._connection, self._database = connection, database

    def run(self, text: str) -> Any:
        """Run all statements; the value of the last. Raises ScriptError, CommandFailed, ServerUnreachable; quit()
        raises SystemExit."""
        return _Script(text, Database(self._connection, self._database)).run()


class _Script:
    """Reads and evaluates in one pass: the subset has no branches."""

    def __init__(self, text: str, db: Database) -> None:
        self._text, self._at, self._db = text, 0, db

    def run(self) -> Any:
        value = None
        self._skip()
        while self._at < len(self._text):
            if not self._take(";"):
                value = self._expression()
                if self._peek() not in ("", ";") and not self._on_a_new_line():
                    raise self._unexpected()
        return value

    def _on_a_new_line(self) -> bool:
        before = self._text[: self._at]
        return "\n" in before[len(before.rstrip()) :]

    def _expression(self) -> Any:
        self._skip()
        if self._take("!"):
            return not self._expression()
        value = self._primary()
        while self._take("."):
            value = self._member(value, self._name())
        return value

    def _primary(self) -> Any:
        char = self._peek()
        if char in ("'", '"', "`") and char:
            return self._string()
        if char.isdigit() or char == "-":
            return self._number()
        if self._take("["):
            return self._items("]")
        if self._take("{"):
            return dict(self._fields())
        if self._take("("):
            value = self._expression()
            self._expect(")")
            return value
        return self._named(self._name())

    def _named(self, name: str) -> Any:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name == "db":
            return self._db
        if name == "process":
            return self._environment()
        if name in ("print", "quit", "exit"):
            self._expect("(")
            arguments = self._items(")")
            if name != "print":
                raise SystemExit(arguments[0] if arguments else 0)
            print(*(item if isinstance(item, str) else show(item) for item in arguments))
            return None
        raise ScriptError(f"{name!r} is not known to this mongosh: it runs calls on db with literal arguments only")

    def _environment(self) -> str | None:
        self._expect(".")
        if self._name() != "env":
            raise ScriptError("of process, this mongosh knows only process.env.NAME")
        self._expect(".")
        return os.environ.get(self._name())

    def _member(self, target: Any, name: str) -> Any:
        if self._take("("):
            arguments = self._items(")")
            if isinstance(target, Database):
                return target.call(name, arguments)
        elif isinstance(target, dict):
            return target.get(name)
        raise ScriptError(f"{name!r} is not known to this mongosh here: it runs commands, no collection methods")

    def _items(self, end: str) -> list[Any]:
        items = []
        while not self._take(end):
            items.append(self._expression())
            if not self._take(","):
                self._expect(end)
                break
        return items

    def _fields(self) -> list[tuple[str, Any]]:
        fields = []
        while not self._take("}"):
            name = self._string() if self._peek() in ("'", '"') else self._name()
            self._expect(":")
            fields.append((name, self._expression()))
            if not self._take(","):
                self._expect("}")
                break
        return fields

    def _string(self) -> str:
        quote = self._text[self._at]
        chars: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == quote:
                return "".join(chars)
            if char == "\\":
                char = self._text[self._at : self._at + 1]
                self._at += 1
                char = _ESCAPES.get(char, char)
            elif quote == "`" and char == "$" and self._text.startswith("{", self._at):
                raise ScriptError("this mongosh knows no ${...} in strings")
            chars.append(char)
        raise ScriptError("a string has no end")

    def _number(self) -> int | float:
        start = self._at
        while self._peek_here() and (self._peek_here().isalnum() or self._peek_here() in "+-."):
            self._at += 1
        word = self._text[start : self._at]
        try:
            return int(word) if word.lstrip("-").isdigit() else float(word)
        except ValueError:
            raise ScriptError(f"{word!r} is not a number that this mongosh knows") from None

    def _name(self) -> str:
        self._skip()
        start = self._at
        while self._peek_here().isalnum() or (self._peek_here() in ("_", "$")):
            self._at += 1
        if start == self._at:
            raise self._unexpected()
        return self._text[start : self._at]

    def _peek_here(self) -> str:
        return self._text[self._at : self._at + 1]

    def _peek(self) -> str:
        self._skip()
        return self._peek_here()

    def _take(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._at += 1
        self._skip()
        return True

    def _expect(self, char: str) -> None:
        if not self._take(char):
            raise self._unexpected()

    def _skip(self) -> None:
        """Step over white space and comments."""
        while self._at < len(self._text):
            if self._text[self._at].isspace():
                self._at += 1
            elif self._text.startswith("//", self._at):
                self._at = self._find("\n")
            elif self._text.startswith("/*", self._at):
                self._at = self._find("*/") + 2
            else:
                return

    def _find(self, mark: str) -> int:
        found = self._text.find(mark, self._at)
        return len(self._text) if found < 0 else found

    def _unexpected(self) -> ScriptError:
        line = self._text.count("\n", 0, self._at) + 1
        found = self._text[self._at : self._at + 20].splitlines()
        return ScriptError(f"line {line}: unexpected {found[0] if found else 'end'!r} for this mongosh")


def show(value: object) -> str:
    """A value as mongosh prints it: { ok: 1 }."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[ " + ", ".join(map(show, value)) + " ]" if value else "[]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f"'{value}'" if isinstance(value, str) else str(value)
