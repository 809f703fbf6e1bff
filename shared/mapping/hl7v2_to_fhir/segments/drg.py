"""
DRG -> Encounter (the guide has no map of it: our policy): the diagnosis related group is the visit's.

    Encounter.extension[diagnosis-related-group] = DRG-1  CWE  without a visit: the Account's, else the Patient's
    Encounter.extension = DRG-2..33*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_drg(context: Context, holder: Resource, drg: Segment) -> None:
    """Add the group to the visit, or to what stands in for it."""
    carry_into(context, holder, drg, TABLE)
    if group := concept(context, drg, 1, "HL70055"):
        append(holder, "extension", {"url": f"{EXTENSIONS}diagnosis-related-group", "valueCodeableConcept": group})
