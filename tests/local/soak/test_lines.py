"""Lines between programs carry bytes, and can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from local.soak.lines import Lines


class Parrot(ThreadingTCPServer):
    """Answers each line with the line, and keeps it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        heard = self.heard

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                try:
                    for line in self.rfile:
                        heard.append(line)
                        self.wfile.write(line)
                except OSError:
                    return

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    with Parrot() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lines(parrot: Parrot) -> Iterator[Lines]:
    with Lines({"parrot": parrot.server_address[1], "nobody": 1}) as lines:
        yield lines


def connect(lines: Lines, name: str = "parrot") -> socket.socket:
    return socket.create_connection(("127.0.0.1", lines[name].port), timeout=5)


def say(connection: socket.socket, words: bytes) -> bytes:
    connection.sendall(words)
    return connection.recv(1000)


def test_a_line_carries_both_ways(lines: Lines) -> None:
    with connect(lines) as one, connect(lines) as other:
        assert [b"a\n", b"b\n"] == [say(one, b"a\n"), say(other, b"b\n")]


def test_a_line_to_nobody_is_closed(lines: Lines) -> None:
    with connect(lines, "nobody") as one, suppress(ConnectionError):
        assert b"" == say(one, b"hello\n")


def test_a_cut_resets_every_connection_and_new_ones_work(lines: Lines) -> None:
    with connect(lines) as one, connect(lines) as other:
        say(one, b"a\n"), say(other, b"b\n")

        assert 2 == lines["parrot"].cut()
        for cut in (one, other):
            with pytest.raises(ConnectionResetError):
                cut.recv(10)
    with connect(lines) as fresh:
        assert b"c\n" == say(fresh, b"c\n")


def test_a_lost_answer_is_to_work_that_was_done(lines: Lines, parrot: Parrot) -> None:
    lines["parrot"].lose_answers(b"COMMIT", 1)
    with connect(lines) as one:
        assert b"BEGIN\n" == say(one, b"BEGIN\n")
        with pytest.raises(ConnectionResetError):
            say(one, b"COMMIT\n")
    with connect(lines) as again:
        assert b"COMMIT\n" == say(again, b"COMMIT\n")

    assert [b"BEGIN\n", b"COMMIT\n", b"COMMIT\n"] == parrot.heard


def test_answers_are_lost_no_longer_once_that_is_over(lines: Lines) -> None:
    lines["parrot"].lose_answers(b"COMMIT", 5)
    lines["parrot"].lose_answers(b"", 0)
    with connect(lines) as one:
        assert b"COMMIT\n" == say(one, b"COMMIT\n")
