"""A signature says who, when and only once; anything else is told apart by its code (RFC 2104)."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.signatures import FRESH, Signed, keys_in, sign, verify

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
AT = int(NOON.timestamp())
NONCE = "0123456789abcdef"
BODY = b"MSH|^~\\&|LIS"
KEY = b"an invented key"


def code_of(header: str | None, body: bytes = BODY, now: datetime = NOON) -> str | None:
    try:
        verify(header, body, [KEY], now)
    except RejectedError as error:
        return error.code
    return None


@given(st.lists(st.binary(min_size=1), min_size=1, max_size=3), st.binary(), st.integers(0, 10**11))
def test_what_is_signed_is_verified_by_each_of_its_keys(keys: list[bytes], body: bytes, seconds: int) -> None:
    header = sign(keys, body, seconds, NONCE)

    for key in keys:
        assert Signed(datetime.fromtimestamp(seconds, UTC), NONCE) == verify(
            header, body, [b"another", key], datetime.fromtimestamp(seconds, UTC)
        )


def test_the_digest_is_what_the_partners_page_says() -> None:
    told = hmac.new(KEY, f"{AT}.{NONCE}.".encode() + BODY, sha256).hexdigest()

    assert f"t={AT},n={NONCE},v1={told}" == sign([KEY], BODY, AT, NONCE)


@pytest.mark.parametrize("header", [
    None,
    "",
    "t=1",
    f"t={AT},v1={'0' * 64}",
    f"t={AT},n=short,v1={'0' * 64}",
    f"t={AT},n={NONCE}",
    f"t={AT},n={NONCE},v1=00",
    f"t={AT},t={AT},n={NONCE},v1={'0' * 64}",
    f"t=-1,n={NONCE},v1={'0' * 64}",
    f"t=9999999999999,n={NONCE},v1={'0' * 64}",
    f"t={AT},n={NONCE};drop,v1={'0' * 64}",
    "t=" * 100_000,
])  # fmt: skip
def test_what_has_not_the_form_is_no_signature(header: str | None) -> None:
    assert "signature-missing" == code_of(header)


def test_another_key_body_time_or_nonce_is_not_ours() -> None:
    good = sign([KEY], BODY, AT, NONCE)
    swapped = good.replace(NONCE, NONCE[::-1])

    assert {"signature-invalid"} == {
        code_of(sign([b"another"], BODY, AT, NONCE)),
        code_of(good, BODY + b" "),
        code_of(good.replace(f"t={AT}", f"t={AT + 1}")),
        code_of(swapped),
    }


def test_a_signature_is_good_for_five_minutes_before_and_after_its_time() -> None:
    good = sign([KEY], BODY, AT, NONCE)
    moment = timedelta(seconds=1)

    assert [None, None] == [code_of(good, now=NOON + shift) for shift in (FRESH, -FRESH)]
    assert {"signature-expired"} == {code_of(good, now=NOON + shift) for shift in (FRESH + moment, -FRESH - moment)}


def test_a_secret_holds_one_key_a_line() -> None:
    assert [b"new", b"old"] == keys_in("new\n\n  old \n")
