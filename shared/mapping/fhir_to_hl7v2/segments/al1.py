"""
AllergyIntolerance -> AL1.

    AllergyIntolerance.category   = AL1-2   CWE   as sent in extension allergen-type; else by category and type
    AllergyIntolerance.code       = AL1-3   CWE
    AllergyIntolerance.reaction.severity = AL1-4   CWE   as sent in extension severity; else the worst, or criticality
    AllergyIntolerance.reaction.manifestation = AL1-5*  ST
    AllergyIntolerance.onsetDateTime     = AL1-6   DTM   until 2.7
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.visit_maps import ALLERGY_CATEGORY, ALLERGY_CRITICALITY, REACTION_SEVERITY

TABLE = table_of(__doc__)

_REQUIRED = frozenset({3})


def al1_from(context: Context, allergy: Resource) -> Draft:
    """Return AL1; the allergen is required."""
    draft = Draft("AL1", TABLE, _REQUIRED)
    source = context.source
    source.whole(allergy, "clinicalStatus", "patient", "type")
    draft.put(2, *_sent(context, allergy, "allergen-type", "AL1-2"))
    categories = source.take(allergy, "category") or ()
    if categories and not draft.has(2):
        draft.put(2, back(ALLERGY_CATEGORY, str(categories[0])))
    draft.put(3, cwe_from(context, source.one(allergy, "code"), "AL1-3"))
    draft.put(4, *_sent(context, allergy, "severity", "AL1-4"))
    criticality = source.text(allergy, "criticality")
    severities = list[str]()
    for reaction in source.items(allergy, "reaction"):
        draft.put(4, *_sent(context, reaction, "severity", "AL1-4"))
        severities.append(source.text(reaction, "severity"))
        draft.put(5, *(_words(context, one) for one in source.items(reaction, "manifestation")))
    if not draft.has(4):
        # Whoever reads one severity is to know the worst.
        worst = next((code for code in REACTION_SEVERITY.codes.values() if code in severities), "")
        draft.put(4, back(REACTION_SEVERITY, worst) or back(ALLERGY_CRITICALITY, criticality))
    draft.put(6, dtm_from(context, allergy, "onsetDateTime"))
    context.restore(draft, allergy)
    return draft


def _sent(context: Context, element: Resource, name: str, field: str) -> list[Composite | None]:
    found = context.extensions(element, f"{EXTENSIONS}{name}")
    return [cwe_from(context, one.get("valueCodeableConcept"), field) for one in found]


def _words(context: Context, manifestation: Resource) -> Composite | None:
    """Return a reaction in the words that AL1-5 is made of; in its code for want of them."""
    coded = cwe_from(context, manifestation, "AL1-5")
    words = context.source.text(manifestation, "text")
    said = next((str(one["display"]) for one in manifestation.get("coding", ()) if one.get("display")), "")
    return [words or said] if words or said else coded
