"""
CWE that names an organization (a manufacturer, a place of entry) -> Organization.

    Organization.identifier = CWE-1, 3   and 4, 6      Organization.name = CWE-9, else 2
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, field_name
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent


def organization_from_cwe(context: Context, segment: Segment, number: int) -> Resource | None:
    """Return the Organization that a coded field names, None when the field is empty."""
    if not (raw := segment.raw(number)):
        return None
    # What a local code means may differ from field to field.
    memory = ("CWE of an organization", field_name(segment, number), raw)
    return recurrent(context, memory, _organization, segment, number)


def _organization(context: Context, segment: Segment, number: int) -> Resource | None:
    value = concept(context, segment, number)
    if value is None:
        return None
    codings = value.get("coding", [])
    first = codings[0] if codings else {}
    words = value.get("text", "")
    key = (first.get("system", ""), first["code"]) if "code" in first else ("name", words)
    organization = context.shared("Organization", context.scope, "coded", *key)
    for coding in codings:
        identifier = {name: coding[part] for name, part in (("system", "system"), ("value", "code")) if part in coding}
        append(organization, "identifier", identifier if "value" in identifier else None)
    organization["name"] = words or first.get("code", "")
    return organization
