"""
The records of staff in a master file (MFN^M02), or in the answer to a query -> Practitioner, PractitionerRole.

    STF, LAN, EDU, CER    Practitioner             STF, PRA    PractitionerRole
    ORG, AFF              PractitionerRole, one for each unit and organization
    NTE                   note of the Practitioner
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import ANY, Group
from shared.mapping.hl7v2_to_fhir.segments.aff import role_from_aff
from shared.mapping.hl7v2_to_fhir.segments.cer import add_cer
from shared.mapping.hl7v2_to_fhir.segments.edu import add_edu
from shared.mapping.hl7v2_to_fhir.segments.lan import add_lan
from shared.mapping.hl7v2_to_fhir.segments.org import role_from_org
from shared.mapping.hl7v2_to_fhir.segments.pra import role_from_pra
from shared.mapping.hl7v2_to_fhir.segments.stf import practitioner_from_stf, role_from_stf

_ROLES = {"PRA": role_from_pra, "ORG": role_from_org, "AFF": role_from_aff}
_ADDED = {"LAN": add_lan, "EDU": add_edu, "CER": add_cer}
OPENERS = {"STF": ("MFE", ""), **dict.fromkeys((*_ROLES, *_ADDED), ("STF",)), "NTE": (ANY,)}


def map_staff(context: Context, group: Group, event: str = "") -> Resource:
    """Return the Practitioner of an STF group; `event` is that of the record (table 0180)."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    person = practitioner_from_stf(context, group.segment, event)
    role_from_stf(context, group.segment, person)
    for holder in (group, *group.children):
        if holder.segment is not None and (make := _ROLES.get(holder.name)):
            make(context, holder.segment, person)
        elif holder.segment is not None and (add := _ADDED.get(holder.name)):
            add(context, person, holder.segment)
        add_notes(context, holder, person)
    return person
