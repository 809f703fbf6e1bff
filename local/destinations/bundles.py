"""
Transaction and batch of the sample FHIR endpoint (R4, section 3.1.0.11).

A transaction is planned first (every entry gets its identity, conditions are decided against the state before it),
then its references are rewritten, then it is executed in the order DELETE, POST, PUT, GET, all or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import orjson

from local.destinations.answers import Answer, RefusedError, fhir_answer
from local.destinations.fhir import Caller, FhirEndpoint, Node, refuse_if_invalid
from local.destinations.search import match, parse_query
from shared.errors import Issue
from shared.validation import has_errors, outcome, validate
from shared.validation.references import CONDITIONAL
from shared.validation.shapes import resource_types

ORDER: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3}
ENTRY: Final = re.compile(r"Bundle\.entry\[(\d+)\]")
REASONS: Final = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}
LINKS: Final = ("reference", "valueUri", "valueUrl", "valueUuid", "valueOid", "valueCanonical")


@dataclass(slots=True)
class Step:
    """One entry with the identity that it was given. `settled`: a condition already has its match."""

    entry: Node
    method: str
    kind: str
    identity: str
    query: str
    settled: bool = False


class BundleProcessor:
    """Runs transactions and batches on the endpoint's interactions."""

    def __init__(self, endpoint: FhirEndpoint) -> None:
        self.endpoint = endpoint

    def run(self, bundle: Node, caller: Caller) -> Answer:
        """Process a transaction or a batch; anything else is refused."""
        kind = bundle.get("type")
        if bundle.get("resourceType") != "Bundle" or kind not in ("transaction", "batch"):
            raise RefusedError(400, "bundle-expected", "POST a Bundle of type transaction or batch here.", "value")
        if kind == "batch":
            return self._batch(bundle, validate(bundle), caller)
        refuse_if_invalid(bundle)
        return self._transaction(bundle, caller)

    def _transaction(self, bundle: Node, caller: Caller) -> Answer:
        steps = self._plan(bundle)
        self._link(steps)
        results: dict[int, Node] = {}
        for number, step in sorted(enumerate(steps), key=lambda pair: ORDER[pair[1].method]):
            try:
                results[number] = self._execute(step, caller)
            except RefusedError as error:
                raise _at_entry(error, number) from error
        return _respond("transaction-response", [results[number] for number in range(len(steps))])

    def _plan(self, bundle: Node) -> list[Step]:
        steps: list[Step] = []
        decided: dict[str, str] = {}
        for number, entry in enumerate(bundle.get("entry", ())):
            try:
                step = parse_step(entry)
                self._identify(step, decided)
            except RefusedError as error:
                raise _at_entry(error, number) from error
            steps.append(step)
        return steps

    def _identify(self, step: Step, decided: dict[str, str]) -> None:
        """Give the entry its id; entries of one transaction with the same condition mean one resource."""
        request, resource = step.entry["request"], step.entry.get("resource", {})
        condition = step.query if step.method == "PUT" else request.get("ifNoneExist") if step.method == "POST" else ""
        if not condition:
            step.identity = step.identity or (self.endpoint.new_id() if step.method == "POST" else "")
            return
        name = f"{step.kind}?{condition.partition('?')[2] or condition}"
        found = decided.get(name) or match(self.endpoint.store, step.kind, parse_query(name.partition("?")[2]))
        step.settled = step.method == "POST" and found is not None
        own = resource.get("id") if step.method == "PUT" else None
        step.identity = decided[name] = found or own or self.endpoint.new_id()

    def _link(self, steps: Sequence[Step]) -> None:
        """Replace the names that entries have inside the bundle by their identities."""
        names = {
            step.entry["fullUrl"]: f"{step.kind}/{step.identity}"
            for step in steps
            if "fullUrl" in step.entry and step.identity and step.method in ("POST", "PUT")
        }
        written = [orjson.dumps(name) for name in names]
        for number, step in enumerate(steps):
            content = orjson.dumps(step.entry.get("resource"))
            if b"?" not in content and not any(name in content for name in written):
                continue  # neither a condition nor a name: nothing in here can be a link to rewrite
            try:
                rewrite(step.entry.get("resource"), names, self._resolve)
            except RefusedError as error:
                raise _at_entry(error, number) from error

    def _resolve(self, reference: str) -> str:
        kind, _, query = reference.partition("?")
        found = match(self.endpoint.store, kind, parse_query(query))
        if found is None:
            raise RefusedError(412, "reference-unresolved", "A conditional reference has no match.", "not-found")
        return f"{kind}/{found}"

    def _batch(self, bundle: Node, issues: Sequence[Issue], caller: Caller) -> Answer:
        by_entry: dict[int, list[Issue]] = {}
        for issue in issues:
            place = ENTRY.match(issue.location)
            by_entry.setdefault(int(place[1]) if place else -1, []).append(issue)
        # A fatal finding ended the validation: the entries after it were not looked at.
        ended = [issue for issue in issues if issue.severity == "fatal"]
        refuse_if_invalid(bundle, by_entry.get(-1, []) + ended)
        return _respond(
            "batch-response",
            [
                self._alone(entry, by_entry.get(number, []), caller)
                for number, entry in enumerate(bundle.get("entry", ()))
            ],
        )

    def _alone(self, entry: Node, issues: Sequence[Issue], caller: Caller) -> Node:
        try:
            with self.endpoint.store.savepoint():
                if has_errors(issues):
                    raise RefusedError(422, "resource-invalid", "The entry is invalid.", issues=issues)
                step = parse_step(entry)
                self._identify(step, {})
                return self._execute(step, caller)
        except RefusedError as error:
            return {"response": {"status": str(error.status), "outcome": outcome(error.issues)}}

    def _execute(self, step: Step, caller: Caller) -> Node:
        endpoint, resource = self.endpoint, step.entry.get("resource", {})
        if step.method == "GET":
            if step.identity:
                answer = endpoint.read(step.kind, step.identity, caller)
            else:
                answer = endpoint.search(step.kind, step.query, caller)
            return {"resource": orjson.Fragment(answer.body), "response": _response(answer)}
        if step.method == "DELETE":
            return {"response": _response(endpoint.delete(step.kind, step.identity, caller))}
        if step.settled:
            return {"response": _response(endpoint.read(step.kind, step.identity, caller))}
        if step.method == "PUT" and not step.query:
            if_match = step.entry["request"].get("ifMatch")
            answer = endpoint.update(step.kind, step.identity, resource, if_match, caller)
        else:
            answer = endpoint.write(step.method, step.kind, step.identity, resource, caller)
        return {"response": _response(answer)}


def parse_step(entry: Node) -> Step:
    """Return what an entry asks for; a request that is not implemented is refused."""
    request = entry["request"]
    path, _, query = request.get("url", "").partition("?")
    kind, _, identity = path.partition("/")
    method = request.get("method", "")
    allowed = {
        "POST": not identity and not query,
        "PUT": bool(identity) != bool(query),
        "GET": True,
        "DELETE": bool(identity) and not query,
    }
    if kind not in resource_types():
        raise RefusedError(404, "type-unknown", "R4 has no such resource type.", "not-found")
    if not allowed.get(method, False) or "/" in identity or (identity and query):
        raise RefusedError(400, "request-not-supported", "This request is not implemented.", "not-supported")
    return Step(entry, method, kind, unquote(identity), query)


def rewrite(node: object, names: dict[str, str], resolve: Any) -> None:
    """Replace, in place, links to names of the bundle and conditional references."""
    if isinstance(node, list):
        for item in node:
            rewrite(item, names, resolve)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                rewrite(value, names, resolve)
            elif key in LINKS and isinstance(value, str):
                if value in names:
                    node[key] = names[value]
                elif key == "reference" and CONDITIONAL.fullmatch(value):
                    node[key] = resolve(value)


def _response(answer: Answer) -> Node:
    headers = answer.headers
    location = headers.get("location") or headers.get("content-location")
    parts = {"status": REASONS[answer.status], "location": location, "etag": headers.get("etag")}
    return {name: value for name, value in parts.items() if value}


def _respond(kind: str, entries: list[Node]) -> Answer:
    return fhir_answer(200, {"resourceType": "Bundle", "type": kind, **({"entry": entries} if entries else {})})


def _at_entry(error: RefusedError, number: int) -> RefusedError:
    issues = [
        Issue(one.severity, one.kind, one.code, one.location or f"Bundle.entry[{number}]", one.text)
        for one in error.issues
    ]
    return RefusedError(error.status, str(error), "", issues=issues)
