import io
import json
import logging
import threading

from local.functions_host.logs import JsonLines, current_invocation, exception_without_text, log_to


def raised() -> Exception:
    try:
        try:
            raise KeyError("Testperson")
        except KeyError as error:
            raise ValueError("Invented") from error
    except ValueError as error:
        return error


def test_an_exception_is_its_types_and_frames_without_any_text() -> None:
    outer, inner = exception_without_text(raised())

    assert (outer["type"], inner["type"]) == ("builtins.ValueError", "builtins.KeyError")
    assert str(outer["frames"]).endswith("in raised']")
    assert "Testperson" not in str([outer, inner])
    assert "Invented" not in str([outer, inner])


def test_what_an_app_logs_is_marked_with_its_invocation() -> None:
    error = raised()
    record = logging.LogRecord("app", logging.ERROR, "f.py", 1, "failed %s", ("step",), (type(error), error, None))
    token = current_invocation.set("invocation-1")
    try:
        line = json.loads(JsonLines(io.BytesIO()).line(record))
    finally:
        current_invocation.reset(token)

    assert (line["level"], line["logger"], line["message"]) == ("error", "app", "failed step")
    assert line["invocation_id"] == "invocation-1"
    assert "Testperson" not in json.dumps(line)


class Slow(io.BytesIO):
    """Takes seven bytes at a time, as a pipe whose reader lags may."""

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        return super().write(data[:7])


def test_a_line_is_written_whole_even_where_a_write_takes_only_a_part() -> None:
    slow, whole = Slow(), io.BytesIO()
    record = logging.LogRecord("app", logging.INFO, "f.py", 1, "done", (), None)

    for stream in (slow, whole):
        JsonLines(stream).handle(record)

    assert slow.getvalue() == whole.getvalue()
    assert whole.getvalue().endswith(b"\n")
    assert json.loads(whole.getvalue())["message"] == "done"


def test_what_strict_json_cannot_hold_is_logged_all_the_same() -> None:
    record = logging.LogRecord("app", logging.INFO, "f.py", 1, "lone \udcff, %d", (2**70,), None)

    line = json.loads(JsonLines(io.BytesIO()).line(record))

    assert line["message"] == f"lone \udcff, {2**70}"


def test_sdk_noise_of_receivers_is_dropped_and_the_rest_is_kept() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log_to(io.BytesIO(), level="Warning")
        (handler,) = root.handlers
        noise = logging.getLogger("azure.servicebus").makeRecord("azure.servicebus", 40, "f", 1, "noise", (), None)
        noise.threadName = "service-bus-receiver-work"
        kept = logging.getLogger("app").makeRecord("app", 40, "f", 1, "kept", (), None)
        kept.threadName = threading.current_thread().name

        assert not handler.filter(noise)
        assert handler.filter(kept)
        assert root.level == logging.WARNING
    finally:
        root.handlers[:], root.level = handlers, level
