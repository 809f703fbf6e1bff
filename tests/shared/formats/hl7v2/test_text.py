from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.parse import parse

HEADER = "MSH|^~\\&|LIS|RIVERSIDE|||20260301||ORU^R01|1|P|2.5.1"


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"one\.br\two\.sp2\three\.sk3\four", "one\ntwo\n\nthree   four"),
        ("\\.in+4\\indented\\.ti-2\\ too\\.fi\\\\.nf\\", "indented too"),
        (r"\X41\\X4243\ \X00\.", "ABC ."),
        (r"\Zlocal\ stays, as does \Cxxyy\ and \M12\ ", r"\Zlocal\ stays, as does \Cxxyy\ and \M12\ "),
        (r"an unfinished \F", r"an unfinished \F"),
        ("nothing to do", "nothing to do"),
    ],
)
def test_escape_sequences_become_what_they_stand_for(escaped: str, expected: str) -> None:
    assert expected == Delimiters().text(escaped)


@pytest.mark.parametrize(
    ("raw", "codec", "expected"),
    [
        ("\\M2442\\;3ED\\C2842\\ Taro", "ascii", "山田 Taro"),
        ('Yamada \\M242844\\0"\\C2842\\.', "utf-8", "Yamada 丄."),
        ("\\C2D42\\\xa3ukasz", "latin-1", "Łukasz"),
        ("\\C2949\\\xd4\xcf", "latin-1", "ﾔﾏ"),
        ("\\C2D4C\\\xb8 \\C2D41\\\xfc", "latin-1", "И ü"),
        # `\\S\\` is the delimiter that is one half of a character.
        ("\\M2442\\1\\S\\\\C2842\\", "ascii", b"\x1b$B1^".decode("iso2022_jp")),
        ("\\M2442\\x\\C2842\\ Taro", "ascii", "\\M2442\\x Taro"),
        ("\\M2442\\\\C2842\\", "ascii", ""),
        ("\\C9999\\a\\F\\", "ascii", "\\C9999\\a|"),
    ],
)
def test_a_character_set_is_switched_within_a_value(raw: str, codec: str, expected: str) -> None:
    assert expected == Delimiters(codec=codec).text(raw)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60))
def test_what_is_escaped_reads_back_the_same(text: str) -> None:
    for delimiters in (Delimiters(), Delimiters("#", "*", "@", "!", "%", "$")):
        escaped = delimiters.escaped(text)

        assert not set("|^~&" if delimiters.field == "|" else "#*@%$") & set(escaped)
        assert text == delimiters.unescape(escaped)


ISO_PARTS = (3, 4, 6, 7, 8, 9, 10, 11, 13, 14)


def payload(charset: str, name: str, encoding: str) -> bytes:
    return f"{HEADER}||||||{charset}\rPID|1||1||{name}".encode(encoding)


@pytest.mark.parametrize(
    ("charset", "encoding", "name"),
    [
        ("UNICODE UTF-8", "utf-8", "Łukasz 王"),
        ("UNICODE", "utf-8", "Łukasz"),
        ("8859/1", "latin-1", "Müller"),
        ("8859/2", "iso8859-2", "Łukasz"),
        ("8859/5", "iso8859-5", "Иван"),
        ("8859/15", "iso8859-15", "Œuvré€"),
        *((f"8859/{part}", f"iso8859-{part}", "A" + bytes([0xE4]).decode(f"iso8859-{part}")) for part in ISO_PARTS),
        ("UNICODE UTF-32", "utf-32", "Łukasz 王"),
        ("UNICODE UTF-32", "utf-32-le", "Łukasz 王"),
        ("UNICODE UTF-32", "utf-32-be", "Łukasz 王"),
        ("ISO IR6", "ascii", "Doe"),
        ("ISO IR159", "iso2022_jp_1", "丈"),
        ("ISO IR14", "shift_jis", "ﾔﾏﾀﾞ"),
        ("~ISO IR87", "iso2022_jp", "Yamada=山田"),
        ("ASCII~ISO IR87~ISO IR159", "iso2022_jp_1", "山田=丈"),
        ("UNICODE UTF-16", "utf-16", "Łukasz 王"),
        ("UNICODE UTF-16", "utf-16-le", "Łukasz 王"),
        ("UNICODE UTF-16", "utf-16-be", "Łukasz 王"),
        ("ISO IR87", "iso2022_jp", "山田"),
        ("GB 18030-2000", "gb18030", "王伟"),
        ("BIG-5", "big5", "王偉"),
        ("KS X 1001", "euc_kr", "김철수"),
    ],
)
def test_the_declared_character_set_is_used(charset: str, encoding: str, name: str) -> None:
    message = parse(payload(charset, name, encoding))

    assert name == message.segments[1].text(5)
    assert () == message.issues


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("WINDOWS-1252", "cp1252"),
        ("windows 1252", "cp1252"),
        ("CP1250", "cp1250"),
        ("ISO-8859-1", "latin-1"),
        ("ISO_8859-15", "iso8859-15"),
        ("LATIN1", "latin-1"),
        ("UTF-8", "utf-8"),
        ("Unicode UTF8", "utf-8"),
        ("GB2312", "gb2312"),
        ("ISO_IR 100", "latin-1"),
        ("ISO_IR 192", "utf-8"),
    ],
)
def test_a_vendors_name_of_a_character_set_is_taken_and_reported(charset: str, encoding: str) -> None:
    name = "Müller" if encoding != "gb2312" else "例子"
    message = parse(payload(charset, name, encoding))

    assert (name, [("charset-not-in-table", "MSH-18", "information")]) == (
        message.segments[1].text(5),
        [(issue.code, issue.location, issue.severity) for issue in message.issues],
    )


@pytest.mark.parametrize(("charset", "code"), [("", "charset-assumed"), ("ASCII", "charset-mismatch")])
def test_bytes_that_nobody_declared_are_read_and_reported(charset: str, code: str) -> None:
    for encoding in ("latin-1", "utf-8"):
        message = parse(payload(charset, "Müller", encoding))

        assert "Müller" == message.segments[1].text(5)
        assert [(code, "MSH-18")] == [(issue.code, issue.location) for issue in message.issues]


def test_undeclared_utf_8_is_reported_like_any_other_guess() -> None:
    assert "UTF-8" in parse(payload("", "Müller", "utf-8")).issues[0].text


def test_the_partners_character_set_serves_where_none_is_declared() -> None:
    message = parse(payload("", "Œuvre", "iso8859-15"), default_charset="8859/15")

    assert ("Œuvre", ()) == (message.segments[1].text(5), message.issues)


def test_bytes_that_break_the_declared_character_set_are_refused() -> None:
    with pytest.raises(RejectedError, match="undecodable-bytes: MSH-18"):
        parse(payload("UNICODE UTF-8", "Müller", "latin-1"))


def test_control_characters_are_removed_and_reported() -> None:
    message = parse(payload("", "Do\x00e\x07", "utf-8"))

    assert "Doe" == message.segments[1].text(5)
    assert ["control-characters-removed"] == [issue.code for issue in message.issues]


def test_a_set_of_high_bytes_may_be_switched_to_in_mid_text() -> None:
    body = payload("8859/1~ISO IR87", "@", "ascii").replace(b"@", b"M\xfcller \x1b-B\xa3 \x1b$B;3\x1b(B")
    message = parse(body + b"\rPID|2||2||\xa3")

    assert ["Müller Ł 山", "£"] == [segment.text(5) for segment in message.segments[1:]]
    assert "8859/1~ISO IR87" == message.charset


@pytest.mark.parametrize("body", [b"\x1b$Bx", b"\xff"])
def test_bytes_that_break_the_switched_sets_are_refused(body: bytes) -> None:
    with pytest.raises(RejectedError, match="undecodable-bytes: MSH-18"):
        parse(payload("~ISO IR87", "@", "ascii").replace(b"@", body))


def test_absurdly_many_switches_are_refused() -> None:
    with pytest.raises(RejectedError, match="undecodable-bytes: MSH-18"):
        parse(payload("~ISO IR87", "@", "ascii").replace(b"@", b"\x1b(B" * 2_000_001))


@pytest.mark.parametrize("name", ["Łukasz", "Müller", "Zoë"])
def test_utf_8_under_the_name_of_iso_8859_is_read_as_declared_and_reported(name: str) -> None:
    message = parse(payload("8859/1", name, "utf-8"))

    assert name.encode().decode("latin-1") == message.segments[1].text(5)
    assert [("charset-mismatch", "MSH-18")] == [(issue.code, issue.location) for issue in message.issues]


@pytest.mark.parametrize(("charset", "code"), [("8859/1", "charset-mismatch"), ("", "charset-assumed")])
def test_what_iso_8859_1_has_as_controls_is_windows_1252_and_reported(charset: str, code: str) -> None:
    message = parse(payload(charset, "“Zoë” costs 5 €", "cp1252"))

    assert ("“Zoë” costs 5 €", [code]) == (message.segments[1].text(5), [issue.code for issue in message.issues])
    assert "Windows-1252" in message.issues[0].text


@pytest.mark.parametrize(("charset", "name"), [("8859/5", "Тест"), ("8859/7", "Δοκιμή"), ("8859/1", "Müller")])
def test_letters_of_the_declared_set_are_no_utf_8(charset: str, name: str) -> None:
    message = parse(payload(charset, name, charset.replace("8859/", "iso8859-")))

    assert (name, ()) == (message.segments[1].text(5), message.issues)


def test_bytes_that_windows_1252_lacks_too_stay_as_declared() -> None:
    message = parse(payload("8859/1", "a\x81\x80", "latin-1"))

    assert ("a\x81\x80", ()) == (message.segments[1].text(5), message.issues)


@pytest.mark.parametrize("charset", ["UNICODE UTF-16", "UNICODE UTF-32"])
def test_single_bytes_under_the_name_of_wide_characters_are_read_and_reported(charset: str) -> None:
    message = parse(payload(charset, "Müller", "utf-8"))

    assert ("Müller", ["charset-mismatch"]) == (message.segments[1].text(5), [one.code for one in message.issues])


def test_an_unknown_set_beside_a_known_one_does_not_stop_the_message() -> None:
    assert "Doe" == parse(payload("ASCII~KLINGON", "Doe", "ascii")).segments[1].text(5)


def test_an_escape_character_written_twice_counts_once_and_is_reported() -> None:
    message = parse(payload("", "a\\T\\b", "ascii").replace(b"|^~\\&|", b"|^~\\\\&|"))

    assert ("a&b", [("escape-character-doubled", "MSH-2")]) == (
        message.segments[1].text(5),
        [(issue.code, issue.location) for issue in message.issues],
    )
