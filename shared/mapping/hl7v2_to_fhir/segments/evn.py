"""
EVN -> Provenance of the message (HL7 v2-to-FHIR guide, map EVN[Provenance]).

    Provenance.activity         = EVN-1   ID    where it is not what MSH-9.2 says
    Provenance.recorded         = EVN-2   DTM   not exact enough for an instant: extension
    Provenance.extension        = EVN-3   AS-SENT
    Provenance.reason           = EVN-4   CWE
    Provenance.agent[enterer]   = EVN-5*  XCN
    Provenance.occurredDateTime = EVN-6   DTM   MSH-7 is then kept in an extension
    Provenance.location         = EVN-7   HD
"""

from __future__ import annotations

from string import whitespace

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import translated
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import issuer_key
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time, put_instant
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.msh import participant
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import EVENT_REASON

TABLE = table_of(__doc__)


def add_evn(context: Context, provenance: Resource, evn: Segment) -> None:
    """Add to the Provenance when, why, where and by whom the event was recorded."""
    context.claim(evn, TABLE)
    event = evn.text(1)
    if event and event != context.message.event:
        activity = provenance.setdefault("activity", {})
        append(activity, "coding", {"system": TERMINOLOGY + "v2-0003", "code": " ".join(event.split())})
    put_instant(context, provenance, "recorded", evn, 2)
    if reason := translated(context, evn, 4, EVENT_REASON, TERMINOLOGY + "v3-ActReason"):
        append(provenance, "reason", reason)
    for person in practitioners(context, evn, 5):
        append(provenance, "agent", {"type": participant("enterer"), "who": reference(person)})
    _set_occurred(context, provenance, evn)
    if (facility := evn.first(7)) and facility.text().strip(f"^{whitespace}"):
        provenance["location"] = reference(_place(context, facility))
    carry(context, provenance, evn, TABLE)


def _set_occurred(context: Context, provenance: Resource, evn: Segment) -> None:
    occurred: Resource = {}
    put_date_time(context, occurred, "occurredDateTime", evn, 6)
    if not occurred:
        return
    carry_field(provenance, context.message.header, 7)
    for name in ("occurredDateTime", "_occurredDateTime"):
        provenance.pop(name, None)
    provenance.update(occurred)


def _place(context: Context, facility: Repetition) -> Resource:
    """Return the Location that an HD names."""
    namespace, universal, kind = (facility.component(part) for part in (1, 2, 3))
    issuer = issuer_key(context, namespace, universal, kind)
    place = context.shared("Location", context.scope, "facility", issuer or facility.text())
    place["name"] = namespace or universal or facility.text()
    if ":" in issuer:
        append(place, "identifier", {"system": "urn:ietf:rfc:3986", "value": issuer})
    if universal and universal not in issuer:
        append(place, "identifier", {"value": universal})
    if kind and not issuer.startswith(("urn:oid:", "urn:uuid:")):
        append(place, "extension", original_value(kind))
    return place
