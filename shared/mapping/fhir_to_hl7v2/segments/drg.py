"""
The diagnosis related group among the extensions of a visit, or of a patient without one -> DRG.

    Encounter.extension[diagnosis-related-group] = DRG-1  CWE

What was kept as sent is back in its places.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_GROUP = f"{EXTENSIONS}diagnosis-related-group"


def drg_from(context: Context, holder: Resource | None) -> Draft | None:
    """Return DRG, None where the holder has no such group."""
    if holder is None:
        return None
    draft = Draft("DRG", TABLE)
    for group in context.extensions(holder, _GROUP)[:1]:
        draft.put(1, cwe_from(context, group.get("valueCodeableConcept"), "DRG-1", "HL70055"))
    context.restore(draft, holder)
    return draft if draft.fields else None
