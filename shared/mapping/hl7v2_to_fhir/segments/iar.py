"""
IAR -> AllergyIntolerance.reaction of the IAM before it; the guide has no map of it: our policy.

    AllergyIntolerance.reaction.manifestation = IAR-1   CWE
    AllergyIntolerance.reaction.severity      = IAR-2   CWE   as sent: extension severity
    AllergyIntolerance.reaction.extension     = IAR-3   AS-SENT
    AllergyIntolerance.reaction.description   = IAR-4   ST
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.al1 import set_reaction

TABLE = table_of(__doc__)


def add_iar(context: Context, allergy: Resource, iar: Segment) -> None:
    """Add the reaction to the allergy; without one (IAR-1) the allergy itself keeps what the segment says."""
    context.claim(iar, TABLE)
    before = len(allergy.get("reaction", ()))
    set_reaction(context, allergy, iar, 2, 1)
    added = len(allergy.get("reaction", ())) > before
    holder: Resource = allergy["reaction"][-1] if added else allergy
    carry_field(holder, iar, 3)
    if added and (words := iar.field(4).text().strip()):
        holder["description"] = words
    else:
        carry_field(holder, iar, 4)
