"""
The Patient that another one replaces -> MRG.

    Patient.identifier     = MRG-1*   CX
    Account.identifier     = MRG-3    CX    the patient's
    Encounter.identifier   = MRG-5    CX    the patient's
    Patient.name           = MRG-7*   XPN
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_REQUIRED = frozenset({1})


def mrg_from(context: Context, prior: Resource) -> Draft:
    """Return MRG; the number of the patient that is no longer used is required."""
    draft = Draft("MRG", TABLE, _REQUIRED)
    source = context.source
    source.whole(prior, "active", "link")
    draft.put(1, *(cx_from(context, one) for one in source.items(prior, "identifier")))
    draft.put(7, *(xpn_from(context, one) for one in source.items(prior, "name")))
    for kind, number, status in (("Account", 3, "inactive"), ("Encounter", 5, "entered-in-error")):
        for resource in source.all(kind):
            if resource.get("status") == status and not draft.has(number):
                source.whole(resource, "status", "subject", "partOf", "class")
                draft.put(number, *(cx_from(context, one) for one in source.items(resource, "identifier")[:1]))
    context.restore(draft, prior)
    return draft
