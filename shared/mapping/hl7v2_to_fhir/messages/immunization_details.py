"""
OBX below RXA -> the elements of the Immunization that they speak of, by LOINC code; the Observation stays beside them.

    30963-3            fundingSource                        64994-7            programEligibility
    30973-2            protocolApplied.doseNumber           59782-3            protocolApplied.seriesDoses
    59780-7            protocolApplied.series               31044-1            reaction.detail, with OBX-14 as its date
    69764-9, 30956-7   education.documentType               29768-9, 29769-7   education.publication-, presentationDate

OBX-4 keeps the parts of one information statement together. Policy: a statement of which only dates are known has no
education (imm-1 asks for its document). A vaccine type without a date of a statement tells of no education: forecasts
and the evidence of immunity name it too.
"""

from __future__ import annotations

from shared.formats.fhir.encoding import Number
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal

Detail = tuple[Segment, Resource]

_CONCEPTS = {"30963-3": "fundingSource", "64994-7": "programEligibility"}
_VACCINE_TYPE = "30956-7"
_DOCUMENTS = frozenset({"69764-9", _VACCINE_TYPE})
_DATES = {"29768-9": "publicationDate", "29769-7": "presentationDate"}
_SERIES = {"30973-2": "doseNumber", "59782-3": "seriesDoses", "59780-7": "series"}
_REACTION = "31044-1"


def add_details(immunization: Resource, details: list[Detail]) -> None:
    """Set what the observations about an immunization say of it."""
    education: dict[str, Resource] = {}
    vaccine_types: dict[str, str] = {}
    protocol: Resource = {}
    for obx, observation in details:
        code = obx.text(3)
        if code in _CONCEPTS:
            _set_concept(immunization, _CONCEPTS[code], observation.get("valueCodeableConcept"))
        elif code in _DOCUMENTS:
            if words := _document(observation.get("valueCodeableConcept"), observation):
                if code == _VACCINE_TYPE:
                    vaccine_types.setdefault(obx.text(4), words)
                else:
                    education.setdefault(obx.text(4), {}).setdefault("documentType", words)
        elif code in _DATES:
            if date := observation.get("valueDateTime"):
                education.setdefault(obx.text(4), {})[_DATES[code]] = date
        elif code in _SERIES:
            _set_series(protocol, _SERIES[code], obx, observation)
        elif code == _REACTION:
            _add_reaction(immunization, observation)
    for part, words in vaccine_types.items():
        if part in education:
            education[part].setdefault("documentType", words)
    found = [one for one in education.values() if "documentType" in one]
    if found:
        immunization["education"] = found
    if "doseNumberPositiveInt" in protocol or "doseNumberString" in protocol:
        immunization["protocolApplied"] = [protocol]


def _set_concept(immunization: Resource, name: str, value: Resource | None) -> None:
    if value is None:
        return
    if name == "programEligibility":
        append(immunization, name, value)
    else:
        immunization.setdefault(name, value)


def _document(value: Resource | None, observation: Resource) -> str:
    """Return the document's type: FHIR has a string for it."""
    if value is None:
        return str(observation.get("valueString", ""))
    codings = value.get("coding", [])
    return str(value.get("text") or (codings[0].get("code", "") if codings else ""))


def _set_series(protocol: Resource, name: str, obx: Segment, observation: Resource) -> None:
    value: object = observation.get("valueQuantity", {}).get("value")
    text = obx.text(5, 2) or obx.text(5)
    if name == "series":
        protocol.setdefault("series", text)
        return
    number: Number | object | None = value if isinstance(value, int) else decimal(obx.text(5))
    if isinstance(number, int) and number > 0:
        protocol.setdefault(f"{name}PositiveInt", number)
    elif text:
        protocol.setdefault(f"{name}String", text)


def _add_reaction(immunization: Resource, observation: Resource) -> None:
    reaction: Resource = {"detail": reference(observation)}
    if when := observation.get("effectiveDateTime"):
        reaction["date"] = when
    append(immunization, "reaction", reaction)
