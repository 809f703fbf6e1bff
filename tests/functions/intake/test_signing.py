"""A partner that signs posts nothing unsigned, nothing stale and nothing twice (issue: message integrity, G08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import psycopg
import pytest

from functions.intake.use_case import Answer, Submission, receive_hl7v2
from shared.adapters.memory import FixedClock, KnownSecrets
from shared.authorization import Principal
from shared.errors import RejectedError
from shared.ports import Ports
from shared.signatures import sign
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS, oru

NORTHSIDE = Principal("northside-lab", "northside-lab", frozenset({"message.send"}))
NAME = "northside-lab-signing-key"
KEY = "an invented key"

Post = Callable[[str | None], Answer]
numbers = count(1)


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS, secrets=KnownSecrets({NAME: KEY}))


@pytest.fixture
def post(desk: Ports) -> Post:
    def send(signature: str | None) -> Answer:
        submission = Submission("northside-lab", oru(), "text/plain", start_trace(), signature=signature)
        return receive_hl7v2(submission, NORTHSIDE, desk)

    return send


def signed(clock: FixedClock, *keys: str, nonce: str = "") -> str:
    made = [key.encode() for key in keys or (KEY,)]
    return sign(made, oru(), int(clock().timestamp()), nonce or f"{next(numbers):016}")


def refused(post: Post, signature: str | None) -> str:
    with pytest.raises(RejectedError) as refusal:
        post(signature)
    return refusal.value.code


def test_what_is_signed_just_now_is_accepted(post: Post, clock: FixedClock) -> None:
    assert "AA" == post(signed(clock)).code


def test_nothing_unsigned_or_badly_signed_is_kept(post: Post, clock: FixedClock, ledger_url: str) -> None:
    codes = [refused(post, None), refused(post, signed(clock, "another key"))]

    assert ["signature-missing", "signature-invalid"] == codes
    with psycopg.connect(ledger_url) as connection:
        assert (0,) == connection.execute("select count(*) from message").fetchone()


def test_the_same_posting_again_is_a_replay_and_signed_anew_a_repetition(post: Post, clock: FixedClock) -> None:
    signature = signed(clock)
    first = post(signature)

    assert "signature-replayed" == refused(post, signature)
    assert first.acknowledgment == post(signed(clock)).acknowledgment


def test_a_signature_that_was_forgotten_is_too_old_to_be_used(post: Post, clock: FixedClock, ledger_url: str) -> None:
    signature = signed(clock)
    post(signature)
    clock.advance(timedelta(minutes=11))
    post(signed(clock))

    assert "signature-expired" == refused(post, signature)
    with psycopg.connect(ledger_url) as connection:
        assert (1,) == connection.execute("select count(*) from signature_nonce").fetchone()


def test_both_keys_are_good_while_one_takes_the_others_place(post: Post, desk: Ports, clock: FixedClock) -> None:
    assert isinstance(desk.secrets, KnownSecrets)
    desk.secrets.rotated[NAME] = f"a new key\n{KEY}"

    answers = [post(signed(clock, key)).code for key in (KEY, "a new key", KEY)]

    assert ["AA"] * 3 == answers


def test_a_partner_that_does_not_sign_needs_no_signature(desk: Ports) -> None:
    riverside = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))
    submission = Submission("riverside-lab", oru(), "text/plain", start_trace())

    assert "AA" == receive_hl7v2(submission, riverside, desk).code
