"""
Faults on demand, per destination, for tests and demos.

    down         503 with Retry-After, nothing is done
    slow         answers after `delay` seconds
    flaky        every other request gets 503, the first one included
    refuse       422: the destination will never take this
    throttle     429 with Retry-After, nothing is done
    silent       nothing is done, and no answer comes for `delay` seconds
    broken       fhir and webhook: the work is done in part and undone, then 500
    lost-answer  the work is done, then 503: the caller cannot know
    cut          the work is done, then the connection breaks in the middle of the answer
    drip         the work is done, and the answer's body comes a byte at a time (a slow loris)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.destinations.answers import RefusedError

DESTINATIONS: Final = ("fhir", "webhook", "hl7v2", "plain")
MODES: Final = (
    "none", "down", "slow", "flaky", "refuse", "throttle", "silent", "broken", "lost-answer", "cut", "drip",
)  # fmt: skip
LONGEST: Final = 24 * 3600.0
DRIP_SECONDS: Final = 0.2
LONGEST_DRIP: Final = 40


class BrokenResponse(Response):
    """An answer that begins as it should: then the connection breaks (`broken`), or a byte comes now and then."""

    def __init__(self, whole: Response, *, broken: bool) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, and the body as badly as it was asked for."""
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._broken:
            # The server closes a connection whose answer ends before its Content-Length.
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        for place in range(min(len(body), LONGEST_DRIP)):
            await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
            await asyncio.sleep(DRIP_SECONDS)
        await send({"type": "http.response.body", "body": body[LONGEST_DRIP:]})


@dataclass(slots=True)
class Fault:
    """What goes wrong at one destination, until when (monotonic seconds)."""

    mode: str = "none"
    until: float = 0.0
    delay: float = 0.0
    requests: int = 0


@dataclass(slots=True)
class Faults:
    """The switchboard. `clock` counts seconds and never goes back."""

    clock: Callable[[], float]
    _faults: dict[str, Fault] = field(default_factory=lambda: {name: Fault() for name in DESTINATIONS})

    def set(self, order: Any) -> None:
        """Follow an order like {"destination": "fhir", "mode": "down", "for_seconds": 5}."""
        if not isinstance(order, dict) or order.get("mode") not in MODES:
            raise RefusedError(400, "fault-invalid", f"mode is one of {', '.join(MODES)}.", "value")
        names = [order["destination"]] if "destination" in order else list(DESTINATIONS)
        if not set(names) <= set(DESTINATIONS):
            raise RefusedError(400, "fault-invalid", f"destination is one of {', '.join(DESTINATIONS)}.", "value")
        seconds, delay = (
            _seconds(order.get(name, standard)) for name, standard in (("for_seconds", LONGEST), ("delay", 2.0))
        )
        for name in names:
            self._faults[name] = Fault(order["mode"], self.clock() + seconds, delay)

    def active(self) -> dict[str, dict[str, Any]]:
        """Return mode and remaining seconds by destination."""
        return {
            name: {"mode": self._mode(fault), "seconds": max(0.0, round(fault.until - self.clock(), 3))}
            for name, fault in self._faults.items()
        }

    async def before(self, destination: str) -> None:
        """Do what the fault says before a request is handled."""
        fault = self._faults[destination]
        mode = self._mode(fault)
        fault.requests += 1
        if mode == "slow":
            await asyncio.sleep(fault.delay)
        elif mode == "refuse":
            raise RefusedError(422, "refused-on-demand", "This destination refuses on demand.", "business-rule")
        elif mode == "throttle":
            raise RefusedError(429, "too-many-requests", "Slow down.", "throttled", headers={"retry-after": "1"})
        elif mode == "silent":
            await asyncio.sleep(fault.delay)
            raise self._unavailable(fault)
        elif mode == "down" or (mode == "flaky" and fault.requests % 2):
            raise self._unavailable(fault)

    def amid(self, destination: str) -> None:
        """Break off while what was done can still be undone; called inside its transaction."""
        if self._mode(self._faults[destination]) == "broken":
            raise RefusedError(500, "broke-off", "The work broke off and was undone.", "exception")

    def after(self, destination: str, response: Response) -> Response:
        """Return the answer, or what is left of it when the fault says so."""
        fault = self._faults[destination]
        mode = self._mode(fault)
        if mode == "lost-answer":
            raise self._unavailable(fault)
        if mode in ("cut", "drip"):
            return BrokenResponse(response, broken=mode == "cut")
        return response

    def _mode(self, fault: Fault) -> str:
        return fault.mode if self.clock() < fault.until else "none"

    def _unavailable(self, fault: Fault) -> RefusedError:
        wait = 1 if fault.mode != "down" else max(1, math.ceil(fault.until - self.clock()))
        return RefusedError(503, "unavailable", "Come back later.", "transient", headers={"retry-after": str(wait)})


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise RefusedError(400, "fault-invalid", "Seconds are a number between 0 and a day.", "value")
    return float(value)
