"""
RXR -> Immunization, Dosage (HL7 v2-to-FHIR guide, maps RXR[Immunization], RXR[MedicationRequest]).

    route                  = RXR-1   CWE   table 0162 as v3-RouteOfAdministration
    site                   = RXR-2   CWE   table 0163
    extension              = RXR-3   AS-SENT
    method                 = RXR-4   CWE   table 0165; an Immunization has none: extension
    additionalInstruction  = RXR-5   CWE   an Immunization has none: extension
    extension              = RXR-6   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, translated
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.medication_maps import ROUTE
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_ROUTE = TERMINOLOGY + "v3-RouteOfAdministration"


def add_rxr_to_immunization(context: Context, immunization: Resource, rxr: Segment) -> None:
    """Add route and site; a second RXR is kept."""
    carry_into(context, immunization, rxr, TABLE)
    _set_way(context, immunization, rxr)
    carry_field(immunization, rxr, 4)
    carry_field(immunization, rxr, 5)


def add_rxr_to_dosage(context: Context, dosage: Resource, rxr: Segment) -> None:
    """Add route, site, method and instruction; a second RXR is kept."""
    carry_into(context, dosage, rxr, TABLE)
    _set_way(context, dosage, rxr)
    _once(dosage, "method", concept(context, rxr, 4, "HL70165"), rxr, 4)
    append(dosage, "additionalInstruction", concept(context, rxr, 5))


def add_rxr_to_administration(context: Context, given: Resource, rxr: Segment) -> None:
    """Add route, site and method to what was given; mad-1: where it has no amount they are extensions."""
    holder = given.get("dosage", given)
    carry_into(context, holder, rxr, TABLE)
    carry_field(holder, rxr, 5)
    if "dosage" in given:
        _set_way(context, holder, rxr)
        _once(holder, "method", concept(context, rxr, 4, "HL70165"), rxr, 4)
        return
    for number in (1, 2, 4):
        carry_field(given, rxr, number)


def _set_way(context: Context, element: Resource, rxr: Segment) -> None:
    memory = ("RXR", rxr.raw(1), rxr.raw(2))
    if (way := context.known.get(memory)) is None:
        route, site = translated(context, rxr, 1, ROUTE, _ROUTE), concept(context, rxr, 2, "HL70163")
        way = context.known[memory] = (route, site)
    route, site = way
    _once(element, "route", route, rxr, 1)
    _once(element, "site", site, rxr, 2)


def _once(element: Resource, name: str, value: Resource | None, rxr: Segment, number: int) -> None:
    if value is not None and element.setdefault(name, value) != value:
        carry_field(element, rxr, number)
