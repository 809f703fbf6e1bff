"""
The records of charges and of locations in a master file (MFN^M04, M05).

    CDM, PRC    ChargeItemDefinition; NTE its note
    LOC         Location, with LCH and LRL, each an extension of it
    LDP         HealthcareService at the location, with LCH and LCC, each an extension of it
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.segments import lcc, lch, lrl
from shared.mapping.hl7v2_to_fhir.segments.cdm import definition_from_cdm
from shared.mapping.hl7v2_to_fhir.segments.ldp import service_from_ldp
from shared.mapping.hl7v2_to_fhir.segments.loc import location_from_loc
from shared.mapping.hl7v2_to_fhir.segments.master_file_fields import add_details
from shared.mapping.hl7v2_to_fhir.segments.prc import add_prc

_DETAILS = {"LCH": lch.TABLE, "LRL": lrl.TABLE, "LCC": lcc.TABLE}
OPENERS = {
    "CDM": ("MFE", ""),
    "PRC": ("CDM",),
    "LOC": ("MFE", ""),
    "LDP": ("LOC",),
    **dict.fromkeys(_DETAILS, ("LDP", "LOC")),
}


def map_charge(context: Context, group: Group, event: str) -> Resource:
    """Return the ChargeItemDefinition of a CDM group; `event` is that of the record (table 0180)."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    definition = definition_from_cdm(context, group.segment, event)
    add_notes(context, group, definition)
    for price in group.all("PRC"):
        assert price.segment is not None  # noqa: S101 - only the message itself has no segment
        add_prc(context, definition, price.segment)
        add_notes(context, price, definition)
    return definition


def map_location(context: Context, group: Group, event: str) -> Resource:
    """Return the Location of a LOC group; its departments are in the bundle."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    place = location_from_loc(context, group.segment, event)
    _add_below(context, group, place)
    for department in group.all("LDP"):
        assert department.segment is not None  # noqa: S101 - only the message itself has no segment
        _add_below(context, department, service_from_ldp(context, department.segment, place, event))
    return place


def _add_below(context: Context, group: Group, resource: Resource) -> None:
    """Add the characteristics, relationships, charges and notes right below a group to what the group became."""
    add_notes(context, group, resource)
    for child in group.all(*_DETAILS):
        assert child.segment is not None  # noqa: S101 - only the message itself has no segment
        add_details(context, resource, child.segment, _DETAILS[child.name])
        add_notes(context, child, resource)
