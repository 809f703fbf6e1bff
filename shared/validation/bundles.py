"""
The rules of Bundle (bdl-*) and of transactions, each at the entry that breaks it.

They run on bundles of any shape, sound or not, so that one broken resource does not hide a repeated full URL.
"""

from __future__ import annotations

from typing import Any

from shared.validation.findings import Findings
from shared.validation.references import REST, SCHEME

Node = dict[str, Any]

WITH_REQUEST = ("batch", "transaction", "history")
WITH_RESPONSE = ("batch-response", "transaction-response", "history")
REQUEST_TEXT = "Each entry of a batch, transaction or history has a request, others none."
RESPONSE_TEXT = "Each entry of a response or history has a response, others none."
WITH_BODY = ("POST", "PUT", "PATCH")


def check_bundle(bundle: Node, location: str, findings: Findings) -> None:
    """Record what is wrong with a bundle as such."""
    kind = bundle.get("type")
    raw = bundle.get("entry")
    entries = [entry if isinstance(entry, dict) else {} for entry in (raw if isinstance(raw, list) else ())]
    if "total" in bundle and kind not in ("searchset", "history"):
        findings.error("bdl-1", f"{location}.total", "Only a search result or a history has a total.")
    _check_first(kind, bundle, entries, location, findings)
    seen: set[tuple[str, str]] = set()
    written: set[str] = set()
    for number, entry in enumerate(entries):
        where = f"{location}.entry[{number}]"
        _check_parts(kind, entry, where, findings)
        _check_full_url(kind, entry, where, seen, findings)
        if kind in ("batch", "transaction"):
            _check_request(kind, entry, where, written, findings)


def has_plain_entries(bundle: Node) -> bool:
    """
    Whether a transaction only updates resources by their ids, each once and under the URN that its id makes.

    Then it is valid where its resources are: neither `check_bundle` nor its schema has anything to say. False decides
    nothing. KeyError, TypeError or AttributeError where it has another shape.
    """
    entries = bundle["entry"]
    if bundle["type"] != "transaction" or len(bundle) != 3 or entries.__class__ is not list or not entries:
        return False
    ids = set()
    for entry in entries:
        resource = entry["resource"]
        identity = resource["id"]
        request = entry["request"]
        if (
            entry["fullUrl"] != f"urn:uuid:{identity}"
            or request["url"] != f"{resource['resourceType']}/{identity}"
            or request["method"] != "PUT"
            or len(entry) != 3
            or len(request) != 2
        ):
            return False
        ids.add(identity)
    return len(ids) == len(entries)


def _check_first(kind: object, bundle: Node, entries: list[Node], location: str, findings: Findings) -> None:
    first = _object(entries[0], "resource").get("resourceType") if entries else None
    if kind == "message" and first != "MessageHeader":
        findings.error("bdl-12", f"{location}.entry", "A message starts with its MessageHeader.")
    if kind == "document":
        identifier = _object(bundle, "identifier")
        if not ("system" in identifier and "value" in identifier):
            findings.error("bdl-9", f"{location}.identifier", "A document has an identifier with system and value.")
        if "timestamp" not in bundle:
            findings.error("bdl-10", f"{location}.timestamp", "A document has a timestamp.")
        if first != "Composition":
            findings.error("bdl-11", f"{location}.entry", "A document starts with its Composition.")


def _check_parts(kind: object, entry: Node, where: str, findings: Findings) -> None:
    if "search" in entry and kind != "searchset":
        findings.error("bdl-2", f"{where}.search", "Only a search result has search details.")
    if ("request" in entry) != (kind in WITH_REQUEST):
        findings.error("bdl-3", f"{where}.request", REQUEST_TEXT)
    if ("response" in entry) != (kind in WITH_RESPONSE):
        findings.error("bdl-4", f"{where}.response", RESPONSE_TEXT)
    if (
        kind == "searchset"
        and "id" not in _object(entry, "resource")
        and _object(entry, "search").get("mode") != "outcome"
    ):
        findings.error("element-missing", f"{where}.resource.id", "What a search finds has an id.")
    if not any(part in entry for part in ("resource", "request", "response")):
        findings.error("bdl-5", where, "An entry needs a resource, a request or a response.")


def _check_full_url(kind: object, entry: Node, where: str, seen: set[tuple[str, str]], findings: Findings) -> None:
    url, resource = entry.get("fullUrl"), _object(entry, "resource")
    if not isinstance(url, str):
        return
    if SCHEME.match(url) is None:
        findings.error("full-url-relative", f"{where}.fullUrl", "A full URL is absolute.")
    if "/_history/" in url:
        findings.error("bdl-8", f"{where}.fullUrl", "A full URL names no version.")
    name = (url, str(_object(resource, "meta").get("versionId", "")))
    if kind != "history" and name in seen:
        findings.error("bdl-7", f"{where}.fullUrl", "Another entry has this full URL.")
    seen.add(name)
    rest = REST.search(url) if url.startswith(("http://", "https://")) else None
    if rest and "id" in resource and (rest[1], rest[2]) != (resource.get("resourceType"), resource["id"]):
        findings.error("full-url-differs", f"{where}.fullUrl", "The full URL and the resource's type and id differ.")


def _check_request(kind: object, entry: Node, where: str, written: set[str], findings: Findings) -> None:
    request, resource = _object(entry, "request"), _object(entry, "resource")
    method, url = request.get("method"), request.get("url")
    if method in WITH_BODY and "resource" not in entry:
        findings.error("element-missing", f"{where}.resource", "This request needs a resource.")
    if not isinstance(url, str):
        return
    if method in ("POST", "PUT") and resource and url.split("?")[0].split("/")[0] != resource.get("resourceType"):
        findings.error("request-url-differs", f"{where}.request.url", "The URL and the resource's type differ.")
    elif method == "PUT" and resource and "?" not in url and "/" in url and url.split("/")[1] != resource.get("id"):
        findings.error("request-url-differs", f"{where}.request.url", "The URL and the resource's id differ.")
    if method in ("PUT", "PATCH", "DELETE"):
        if url in written and kind == "transaction":
            findings.error("id-repeated", f"{where}.request.url", "A transaction writes a resource once.")
        written.add(url)


def _object(node: Node, key: str) -> Node:
    value = node.get(key)
    return value if isinstance(value, dict) else {}
