"""
The policies of the gateway: XML of API Management, made from the templates in `policies/`.

    service    any call: headers that nobody may bring or see, the trace, the answer to a refusal
    api        a surface: ceiling, token, size, the gateway's own proof, the function app behind
    partner    a partner: its token, address and certificate agree; its rate and its quota
    staff      people: their rate

`{{tenant}}`, `{{audience}}` and `{{identity}}` are named values of the service; everything else is known before
anything is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from string import Template
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from infra.apim.callers import Caller
from infra.apim.surfaces import Surface
from infra.app_roles import PARTNER
from shared.catalog.routes import GATEWAY_HEADER

CERTIFICATE_HEADER = "Corridor-Client-Certificate"
LONGEST_BODY = 10 * 1024 * 1024
LONGEST_DOCUMENT = 16 * 1024

_TEMPLATES = Path(__file__).parent / "policies"
_BODY = re.compile(r"(Request|Response)\s*\.\s*Body|\.Body\b")
_QUOTES = {'"': "&quot;"}

# Calls a minute of any one subscription: far above every contract, far below what hurts.
_CEILING = 12_000
_STAFF_CALLS = 600

# What stopped a call (LastError.Source or .Reason), and the code that its caller reads.
_CODES = {
    "validate-jwt": "token-invalid",
    "rate-limit": "rate-exceeded",
    "rate-limit-by-key": "rate-exceeded",
    "quota": "quota-exceeded",
    "validate-client-certificate": "certificate-refused",
    "SubscriptionKeyNotFound": "subscription-missing",
    "SubscriptionKeyInvalid": "subscription-missing",
    "OperationNotFound": "route-unknown",
    "forward-request": "backend-unavailable",
}


def service_policy() -> str:
    """Return the policy of every call."""
    codes = "".join(
        f'context.LastError.Source == "{key}" || context.LastError.Reason == "{key}" ? "{code}" : '
        for key, code in _CODES.items()
    )
    known = {"gateway_header": GATEWAY_HEADER, "refusal_code": escape(f'{codes}"gateway-refused"', _QUOTES)}
    return _checked("service", _rendered("service", known))


def api_policy(surface: Surface, backend: str) -> str:
    """Return the policy of a surface; `backend` is the id of the app behind it."""
    limits = {
        "length_required": _refusal(HTTPStatus.LENGTH_REQUIRED, "length-required", "Content-Length"),
        "too_large": _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "body"),
        "longest": str(LONGEST_BODY),
    }
    known = {
        "ceiling": str(_CEILING),
        "roles": "".join(f"<value>{escape(role)}</value>" for role in surface.roles),
        "body_limit": _rendered("body_limit", limits),
        "gateway_header": GATEWAY_HEADER,
        "certificate_header": CERTIFICATE_HEADER,
        "backend": escape(backend, _QUOTES),
    }
    return _checked(surface.name, _rendered("api", known))


def partner_policy(caller: Caller, *, door: bool) -> str:
    """Return the policy of a partner; with `door` its certificate was asked for by the door before the gateway."""
    known = {
        "partner": escape(caller.name, _QUOTES),
        "role": escape(f"{PARTNER}{caller.name}", _QUOTES),
        "partner_mismatch": _refusal(HTTPStatus.FORBIDDEN, "partner-mismatch", "partner"),
        "certificate": _certificate(caller.certificates, door=door),
        "calls": str(caller.calls_per_minute),
        "daily_calls": str(caller.calls_per_day),
        "daily_kilobytes": str(caller.kilobytes_per_day),
    }
    return _checked(caller.name, _rendered("partner", known))


def staff_policy() -> str:
    """Return the policy of the surfaces that people use."""
    return _checked("staff", _rendered("staff", {"calls": str(_STAFF_CALLS)}))


def _certificate(certificates: Iterable[str], *, door: bool) -> str:
    prints = ",".join(certificates)
    if not prints:
        return ""
    known = {
        "certificates": prints,
        "certificate_header": CERTIFICATE_HEADER,
        "certificate_refused": _refusal(HTTPStatus.FORBIDDEN, "certificate-refused", "client certificate"),
    }
    return _rendered("certificate_at_door" if door else "certificate_at_gateway", known)


def _refusal(status: HTTPStatus, code: str, location: str) -> str:
    problem = {
        "type": f"urn:corridor:error:{code}",
        "title": status.phrase,
        "status": int(status),
        "code": code,
        "location": location,
        "retryable": False,
    }
    known = {"status": str(int(status)), "reason": status.phrase, "problem": escape(json.dumps(problem))}
    return _rendered("refusal", known)


def _rendered(template: str, known: Mapping[str, str]) -> str:
    return Template((_TEMPLATES / f"{template}.xml").read_text(encoding="utf-8")).substitute(known)


def _checked(name: str, document: str) -> str:
    """Return the document without its indentation; ValueError if API Management would refuse it or it reads bodies."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - our own text
    except ElementTree.ParseError as error:
        raise ValueError(f"the policy of {name} is not well-formed: {error}") from error
    short = re.sub(r">\s+<", "><", re.sub(r"<!--.*?-->", "", document, flags=re.DOTALL)).strip()
    if len(short.encode()) > LONGEST_DOCUMENT:
        raise ValueError(f"the policy of {name} is {len(short.encode())} bytes: API Management takes 16 KiB")
    texts = [text for each in root.iter() for text in (each.text or "", *each.attrib.values())]
    if any(_BODY.search(text) for text in texts):
        raise ValueError(f"the policy of {name} reads a body: no patient's data passes through an expression")
    return short
