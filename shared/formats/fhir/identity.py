"""
Resource ids and references: the one place where an id is made.

An id is the UUIDv5 of the resource type and its business key, so that the same thing has the same id in every message
and on every run. Every part of a key is written with its length, so that ("ab", "c") and ("a", "bc") differ.

    resource              business key
    Patient               authority + identifier (MR before PI before PT before the first); scope + message without one
    Practitioner          authority + identifier; without one, the whole name
    Organization          authority + identifier; without one, the name
    Location              scope + the levels of the PL down to it; without any, the whole PL as sent
    Encounter             authority + visit number; without one, the patient + admission time, else the message
    ServiceRequest        report key (filler, else placer, else message + place; + service)
    DiagnosticReport      report key
    Specimen              authority + specimen id; without one, the report key + its place
    Observation           report key + code + sub-id (+ the how-manieth, where a report repeats all of these)
    Account               authority + account number; without one, scope + patient
    AllergyIntolerance    authority + identifier; without one, patient + allergen
    Condition, Procedure  authority + identifier; without one, the visit (else the patient) + code (+ time)
    Coverage              patient + insurer + plan + policy number
    RelatedPerson         patient + part (next of kin, guarantor, insured) + name
    PractitionerRole      what it is about + role + person
    CarePlan, Goal        authority + instance number; without one, the patient + code; so is a problem's Condition
    ChargeItemDefinition, ObservationDefinition    scope + code
    HealthcareService     location + department
    Parameters            query or response + scope + the query's tag
    ChargeItem            authority + transaction number; without one, the message + its place
    Provenance            scope + control id + time of the message; of the conversion: that one + the map

An authority that is a URI is unique in the world; any other is unique within its *scope*: the partner, or without one
the sending facility and application.
"""

from __future__ import annotations

from hashlib import sha1
from operator import itemgetter
from uuid import UUID

_NAMESPACE = UUID("6a4c6cf7-5f10-5f86-9d9b-0d6d3f2f7b11")
_SEED = sha1(_NAMESPACE.bytes, usedforsecurity=False)
# The groups of a UUID among the digits of a hash, without the version and with the variant by itself.
_groups = itemgetter(slice(8), slice(8, 12), slice(13, 16), 16, slice(17, 20), slice(20, 32))
# The first digit of a UUID's fourth group has its two highest bits fixed (RFC 9562, section 4.1).
_VARIANT = {f"{digit:x}": f"{digit & 0b0011 | 0b1000:x}" for digit in range(16)}


def resource_id(kind: str, *key: str) -> str:
    """Return the id of the resource of type `kind` that `key` names."""
    name = f"{len(kind)}:{kind}"
    for part in key:
        name = f"{name}{len(part)}:{part}"
    # What uuid.uuid5 does, without its objects: this runs for every resource of every message.
    digest = _SEED.copy()
    digest.update(name.encode())
    low, mid, high, variant, clock, node = _groups(digest.hexdigest())
    return f"{low}-{mid}-5{high}-{_VARIANT[variant]}{clock}-{node}"


def scoped(scope: str, issuer: str) -> str:
    """Return the name of an authority as a key part: global when it is a URI, else within `scope`."""
    return issuer if ":" in issuer else f"{len(scope)}:{scope}/{issuer}"


def reference_to(resource: dict[str, object]) -> dict[str, str]:
    """Return a literal reference to a resource that has an id."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}
