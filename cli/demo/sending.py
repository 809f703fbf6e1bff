"""The partners of the day: each posts its messages in order, and posts again until it is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from cli.partner_client import Access, Answer, PartnerClient
from local.traffic.posting import Posting
from shared.errors import IntegrationError

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.25
_TRY_AGAIN = frozenset({"HTTP 429", "HTTP 500", "HTTP 502", "HTTP 503", "HTTP 504"})


@dataclass(frozen=True, slots=True)
class Sent:
    """
    One posting with its last answer, how often it had to be posted again, and how long that took in seconds.

    `at` is when it was first posted, in unix seconds.
    """

    posting: Posting
    answer: Answer
    resent: int
    seconds: float
    at: float


def at_once(_: Posting) -> None:
    """Let a posting go without waiting for its time."""


def send_day(
    postings: Iterable[Posting],
    access: Callable[[str], Access],
    progress: Callable[[int], None],
    pace: Callable[[Posting], None] = at_once,
) -> list[Sent]:
    """
    Post the day, one sender per partner, and return every answer in the day's order.

    `progress` is told how many were answered so far, after each answer; `pace` returns when a posting may go.
    IntegrationError when a message gets no answer for two minutes.
    """
    by_partner: dict[str, list[Posting]] = {}
    for posting in postings:
        by_partner.setdefault(posting.partner, []).append(posting)
    answered: list[Sent] = []

    def post_all(partner: str) -> None:
        with PartnerClient(partner, access(partner)) as client:
            for posting in by_partner[partner]:
                pace(posting)
                answered.append(_post(client, posting))
                progress(len(answered))

    with ThreadPoolExecutor(len(by_partner) or 1) as senders:
        for finished in [senders.submit(post_all, partner) for partner in by_partner]:
            finished.result()
    return sorted(answered, key=lambda sent: sent.posting.sequence)


def _post(client: PartnerClient, posting: Posting) -> Sent:
    began, at, resent = time.monotonic(), time.time(), 0
    while time.monotonic() - began < _PATIENCE_SECONDS:
        with suppress(IntegrationError):  # nobody answered
            answer = client.send(posting.payload, posting.media_type)
            if answer.code not in _TRY_AGAIN:
                return Sent(posting, answer, resent, time.monotonic() - began, at)
        resent += 1
        time.sleep(_PAUSE_SECONDS)
    raise IntegrationError("no-answer", posting.partner, "a message was not answered for two minutes")
