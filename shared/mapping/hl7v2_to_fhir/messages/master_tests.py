"""
The records of tests in a master file (MFN^M08-M12) -> ObservationDefinition, SpecimenDefinition.

    OM1, OM2, OM3    ObservationDefinition          OM4    SpecimenDefinition
    OM5, OM6, OM7, OMC    extensions of it, as sent
    PRT    whoever has a part in it, as everywhere (`roles`)         NTE    note
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.messages.roles import add_roles
from shared.mapping.hl7v2_to_fhir.segments import om5, om6, om7, omc
from shared.mapping.hl7v2_to_fhir.segments.master_file_fields import add_details
from shared.mapping.hl7v2_to_fhir.segments.om1 import definition_from_om1
from shared.mapping.hl7v2_to_fhir.segments.om2 import add_om2
from shared.mapping.hl7v2_to_fhir.segments.om3 import add_om3
from shared.mapping.hl7v2_to_fhir.segments.om4 import add_om4

_ADDED = {"OM2": add_om2, "OM3": add_om3, "OM4": add_om4}
_DETAILS = {"OM5": om5.TABLE, "OM6": om6.TABLE, "OM7": om7.TABLE, "OMC": omc.TABLE}
OPENERS = {"OM1": ("MFE", ""), **dict.fromkeys((*_ADDED, *_DETAILS), ("OM1",)), "PRT": ("OM7", "OM1")}


def map_test(context: Context, group: Group, event: str) -> Resource:
    """Return the ObservationDefinition of an OM1 group; it has no state that the record's `event` would change."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    definition = definition_from_om1(context, group.segment)
    for holder in (group, *group.children):
        if holder.segment is not None and (add := _ADDED.get(holder.name)):
            add(context, definition, holder.segment)
        elif holder.segment is not None and (table := _DETAILS.get(holder.name)):
            add_details(context, definition, holder.segment, table)
        add_notes(context, holder, definition)
        add_roles(context, holder, definition)
    return definition
