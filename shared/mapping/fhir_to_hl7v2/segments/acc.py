"""
The accident among the extensions of a visit, an account or a patient -> ACC.

    Encounter.extension[acc-1]   = ACC-1    DTM
    Encounter.extension[acc-2]   = ACC-2    CWE
    Encounter.extension[acc-7]   = ACC-7    XCN
    Encounter.extension[acc-11]  = ACC-11   XAD

What was kept as sent is back in its places.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_URL = f"{EXTENSIONS}acc-"


def acc_from(context: Context, holder: Resource | None) -> Draft | None:
    """Return ACC, None where the holder knows of no accident."""
    draft = Draft("ACC", TABLE)
    if holder is None:
        return None
    for when in context.extensions(holder, f"{_URL}1"):
        draft.put(1, dtm_from(context, when, "valueDateTime"))
    for kind in context.extensions(holder, f"{_URL}2"):
        draft.put(2, cwe_from(context, kind.get("valueCodeableConcept"), "ACC-2", "HL70050"))
    for person in context.extensions(holder, f"{_URL}7"):
        draft.put(7, *xcns_from(context, person, "valueReference"))
    for place in context.extensions(holder, f"{_URL}11"):
        draft.put(11, xad_from(context, place.get("valueAddress")))
    context.restore(draft, holder)
    return draft if draft.fields else None
