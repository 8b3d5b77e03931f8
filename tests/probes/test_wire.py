"""The wire protocol of our own, against a real server: it says what the server says, and logs in only where it may."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import bson
import pymongo
import pytest
from chaosmongo import wire

from tests.conftest import Database

USER = wire.Credentials("player", "p@ss, =word", "pacman")


def soon() -> float:
    return time.monotonic() + 5


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that asks for a password and knows one user."""
    database = Database(tmp_path_factory.mktemp("guarded")).start()
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(database.uri)
    client["pacman"].command("createUser", USER.user, pwd=USER.password, roles=["readWrite"])
    client.close()
    database.stop()
    try:
        yield database.start("--auth")
    finally:
        database.close()


class Nonsense:
    """A server that answers every connection with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(self._answer)

    def close(self) -> None:
        self._listener.close()


class TestCalling:
    def test_hello_says_that_the_server_can_write(self, database: Database) -> None:
        connection = wire.Connection(database.host, database.port, soon())
        answer = connection.call({"hello": 1, "$db": "admin"}, soon())
        connection.close()
        assert answer["isWritablePrimary"] is True

    def test_a_refusal_is_an_error_with_the_servers_code(self, database: Database) -> None:
        connection = wire.Connection(database.host, database.port, soon())
        with pytest.raises(wire.ServerError) as refusal:
            connection.call({"noSuchCommand": 1, "$db": "admin"}, soon())
        connection.close()
        assert refusal.value.code == 59

    def test_where_nobody_listens_nothing_was_sent(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            with pytest.raises(wire.ConnectionFailed):
                wire.Connection("127.0.0.1", unused.getsockname()[1], soon())

    def test_a_silent_server_is_given_up_at_the_deadline(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            connection = wire.Connection("127.0.0.1", silent.getsockname()[1], soon())
            begin = time.monotonic()
            with pytest.raises(TimeoutError):
                connection.call({"hello": 1, "$db": "admin"}, begin + 0.2)
            connection.close()
            assert 0.19 < time.monotonic() - begin < 2
            assert connection.sent

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\x10\0\0\0" + b"\0" * 12,
            b"\xff\xff\xff\x7f" + b"\0" * 12,
            b"\x1e\0\0\0" + b"\0" * 8 + b"\xdd\x07\0\0" + b"\0\0\0\0\0" + b"\xff" * 9,
            b"",
        ],
        ids=["http", "empty message", "2 GiB", "no BSON", "closed"],
    )
    def test_nonsense_is_a_broken_connection(self, answer: bytes) -> None:
        server = Nonsense(answer)
        connection = wire.Connection("127.0.0.1", server.port, soon())
        with pytest.raises((ConnectionError, TimeoutError)):
            connection.call({"hello": 1, "$db": "admin"}, time.monotonic() + 0.5)
        connection.close()
        server.close()


class TestLoggingIn:
    def test_gives_a_connection_that_may_write(self, guarded: Database) -> None:
        connection = wire.Connection(guarded.host, guarded.port, soon())
        connection.log_in(USER, soon())
        answer = connection.call({"insert": "t", "documents": [{"_id": bson.ObjectId()}], "$db": "pacman"}, soon())
        connection.close()
        assert answer["n"] == 1

    def test_without_it_a_write_is_refused(self, guarded: Database) -> None:
        connection = wire.Connection(guarded.host, guarded.port, soon())
        with pytest.raises(wire.ServerError):
            connection.call({"insert": "t", "documents": [{"_id": 1}], "$db": "pacman"}, soon())
        connection.close()

    @pytest.mark.parametrize(
        "wrong",
        [
            wire.Credentials("player", "wrong", "pacman"),
            wire.Credentials("nobody", "p@ss, =word", "pacman"),
            wire.Credentials("player", "p@ss, =word", "admin"),
        ],
        ids=["password", "user", "database"],
    )
    def test_with_something_wrong_is_refused(self, guarded: Database, wrong: wire.Credentials) -> None:
        connection = wire.Connection(guarded.host, guarded.port, soon())
        with pytest.raises(wire.ServerError):
            connection.log_in(wrong, soon())
        connection.close()


class TestScram:
    """The conversations printed in RFC 7677 (SHA-256)."""

    def test_gives_the_proof_of_the_standards_example(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scram = wire.Scram(wire.Credentials("user", "pencil"), "sha256")
        monkeypatch.setattr(scram, "_nonce", "rOprNGfwEbeRWgbNEkqO")
        monkeypatch.setattr(scram, "_bare", "n=user,r=rOprNGfwEbeRWgbNEkqO")
        challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        assert scram.final(challenge) == (
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        )
        scram.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")

    def test_refuses_a_server_that_does_not_know_the_password(self) -> None:
        scram = wire.Scram(wire.Credentials("user", "pencil"), "sha256")
        nonce = scram.first().decode().rsplit("r=", 1)[1]
        scram.final(f"r={nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode())
        with pytest.raises(ConnectionError, match="prove"):
            scram.verify(b"v=AAAA")

    def test_refuses_a_challenge_to_somebody_else(self) -> None:
        scram = wire.Scram(wire.Credentials("user", "pencil"), "sha256")
        with pytest.raises(ConnectionError, match="not an answer"):
            scram.final(b"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")


def test_a_password_is_never_shown() -> None:
    assert "p@ss" not in repr(USER)


def test_the_database_fixture_is_a_real_process(database: Database) -> None:
    assert Path(f"/proc/{database.pid}/cmdline").read_bytes().count(b"secantusd") == 1
