"""
Encounter -> PV2.

    Encounter.location    = PV2-1    PL    planned
    Encounter.reasonCode  = PV2-3    CWE   the first; else the words of reasonReference
    Encounter.extension[plannedStartDate] = PV2-8  DTM   else Encounter.period of a visit that is only planned
    Encounter.extension[plannedEndDate]   = PV2-9  DTM
    Encounter.length      = PV2-11   NM    in days
    Encounter.priority    = PV2-25   CWE
    Encounter.extension[modeOfArrival]    = PV2-38  CWE
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from, named_in_words, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import value_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds, dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.pv1 import expects
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import VISIT_PRIORITY

TABLE = table_of(__doc__)

_PLANNED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter."
_ARRIVAL = "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival"


def pv2_from(context: Context, encounter: Resource | None) -> Draft | None:
    """Return PV2, None where the visit has nothing for it."""
    if encounter is None:
        return None
    draft = Draft("PV2", TABLE)
    source = context.source
    active = any(one.get("status") == "active" for one in encounter.get("location", ()))
    for entry in source.items(encounter, "location") if active else ():
        if entry.get("status") == "planned" and not draft.has(1):
            source.whole(entry, "status", "physicalType", "period")
            draft.put(1, pl_from(context, source.reference(entry, "location")))
    if reason := source.one(encounter, "reasonCode"):
        draft.put(3, cwe_from(context, reason, "PV2-3"))
    if not draft.has(3):
        draft.put(3, *named_in_words(context, encounter, "reasonReference", most=1))
    source.held(encounter, "reasonReference")
    for number, name in ((8, "plannedStartDate"), (9, "plannedEndDate")):
        for extension in context.extensions(encounter, _PLANNED + name):
            draft.put(number, dtm_from(context, extension, "valueDateTime"))
    if expects(context, encounter):
        for number, moment in zip((8, 9), bounds(context, encounter.get("period")), strict=True):
            draft.put(number, moment if not draft.has(number) else None)
    if (length := source.one(encounter, "length")) and length.get("code") == "d":
        source.whole(length, "unit", "system", "code")
        draft.put(11, value_of(context, length))
    priority = source.one(encounter, "priority")
    draft.put(25, table_code(context, priority, "PV2-25", VISIT_PRIORITY, TERMINOLOGY + "v3-ActPriority"))
    codings = [one.get("valueCoding", {}) for one in context.extensions(encounter, _ARRIVAL)]
    draft.put(38, cwe_from(context, {"coding": codings} if codings else None, "PV2-38", "HL70430"))
    context.restore(draft, encounter)
    return draft if draft.fields else None
