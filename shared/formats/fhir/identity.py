"""
Resource ids and references: the one place where an id is made.

An id is the UUIDv5 of the resource type and its business key, so that the same thing has the same id in every message
and on every run. Every part of a key is written with its length, so that ("ab", "c") and ("a", "bc") differ.

    resource              business key
    Patient               authority + identifier (MR before PI before PT before the first); scope + message without one
    Practitioner          authority + identifier; without one, the whole name
    Organization          authority + identifier; without one, the name
    Location              scope + the whole PL as sent
    Encounter             authority + visit number; without one, the patient + admission time, else the message
    ServiceRequest        report key (filler, else placer, else message + place; + service)
    DiagnosticReport      report key
    Specimen              authority + specimen id; without one, the report key + its place
    Observation           report key + code + sub-id (+ the how-manieth, where a report repeats all of these)
    Provenance            scope + control id + time of the message

An authority that is a URI is unique in the world; any other is unique within its *scope*: the partner, or without one
the sending facility and application.
"""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

_NAMESPACE = UUID("6a4c6cf7-5f10-5f86-9d9b-0d6d3f2f7b11")


def resource_id(kind: str, *key: str) -> str:
    """Return the id of the resource of type `kind` that `key` names."""
    name = "".join([f"{len(part)}:{part}" for part in (kind, *key)])
    # What uuid.uuid5 does, without its objects: this runs for every resource of every message.
    digest = bytearray(sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def scoped(scope: str, issuer: str) -> str:
    """Return the name of an authority as a key part: global when it is a URI, else within `scope`."""
    return issuer if ":" in issuer else f"{len(scope)}:{scope}/{issuer}"


def reference_to(resource: dict[str, object]) -> dict[str, str]:
    """Return a literal reference to a resource that has an id."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}
