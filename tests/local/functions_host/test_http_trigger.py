import os

import httpx
import pytest

from tests.local.functions_host.programs import Hosted, eventually

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_function_sees_the_request_as_it_was_sent(host: Hosted) -> None:
    body = os.urandom(5000)

    answer = host.client.post(
        "/api/items/7/x%20y?a=1&a=2&empty=&b=%C3%A9", content=body, headers={"X-Mark": "m", "traceparent": TRACE}
    ).json()

    assert answer["method"] == "POST"
    assert answer["path"] == "api/items/7/x%20y?a=1&a=2&empty=&b=%C3%A9"
    assert answer["route"] == {"id": "7", "part": "x y"}
    assert answer["query"] == {"a": "1,2", "b": "é"}
    assert answer["header"] == "m"
    assert bytes.fromhex(answer["body"]) == body


def test_the_context_names_function_invocation_and_trace(host: Hosted) -> None:
    answer = host.client.get("/api/items/7", headers={"traceparent": TRACE}).json()

    assert answer["function"] == "item"
    assert answer["thread"] == answer["invocation"]
    assert answer["trace"].split("-")[1] == TRACE.split("-")[1]
    assert answer["trace"].split("-")[2] != TRACE.split("-")[2]


def test_a_request_without_a_trace_starts_one(host: Hosted) -> None:
    first, second = (host.client.get("/api/items/7").json()["trace"] for _ in range(2))

    assert first.split("-")[1] != second.split("-")[1]


def test_a_binary_response_keeps_its_bytes_status_and_cookies(host: Hosted) -> None:
    response = host.client.get("/api/items/special")

    assert response.status_code == 202
    assert response.content == bytes(range(256))
    assert response.headers["content-type"] == "application/octet-stream"
    assert {tuple(sorted(cookie.split("; "))) for cookie in response.headers.get_list("set-cookie")} == {
        ("HttpOnly", "Path=/", "a=1"),
        ("Max-Age=60", "b=2"),
    }


def test_head_answers_with_the_headers_alone(host: Hosted) -> None:
    response = host.client.head("/api/items/special")

    assert (response.status_code, response.headers["content-length"], response.content) == (202, "256", b"")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/items/7", 200),
        ("GET", "/API/Items/7/", 200),
        ("GET", "/api/items/seven", 404),
        ("GET", "/api/items/7/a/b", 404),
        ("DELETE", "/api/items/7", 404),
        ("HEAD", "/api/items/7", 404),
        ("GET", "/items/7", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/", 404),
    ],
)
def test_only_what_a_route_and_its_methods_name_is_found(host: Hosted, method: str, path: str, expected: int) -> None:
    response = host.client.request(method, path)

    assert response.status_code == expected
    assert response.status_code == 200 or response.content == b""


@pytest.mark.parametrize(
    ("path", "expected"), [("/api/files/a/b.txt", "a/b.txt"), ("/api/files", "nothing"), ("/api/files/a%2Fb", "a%2Fb")]
)
def test_a_catch_all_takes_the_rest_of_the_path(host: Hosted, path: str, expected: str) -> None:
    assert host.client.get(path).text == expected


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({}, {}, 401),
        ({"x-functions-key": "wrong"}, {}, 401),
        ({"x-functions-key": "function-key"}, {}, 200),
        ({}, {"code": "function-key"}, 200),
        ({"x-functions-key": "master-key"}, {}, 200),
    ],
)
def test_a_guarded_function_asks_for_a_key(
    host: Hosted, headers: dict[str, str], query: dict[str, str], expected: int
) -> None:
    response = host.client.get("/api/guarded", headers=headers, params=query)

    assert (response.status_code, response.text) == (expected, "inside" if expected == 200 else "")


@pytest.mark.parametrize("path", ["/api/broken", "/api/silent"])
def test_a_failed_function_is_500_and_tells_the_caller_nothing(host: Hosted, path: str) -> None:
    response = host.client.get(path)

    assert (response.status_code, response.content) == (500, b"")


def test_a_body_over_the_limit_is_refused(host: Hosted) -> None:
    def chunks() -> object:
        for _ in range(20):
            yield b"x" * 100_000

    with httpx.Client(base_url=host.client.base_url) as client:
        declared = client.post("/api/items/7", content=b"x" * 1_000_001).status_code
    with httpx.Client(base_url=host.client.base_url) as client:
        try:
            chunked = client.post("/api/items/7", content=chunks()).status_code  # type: ignore[arg-type]
        except httpx.TransportError:
            chunked = 413  # the host closed while we were still sending

    assert (declared, chunked) == (413, 413)
    assert host.client.post("/api/items/7", content=b"x" * 1_000_000).status_code == 200


def test_the_log_names_functions_and_errors_but_never_what_was_sent(host: Hosted) -> None:
    host.client.get("/api/broken?secret=query-value", headers={"X-Mark": "header-value"})

    lines = eventually(
        lambda: [line for line in host.program.log_lines() if line.get("function") == "broken"],
        lambda lines: any(line["message"] == "Executed" for line in lines),
    )

    executed = next(line for line in lines if line["message"] == "Executed")
    assert executed["outcome"] == "Failed"
    assert executed["duration_ms"] >= 0
    assert executed["cpu_ms"] >= 0
    assert executed["invocation_id"]
    assert executed["exception"][0]["type"] == "builtins.ValueError"
    assert executed["exception"][0]["frames"][-1].endswith("in broken")
    log = host.program.log.read_text()
    assert "Testperson" not in log
    assert "query-value" not in log
    assert "header-value" not in log
