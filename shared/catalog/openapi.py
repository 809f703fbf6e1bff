"""
The OpenAPI document of routes: what API Management imports and what the API serves, made from the catalogue alone.

    paths          Route.path, below a server that ends in `/api/<version>`
    operationId    the function's name
    parameters     those of the path, Route.query and Route.headers
    requestBody    Route.takes; a JSON object by Route.asks, else bytes
    200            Route.gives
    other answers  problem details (RFC 9457); 422 is an HL7 acknowledgment where the body is HL7
    security       a bearer token with the role of the route; none for routes without a role
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from shared.catalog.model import Route, Step

OPENAPI = "3.0.3"
"""What API Management imports."""
SERVED = "3.1.0"
"""What people and their tools are given: here a bearer scheme may name the roles that it needs."""
PROBLEM = "application/problem+json"

_PARAMETER = re.compile(r"\{(\w+)\}")
_ANSWERS = {
    "400": "The request is at fault; code and location say where.",
    "401": "No token, or one that is not good.",
    "403": "The token does not allow this.",
    "429": "Too many requests; Retry-After says when to try again.",
    "503": "Nothing was decided; Retry-After says when to try again.",
}
_BODY_ANSWERS = {
    "413": "The body is too large.",
    "415": "The body is of a media type that is not taken.",
}


def openapi_document(title: str, version: str, steps: Iterable[Step], dialect: str = OPENAPI) -> dict[str, Any]:
    """Return the document of the routes of `steps`, ready for JSON; TypeError for a step that answers no route."""
    paths: dict[str, dict[str, Any]] = {}
    for step in steps:
        operations = paths.setdefault(f"/{step.route.path}", {})
        operations[step.route.method.lower()] = _operation(step)
    return {
        "openapi": dialect,
        "info": {"title": title, "version": version},
        "servers": [{"url": f"/api/{version}"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(step: Step) -> dict[str, Any]:
    route = step.route
    operation: dict[str, Any] = {
        "operationId": step.function,
        "summary": step.name.replace("-", " ").capitalize(),
        "tags": [step.flow],
        "parameters": [
            *(_parameter(name, "path", required=True) for name in _PARAMETER.findall(route.path)),
            *(_parameter(name, "query") for name in route.query),
            *(_parameter(name, "header") for name in route.headers),
        ],
        "responses": {"200": _answer("Done.", route.gives), **_refusals(route)},
        "security": [{"token": [route.role]}] if route.role else [],
    }
    if route.takes:
        operation["requestBody"] = {"required": True, "content": _body(route)}
    return operation


def _parameter(name: str, place: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": {"type": "string"}}


def _body(route: Route) -> dict[str, Any]:
    if not route.asks:
        return _bytes(route.takes)
    members = {
        one.name: {"type": one.type, **({"items": {"type": "string"}} if one.type == "array" else {})}
        for one in route.asks
    }
    schema = {"type": "object", "properties": members, "required": [one.name for one in route.asks if one.required]}
    return {kind: {"schema": schema} for kind in route.takes}


def _refusals(route: Route) -> dict[str, Any]:
    answers = _ANSWERS | (_BODY_ANSWERS if route.takes else {})
    refusals = {status: _problem(text) for status, text in sorted(answers.items())}
    if "{id}" in route.path:
        refusals["404"] = _problem("Nothing of yours has this id.")
    if route.asks:
        refusals["409"] = _problem("It was decided before, or is not where this can be done.")
    if any("hl7" in kind for kind in route.gives):
        refusals["422"] = _answer("Refused: the acknowledgment says why (MSA-1 is AE or AR).", route.gives)
    return refusals


def _answer(text: str, kinds: Iterable[str]) -> dict[str, Any]:
    return {"description": text, "content": _bytes(kinds)}


def _bytes(kinds: Iterable[str]) -> dict[str, Any]:
    return {kind: {"schema": {"type": "object" if kind.endswith("json") else "string"}} for kind in kinds}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "location": {"type": "string"},
        "retryable": {"type": "boolean"},
    },
}
