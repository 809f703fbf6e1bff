"""
The interactions of the sample FHIR R4 endpoint on single resources: create, read, vread, update, delete, search.

Every method runs inside a transaction of the store that its caller opened. Whatever is stored was validated; the
server alone writes `meta.versionId` and `meta.lastUpdated`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from local.destinations.answers import Answer, RefusedError, fhir_answer
from local.destinations.search import Query, match, parse_query, search, terms
from local.destinations.store import Store, Version
from shared.errors import Issue
from shared.validation import has_errors, validate
from shared.validation.inline import is_accepted

Node = dict[str, Any]

ETAG: Final = re.compile(r'(?:W/)?"([0-9]{1,15})"|([0-9]{1,15})', re.ASCII)
ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, under which idempotency key, and how this server is called from outside."""

    client: str
    key: str
    base: str


def parse_resource(body: bytes) -> Node:
    """Return the JSON object of a request's body."""
    try:
        node = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "json-invalid", "The body is no JSON.", "structure") from error
    if not isinstance(node, dict):
        raise RefusedError(400, "json-invalid", "The body is no JSON object.", "structure")
    return node


def refuse_if_invalid(resource: Node, issues: Iterable[Issue] | None = None) -> None:
    """Refuse an invalid resource, naming every finding; the walk that finds them is spared what is valid for sure."""
    if issues is None and is_accepted(resource):
        return
    found = tuple(validate(resource) if issues is None else issues)
    if has_errors(found):
        raise RefusedError(422, "resource-invalid", "The resource is invalid.", issues=found)


def unresolved_name(body: bytes) -> bool:
    """
    Whether a reference in a serialised resource is still a URN that means nothing outside its bundle.

    The bytes tell as well as a walk: in a text the quotation marks would stand behind a backslash.
    """
    return b'"reference":"urn:uuid:' in body


class FhirEndpoint:
    """The interactions of one FHIR endpoint over its store."""

    def __init__(self, store: Store, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id

    def now(self) -> str:
        """Return the time as an instant in UTC with milliseconds."""
        return self.clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def create(self, kind: str, resource: Node, condition: str | None, caller: Caller) -> Answer:
        """Create under an id of the server's, unless the condition (If-None-Exist) already has a match."""
        self._check_type(kind, resource)
        if condition is not None:
            found = match(self.store, kind, parse_query(condition.partition("?")[2] or condition))
            if found is not None:
                return self.read(kind, found, caller)
        return self.write("POST", kind, self.new_id(), resource, caller)

    def update(self, kind: str, identity: str, resource: Node, if_match: str | None, caller: Caller) -> Answer:
        """Update, or create under the client's id; If-Match guards against a lost update."""
        self._check_type(kind, resource)
        if not ID.fullmatch(identity) or resource.get("id") != identity:
            raise RefusedError(400, "id-differs", "The id in the URL and in the resource differ.", "value")
        if if_match is not None:
            current = self.store.current(kind, identity)
            stated = ETAG.fullmatch(if_match.strip())
            if current is None or stated is None or int(stated[1] or stated[2]) != current.number:
                raise RefusedError(412, "version-conflict", "Another version is current.", "conflict")
        return self.write("PUT", kind, identity, resource, caller)

    def update_where(self, kind: str, query: Query, resource: Node, caller: Caller) -> Answer:
        """Update the one match of a condition, or create when there is none."""
        self._check_type(kind, resource)
        found = match(self.store, kind, query)
        own = resource.get("id")
        if found is not None and own is not None and own != found:
            raise RefusedError(400, "id-differs", "The resource's id is not that of the match.", "value")
        return self.write("PUT", kind, found or own or self.new_id(), resource, caller)

    def write(self, method: str, kind: str, identity: str, resource: Node, caller: Caller) -> Answer:
        """Store the next version of a valid resource and log the effect."""
        before, is_new = self.store.newest(kind, identity)
        number, at = before + 1, self.now()
        meta = {**resource.get("meta", {}), "versionId": str(number), "lastUpdated": at}
        body = orjson.dumps(
            {"resourceType": kind, "id": identity, "meta": meta}
            | {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}
        )
        if unresolved_name(body):
            raise RefusedError(422, "reference-unresolved", "A reference is a URN that no entry has.", "not-found")
        version = Version(kind, identity, number, at, body)
        self.store.add(version, terms(resource))
        self.store.record("fhir", method, (kind, identity, number), caller.key, at)
        return self._answer(201 if is_new else 200, version, caller)

    def delete(self, kind: str, identity: str, caller: Caller) -> Answer:
        """Delete; deleting again changes nothing."""
        current = self.store.current(kind, identity)
        if current is None:
            raise RefusedError(404, "resource-unknown", "There is no such resource.", "not-found")
        if current.body is None:
            return Answer(204, headers={"etag": f'W/"{current.number}"'})
        at, number = self.now(), current.number + 1
        self.store.add(Version(kind, identity, number, at, None), ())
        self.store.record("fhir", "DELETE", (kind, identity, number), caller.key, at)
        return Answer(204, headers={"etag": f'W/"{number}"'})

    def read(self, kind: str, identity: str, caller: Caller) -> Answer:
        """Return the current version."""
        return self._found(self.store.current(kind, identity), caller)

    def vread(self, kind: str, identity: str, number: str, caller: Caller) -> Answer:
        """Return one version."""
        is_number = number.isascii() and number.isdecimal() and len(number) < 16
        return self._found(self.store.version(kind, identity, int(number)) if is_number else None, caller)

    def history(self, kind: str, identity: str, caller: Caller) -> Answer:
        """Return all versions of a resource, newest first."""
        versions = self.store.history(kind, identity)
        if not versions:
            raise RefusedError(404, "resource-unknown", "There is no such resource.", "not-found")
        url = f"{caller.base}/{kind}/{identity}"
        entries = [
            {
                "fullUrl": url,
                **({"resource": orjson.Fragment(version.body)} if version.body else {}),
                "request": {"method": "PUT" if version.body else "DELETE", "url": f"{kind}/{identity}"},
                "response": {
                    "status": "200" if version.body else "204",
                    "etag": f'W/"{version.number}"',
                    "lastModified": version.updated,
                },
            }
            for version in versions
        ]
        links = [{"relation": "self", "url": f"{url}/_history"}]
        return fhir_answer(
            200, {"resourceType": "Bundle", "type": "history", "total": len(entries), "link": links, "entry": entries}
        )

    def search(self, kind: str, query_text: str, caller: Caller) -> Answer:
        """Return what a query finds as a searchset."""
        total, found = search(self.store, kind, parse_query(query_text))
        url = f"{caller.base}/{kind}"
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": total,
            "link": [{"relation": "self", "url": f"{url}?{query_text}" if query_text else url}],
        }
        entries = [
            {
                "fullUrl": f"{url}/{version.id}",
                "resource": orjson.Fragment(version.body or b"null"),
                "search": {"mode": "match"},
            }
            for version in found
        ]
        return fhir_answer(200, bundle | ({"entry": entries} if entries else {}))

    def _check_type(self, kind: str, resource: Node) -> None:
        if resource.get("resourceType") != kind:
            raise RefusedError(400, "type-differs", "The resource is of another type than the URL says.", "value")

    def _found(self, version: Version | None, caller: Caller) -> Answer:
        if version is None:
            raise RefusedError(404, "resource-unknown", "There is no such resource.", "not-found")
        if version.body is None:
            raise RefusedError(410, "resource-deleted", "The resource was deleted.", "deleted")
        return self._answer(200, version, caller)

    def _answer(self, status: int, version: Version, caller: Caller) -> Answer:
        where = f"{caller.base}/{version.type}/{version.id}/_history/{version.number}"
        return fhir_answer(
            status,
            version.body or b"",
            etag=f'W/"{version.number}"',
            last_modified=_http_date(version.updated[:19]),
            **({"location": where} if status == 201 else {"content_location": where}),
        )


@lru_cache(maxsize=64)  # what one transaction writes, it writes in one second or two
def _http_date(second: str) -> str:
    return datetime.fromisoformat(second).strftime("%a, %d %b %Y %H:%M:%S GMT")
