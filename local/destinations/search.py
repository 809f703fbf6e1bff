"""
Search of the sample FHIR endpoint: what a resource is indexed by and what a query means.

    identifier     token      system|value, value, |value, system|
    _id            token      one or several, separated by commas
    patient        reference  Patient/id or id; from `patient` and `subject`
    subject        reference  Type/id or id
    status         token      one or several codes
    _lastUpdated   date       eq ge gt le lt with an instant or a date
    _count         number     at most 1000
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from local.destinations.answers import RefusedError
from local.destinations.store import Condition, Store, Term, Version
from shared.validation.shapes import shape

DEFAULT_COUNT, LARGEST_COUNT = 100, 1000
MOMENT = re.compile(r"(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00))?)", re.ASCII)
HAS_TERM = "c.id IN (SELECT t.id FROM terms t WHERE t.type = ? AND t.name = ?{rest})"

Query = list[tuple[str, str]]


@cache
def parameters(kind: str) -> dict[str, str]:
    """Return the search parameters of a resource type with their kinds, by the elements that it has."""
    elements = shape(kind).properties
    found = {"_id": "token", "_lastUpdated": "date"}
    if "identifier" in elements:
        found["identifier"] = "token"
    if "status" in elements and elements["status"].type == "code":
        found["status"] = "token"
    if "subject" in elements and elements["subject"].type == "Reference":
        found["subject"] = "reference"
    named = [elements[name] for name in ("patient", "subject") if name in elements]
    if any("Patient" in element.targets for element in named):
        found["patient"] = "reference"
    return found


def terms(resource: dict[str, Any]) -> Iterator[Term]:
    """Yield what a valid resource is found by."""
    identifiers = resource.get("identifier", [])
    for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
        if "value" in identifier:
            yield Term("identifier", identifier.get("system", ""), identifier["value"])
    if isinstance(resource.get("status"), str):
        yield Term("status", "", resource["status"])
    for name in ("subject", "patient"):
        element = resource.get(name)
        target = element.get("reference") if isinstance(element, dict) else None
        if not isinstance(target, str):
            continue
        if name == "subject":
            yield Term("subject", "", target)
        if "Patient/" in target:
            yield Term("patient", "", target)


def parse_query(text: str) -> Query:
    """Return the parameters of a query string."""
    return parse_qsl(text, keep_blank_values=True)


def search(store: Store, kind: str, query: Query) -> tuple[int, list[Version]]:
    """Return the total and the page that a query asks for; an unknown parameter is refused."""
    count = DEFAULT_COUNT
    conditions = []
    for name, value in query:
        if name == "_count":
            count = _count(value)
        elif name == "_format":
            if "json" not in value:
                raise RefusedError(406, "format-not-supported", "Only JSON is spoken here.", "not-supported")
        else:
            conditions.append(_condition(kind, name, value))
    return store.find(kind, conditions, count)


def match(store: Store, kind: str, query: Query) -> str | None:
    """Return the id that a conditional interaction means, None for no match; several are refused."""
    if not query or any(name in ("_count", "_format") for name, _ in query):
        raise RefusedError(412, "condition-invalid", "A condition needs search parameters.", "invalid")
    total, found = search(store, kind, query)
    if total > 1:
        raise RefusedError(412, "condition-ambiguous", "Several resources match the condition.", "multiple-matches")
    return found[0].id if found else None


def _count(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise RefusedError(400, "parameter-invalid", "_count is a number.", "value")
    return min(int(value), LARGEST_COUNT)


def _condition(kind: str, name: str, value: str) -> Condition:
    if name not in parameters(kind):
        raise RefusedError(400, "parameter-unknown", "This search parameter is not supported.", "not-supported")
    if not value:
        raise RefusedError(400, "parameter-invalid", "A search parameter has no value.", "value")
    if name == "_lastUpdated":
        return _updated(value)
    options = value.split(",")
    if name == "_id":
        return Condition(f"c.id IN ({_marks(options)})", tuple(options))
    if name == "identifier":
        return _any(_identifier(kind, option) for option in options)
    if name == "status":
        return _term(kind, name, f" AND t.value IN ({_marks(options)})", options)
    return _any(_reference(kind, name, option) for option in options)


def _updated(value: str) -> Condition:
    moment = MOMENT.fullmatch(value)
    if moment is None:
        raise RefusedError(400, "parameter-invalid", "_lastUpdated is a date or an instant in UTC.", "value")
    compare, text = moment[1] or "eq", moment[2].replace("+00:00", "Z")
    column = f"substr(c.updated, 1, {len(text.rstrip('Z'))})"
    signs = {"eq": "=", "ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return Condition(f"{column} {signs[compare]} ?", (text.rstrip("Z"),))


def _identifier(kind: str, option: str) -> Condition:
    system, bar, value = option.rpartition("|")
    if not bar:
        return _term(kind, "identifier", " AND t.value = ?", [value])
    if not value:
        return _term(kind, "identifier", " AND t.system = ?", [system])
    return _term(kind, "identifier", " AND t.system = ? AND t.value = ?", [system, value])


def _reference(kind: str, name: str, option: str) -> Condition:
    if "/" in option:
        return _term(kind, name, " AND t.value = ?", [option])
    if name == "patient":
        return _term(kind, name, " AND t.value = ?", [f"Patient/{option}"])
    return _term(kind, name, " AND substr(t.value, instr(t.value, '/') + 1) = ?", [option])


def _term(kind: str, name: str, rest: str, values: Iterable[str]) -> Condition:
    return Condition(HAS_TERM.format(rest=rest), (kind, name, *values))


def _any(options: Iterable[Condition]) -> Condition:
    conditions = list(options)
    sql = " OR ".join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.parameters))


def _marks(values: list[str]) -> str:
    return ", ".join("?" * len(values))
