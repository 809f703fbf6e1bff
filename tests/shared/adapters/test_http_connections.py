"""POST over kept connections: which one is used again, what bounds a request, what ends without an answer."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from shared.adapters.http_connections import HttpConnections
from shared.errors import TransientError
from tests.shared.adapters.desks import Clients, failure
from tests.shared.adapters.parts import HttpServer, Seconds, plain
from tests.shared.adapters.standins import Issuer

Answering = Callable[[BaseHTTPRequestHandler], None]

CONNECTIONS = Path("/proc/net/tcp")
KEEPALIVE_TIMER = "02"


def noting(callers: list[int], answer: Answering) -> Answering:
    def run(request: BaseHTTPRequestHandler) -> None:
        callers.append(request.client_address[1])
        answer(request)

    return run


def chunked(*chunks: bytes) -> Answering:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"".join(chunks))

    return answer


def closing_silently(request: BaseHTTPRequestHandler) -> None:
    plain(200)(request)
    request.close_connection = True


def timer_of(port: int) -> str:
    """Return which timer runs for the connection from this local port (Linux, proc_net_tcp)."""
    lines = [line.split() for line in CONNECTIONS.read_text(encoding="ascii").splitlines()[1:]]
    return next(line[5][:2] for line in lines if line[1].endswith(f":{port:04X}"))


def told(act: Callable[[], object]) -> str:
    error = failure(TransientError, act)
    assert "destination-unreachable" == error.code
    return str(error.text)


@pytest.mark.parametrize(
    "answer",
    [plain(200), plain(204, b""), plain(422, b"x" * 5000), chunked(b"2\r\nok\r\n", b"0\r\n\r\n")],
    ids=["small", "empty", "larger than one read", "chunked"],
)
def test_what_was_answered_whole_leaves_its_connection_to_the_next(clients: Clients, answer: Answering) -> None:
    callers: list[int] = []
    client = clients()
    with HttpServer(noting(callers, answer)).running() as server:
        bodies = [client.post(server.url, b"{}", {}).body for _ in range(3)]
        client.close()

    assert 1 == len(set(bodies)) == len(set(callers))


def test_a_connection_that_the_other_side_has_closed_is_not_used_again(clients: Clients) -> None:
    client, ended = clients(), threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        closing_silently(request)
        request.wfile.flush()
        request.connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    with HttpServer(answer).running() as server:
        for _ in range(2):
            ended.clear()
            assert 200 == client.post(server.url, b"{}", {}).status
            assert ended.wait(5)


def test_after_five_quiet_seconds_connections_are_new(issuer: Issuer) -> None:
    callers: list[int] = []
    now = Seconds()
    client = HttpConnections(timeout=5, trust=issuer.trust(), monotonic=now)
    with HttpServer(noting(callers, plain(200))).running() as server:
        for wait in (0.0, 4.0, 6.0):
            now.now += wait
            client.post(server.url, b"{}", {})
        client.close()

    assert callers[0] == callers[1] != callers[2]


@pytest.mark.parametrize(
    "answer",
    [chunked(b"5\r\nhel"), chunked(b"zz\r\nhello\r\n"), plain(200, b"x" * 1_200_000)],
    ids=["cut off", "no chunk", "too large"],
)
def test_a_body_that_does_not_come_whole_leaves_the_status_and_no_connection(
    clients: Clients, answer: Answering
) -> None:
    callers: list[int] = []

    def run(request: BaseHTTPRequestHandler) -> None:
        answer(request)
        request.close_connection = True

    client = clients()
    with HttpServer(noting(callers, run)).running() as server:
        assert [200, 200] == [client.post(server.url, b"{}", {}).status for _ in range(2)]

    assert 2 == len(set(callers))


def test_a_request_to_go_on_is_passed_over(clients: Clients) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 3)
        plain(202, b"kept", Retry_After="7")(request)

    with HttpServer(answer).running() as server:
        answered = clients().post(server.url, b"{}", {})

    assert (202, b"kept", "7") == (answered.status, answered.body, answered.headers["retry-after"])


def test_an_interim_answer_is_not_taken_for_a_refusal(clients: Clients) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if len(server.paths) < 20:
            request.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
        plain(200, b"last")(request)

    client = clients()
    with HttpServer(answer).running() as server:
        for _ in range(19):  # more often than there are connections
            assert "RemoteProtocolError" == told(lambda: client.post(server.url, b"{}", {}))
        assert b"last" == client.post(server.url, b"{}", {}).body
        client.close()


@pytest.mark.parametrize("line", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["a byte", "a request to go on"])
def test_a_head_that_comes_in_drops_is_given_up(clients: Clients, line: bytes) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        deadline = time.monotonic() + 10
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n" + (b"\r\n" if len(line) > 1 else b""))
        while time.monotonic() < deadline:
            request.wfile.write(line)
            time.sleep(0.05)

    client = clients(0.4)
    with HttpServer(answer).running() as server:
        began = time.monotonic()
        assert "ReadTimeout" == told(lambda: client.post(server.url, b"{}", {}))

    assert time.monotonic() - began < 9


def test_a_head_in_pieces_takes_nothing_of_its_bodys_time(clients: Clients) -> None:
    pieces = ((b"HTTP/1.1 200 OK\r\n", 0.9), (b"Content-Length: 2\r\n", 0.3), (b"\r\n", 0.9), (b"ok", 0))

    def answer(request: BaseHTTPRequestHandler) -> None:
        for piece, pause in pieces:
            request.wfile.write(piece)
            time.sleep(pause)

    with HttpServer(answer).running() as server:
        assert b"ok" == clients(1.6).post(server.url, b"{}", {}).body


def test_a_head_that_cannot_be_read_is_not_quoted_in_the_log(
    clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nno header TESTPATIENT\r\nContent-Length: 0\r\n\r\n")
        request.close_connection = True

    with HttpServer(answer).running() as server, caplog.at_level(logging.WARNING):
        assert 200 == clients().post(server.url, b"{}", {}).status

    assert "" == caplog.text


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="the system does not list its connections")
def test_an_idle_connection_is_kept_alive(clients: Clients) -> None:
    callers: list[int] = []
    client = clients()
    with HttpServer(noting(callers, plain(200))).running() as server:
        client.post(server.url, b"{}", {})
        timer = timer_of(callers[0])
        client.close()

    assert KEEPALIVE_TIMER == timer


def test_what_is_no_http_is_no_answer(clients: Clients) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"220 mail.example ESMTP\r\n")
        request.close_connection = True

    with HttpServer(answer).running() as server:
        assert "RemoteProtocolError" == told(lambda: clients().post(server.url, b"{}", {}))


def test_a_refusal_before_the_body_was_read_is_the_answer(clients: Clients) -> None:
    def refuse(connection: socket.socket) -> None:
        with connection:  # what is not read when it is closed breaks the other side's writing
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        refusing = pool.submit(lambda: refuse(listening.accept()[0]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        client = clients()

        assert 413 == client.post(url, b"x" * 4_000_000, {}).status
        client.close()
        refusing.result(5)


def test_a_large_body_arrives_whole_under_its_path_and_query(clients: Clients) -> None:
    body = bytes(range(256)) * 1000

    def answer(request: BaseHTTPRequestHandler) -> None:
        plain(200, request.headers["Content-Length"].encode())(request)

    with HttpServer(answer).running() as server:
        assert b"256000" == clients().post(f"{server.url}/a b/ü?c=%2F&d=e f", body, {}).body

    assert ["/a%20b/%C3%BC?c=%2F&d=e%20f"] == server.paths


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://localhost/in", "UnsupportedProtocol"),
        ("https://", "UnsupportedProtocol"),
        ("http://localhost:99999", "InvalidURL"),
        ("http://nowhere.invalid", "ConnectError"),
    ],
)
def test_an_address_that_leads_nowhere_is_unreachable(clients: Clients, url: str, word: str) -> None:
    assert word == told(lambda: clients().post(url, b"{}", {}))


def test_a_header_that_would_end_its_line_is_not_sent(clients: Clients) -> None:
    with HttpServer(plain(200)).running() as server:
        word = told(lambda: clients().post(server.url, b"{}", {"Authorization": "Bearer a\r\nX-Other: b"}))

    assert ("LocalProtocolError", []) == (word, server.paths)


def test_a_certificate_of_somebody_we_do_not_trust_is_refused(issuer: Issuer) -> None:
    client = HttpConnections(timeout=5, trust=ssl.create_default_context())

    assert "ConnectError" == told(lambda: client.post(issuer.token_url, b"", {}))


def test_sixteen_requests_are_under_way_at_once_and_no_more(clients: Clients) -> None:
    sixteen, counting, under_way, most = threading.Barrier(16), threading.Lock(), [0], [0]

    def answer(request: BaseHTTPRequestHandler) -> None:
        with counting:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        sixteen.wait(20)
        time.sleep(0.1)  # for the seventeenth to come, were it let
        with counting:
            under_way[0] -= 1
        plain(200)(request)

    client = clients(20.0)
    with HttpServer(answer).running() as server, ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(lambda _: client.post(server.url, b"{}", {}).status, range(32)))
        client.close()

    assert ([200] * 32, [16]) == (statuses, most)
