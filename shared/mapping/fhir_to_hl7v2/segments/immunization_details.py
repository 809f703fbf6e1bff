"""
What an Immunization says of its funding, series, education and reactions -> OBX below RXA, by LOINC code.

    fundingSource                30963-3      programEligibility           64994-7
    protocolApplied.doseNumber   30973-2      protocolApplied.seriesDoses  59782-3
    protocolApplied.series       59780-7      reaction.detail              31044-1, reaction.date its OBX-14
    education.documentType       69764-9      education.publicationDate    29768-9
    education.presentationDate   29769-7

Each protocol and each document has a sub-id (OBX-4) of its own. What an observation about the immunization says
already is not said again.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.obx import obxs_from
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.terminology.systems import LOINC

_CONCEPTS = (("fundingSource", "30963-3", "Funding source"), ("programEligibility", "64994-7", "Program eligibility"))
_PROTOCOL = (
    ("doseNumberPositiveInt", "30973-2", "Dose number in series", "valueInteger"),
    ("doseNumberString", "30973-2", "Dose number in series", "valueString"),
    ("seriesDosesPositiveInt", "59782-3", "Number of doses in series", "valueInteger"),
    ("seriesDosesString", "59782-3", "Number of doses in series", "valueString"),
    ("series", "59780-7", "Series", "valueString"),
)
_EDUCATION = (
    ("documentType", "69764-9", "Document type", "valueString"),
    ("publicationDate", "29768-9", "Date of publication", "valueDateTime"),
    ("presentationDate", "29769-7", "Date of presentation", "valueDateTime"),
)
_REACTION = "31044-1"


def details_from(context: Context, immunization: Resource, observations: list[Resource]) -> list[Draft]:
    """Return the OBX that `observations`, which are about the immunization, do not make already."""
    told = {one.get("code") for each in observations for one in each.get("code", {}).get("coding", ())}
    found: list[Resource] = []
    for name, code, words in _CONCEPTS:
        if code in told:
            context.source.whole(immunization, name)
        else:
            concepts = context.source.items(immunization, name)
            found += [{**_observation(code, words, ""), "valueCodeableConcept": one} for one in concepts]
    number = 0
    for name, rows in (("protocolApplied", _PROTOCOL), ("education", _EDUCATION)):
        if told & {code for _, code, _, _ in rows}:
            context.source.whole(immunization, name)
            continue
        for one in context.source.items(immunization, name):
            number += 1
            found += _parts(context, one, rows, str(number))
    drafts = [draft for one in found for draft in obxs_from(context, one, None)]
    return drafts + list(_reactions(context, immunization, observations))


def reactions_of(context: Context, immunization: Resource) -> list[Resource]:
    """Return the observations that are reactions to an immunization; nothing is counted as read."""
    return [one for reaction in immunization.get("reaction", ()) for one in context.source.meant(reaction, "detail")]


def _parts(
    context: Context, element: Resource, rows: tuple[tuple[str, str, str, str], ...], number: str
) -> Iterator[Resource]:
    for name, code, words, kind in rows:
        if (value := context.source.take(element, name)) is not None:
            yield {**_observation(code, words, number), kind: value}


def _reactions(context: Context, immunization: Resource, observations: list[Resource]) -> Iterator[Draft]:
    """Yield the OBX of reactions: of those whose observation is elsewhere in the bundle, and of those in words."""
    for reaction in context.source.items(immunization, "reaction"):
        found = context.source.reference(reaction, "detail")
        words = str(reaction.get("detail", {}).get("display", ""))
        if found is not None:
            context.source.whole(reaction, "date")
            if found["resourceType"] == "Observation" and not any(found is one for one in observations):
                yield from obxs_from(context, found, None)
        elif words:
            context.source.whole(reaction, "detail")
            said = {
                "valueCodeableConcept": {"text": words},
                "effectiveDateTime": context.source.text(reaction, "date"),
            }
            yield from obxs_from(context, {**_observation(_REACTION, "Reaction", ""), **said}, None)


def _observation(code: str, words: str, number: str) -> Resource:
    kept = {"url": f"{EXTENSIONS}obx-4", "valueString": number}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": words}]},
        **({"extension": [kept]} if number else {}),
    }
