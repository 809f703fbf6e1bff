"""
RXA -> Immunization (HL7 v2-to-FHIR guide, map RXA[Immunization]).

    [dropped]                          = RXA-1    numbers the segment
    [dropped]                          = RXA-2    numbers the administrations of an order
    Immunization.occurrenceDateTime    = RXA-3    DTM   one that is no time: occurrenceString
    Immunization.extension             = RXA-4    DTM   as sent, where it is not RXA-3 again
    Immunization.vaccineCode           = RXA-5    CWE
    Immunization.doseQuantity          = RXA-6    NM    999 says that the amount is unknown
    Immunization.doseQuantity          = RXA-7    CWE
    Immunization.extension             = RXA-8    AS-SENT
    Immunization.primarySource         = RXA-9*   CWE   NIP001: 00 is new, others: reportOrigin; words: note
    Immunization.performer             = RXA-10*  XCN   AP
    Immunization.location              = RXA-11   place as in PL, address from the ninth component on
    Immunization.extension             = RXA-12..14*  AS-SENT
    Immunization.lotNumber             = RXA-15*  ST    further ones: extension
    Immunization.expirationDate        = RXA-16   DTM
    Immunization.manufacturer          = RXA-17   CWE
    Immunization.statusReason          = RXA-18*  CWE   further ones: reasonCode
    Immunization.reasonCode            = RXA-19*  CWE
    Immunization.status                = RXA-20   ID    table 0322; RE and NA as sent too
    Immunization.status                = RXA-21   ID    D: entered-in-error
    Immunization.recorded              = RXA-22   DTM
    Immunization.extension             = RXA-23..26*  AS-SENT
    Immunization.location              = RXA-27   PL
    Location.address                   = RXA-28   XAD   without a place: a Location of its own
    Immunization.identifier            = RXA-29*  EI
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept, concept_of, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of_field
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.mapping.hl7v2_to_fhir.segments.orc_immunization import performer
from shared.terminology.medication_maps import (
    COMPLETION_STATUS,
    NEW_RECORD,
    NOT_GIVEN,
    NOTHING_ADMINISTERED,
    UNKNOWN_AMOUNT,
)
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_CVX = "http://hl7.org/fhir/sid/cvx"
_PLACE_PARTS = 8
# Most records end before RXA-22.
_COMMON = 22


def immunization_from_rxa(context: Context, rxa: Segment, key: tuple[str, ...], about: Resource) -> Resource:
    """Return the Immunization; `about` holds patient and encounter, `key` the number of its order."""
    context.claim(rxa, TABLE)
    immunization = context.add("Immunization", *key)
    immunization.update(about)
    immunization["vaccineCode"] = concept(context, rxa, 5) or absent_concept()
    _set_status(context, immunization, rxa)
    put_date_time(context, immunization, "occurrenceDateTime", rxa, 3)
    if "occurrenceDateTime" not in immunization:
        immunization.pop("_occurrenceDateTime", None)
        immunization["occurrenceString"] = rxa.text(3) or "unknown"
    if rxa.raw(4) != rxa.raw(3) and rxa.text(4) != rxa.text(3):
        carry_field(immunization, rxa, 4)
    _set_dose(context, immunization, rxa)
    _set_source(context, immunization, rxa)
    for person in practitioners(context, rxa, 10):
        append(immunization, "performer", performer("AP", person))
    set_place(context, immunization, rxa)
    _set_product(context, immunization, rxa)
    for reason in concepts(context, rxa, 19):
        append(immunization, "reasonCode", reason)
    if len(rxa.fields) > _COMMON:
        put_date_time(context, immunization, "recorded", rxa, 22)
        for repetition in rxa.repetitions(29):
            append(immunization, "identifier", identifier_from_ei(context, repetition))
    carry(context, immunization, rxa, TABLE)
    return immunization


def _set_status(context: Context, immunization: Resource, rxa: Segment) -> None:
    """Set the status: a deleted record is an error; of CVX 998 nothing was administered (policy)."""
    code, action = rxa.text(20), rxa.text(21)
    codings = immunization["vaccineCode"].get("coding", ())
    nothing = (_CVX, NOTHING_ADMINISTERED) in [(one.get("system"), one.get("code")) for one in codings]
    if action == "D":
        immunization["status"] = "entered-in-error"
        carry_field(immunization, rxa, 20)
    elif status := COMPLETION_STATUS.get(code):
        immunization["status"] = "not-done" if nothing else status
        if code == "PA":
            immunization["isSubpotent"] = True
        elif code in NOT_GIVEN:
            # Refused is not the same as not administered, which the status alone does not tell.
            extend(immunization, "status", original_code(TERMINOLOGY + "v2-0322", code))
    else:
        immunization["status"] = "not-done" if nothing else "completed"
        if code:
            extend(immunization, "status", original_code(TERMINOLOGY + "v2-0322", code))
            text = "The completion status is not in table 0322."
            context.report("warning", "code-invalid", "unmapped-code", rxa.location(20), text)
    if action not in ("D", "A"):
        carry_field(immunization, rxa, 21)
    if rxa.raw(18):
        _set_status_reasons(context, immunization, rxa)


def _set_status_reasons(context: Context, immunization: Resource, rxa: Segment) -> None:
    if reason := concept(context, rxa, 18):
        immunization["statusReason"] = reason
    for repetition in rxa.repetitions(18)[1:]:
        append(immunization, "reasonCode", concept_of(context, repetition, "RXA-18"))


def _set_dose(context: Context, immunization: Resource, rxa: Segment) -> None:
    amount, unit = rxa.text(6), unit_of_field(context, rxa, 7)
    value = decimal(amount) if amount else None
    if value is not None and amount != UNKNOWN_AMOUNT:
        immunization["doseQuantity"] = quantity(value, unit)
        return
    carry_field(immunization, rxa, 6)
    if unit:
        immunization["doseQuantity"] = unit


def _set_source(context: Context, immunization: Resource, rxa: Segment) -> None:
    """Say whether the record is of the one who gave it (RXA-9); words alone are a note."""
    if not (raw := rxa.raw(9)):
        return
    # The vaccinations of a visit mostly all say the same.
    memory = ("RXA-9", raw)
    if (source := context.known.get(memory)) is None:
        source = context.known[memory] = _source(context, rxa)
    immunization.update({**source, "note": [*source["note"]]} if "note" in source else source)


def _source(context: Context, rxa: Segment) -> Resource:
    source: Resource = {}
    for number, repetition in enumerate(rxa.repetitions(9)):
        value = concept_of(context, repetition, "RXA-9")
        if value is None:
            continue
        if "coding" not in value:
            append(source, "note", value)
        elif number:
            append(source, "note", {"text": value.get("text") or value["coding"][0].get("code", "")})
        else:
            new = repetition.component(1) == NEW_RECORD
            source["primarySource"] = new
            if not new:
                source["reportOrigin"] = value
            else:
                append(source, "note", {"text": value["text"]} if "text" in value else None)
    return source


def set_place(context: Context, resource: Resource, rxa: Segment) -> None:
    """Set where something was administered: RXA-27 and RXA-28, before 2.6 RXA-11 (LA2)."""
    before = rxa.first(11)
    place = address = None
    if len(rxa.fields) > _COMMON:
        place, address = location_from_pl(context, rxa.first(27)), rxa.first(28)
    if before is not None:
        older, rest = _parts(before)
        place = place or location_from_pl(context, older)
        _set_address(context, resource, rxa, 11, place, rest)
    if place is not None:
        resource["location"] = reference(place)
    if address is not None:
        _set_address(context, resource, rxa, 28, place, address)


def _set_address(
    context: Context, resource: Resource, rxa: Segment, number: int, place: Resource | None, address: Repetition | None
) -> None:
    found = address_from_xad(context, address, rxa.location(number)) if address is not None else None
    if found is None:
        return
    if place is None:
        place = context.shared("Location", context.scope, "address", rxa.field(number).text())
        place["mode"] = "instance"
        resource["location"] = reference(place)
    if place.setdefault("address", found) != found:
        carry_field(resource, rxa, number)


def _parts(place: Repetition) -> tuple[Repetition, Repetition | None]:
    """Return the place and the address in an LA2 (an LA1 has the address in one component)."""
    if len(place.parts) <= _PLACE_PARTS:
        return place, None
    separator = place.delimiters.component
    older = Repetition(separator.join(place.parts[:_PLACE_PARTS]), place.delimiters)
    rest = separator.join(place.parts[_PLACE_PARTS:])
    if not rest.strip(separator):
        return older, None
    if place.delimiters.subcomponent and place.delimiters.subcomponent in rest:
        rest = rest.replace(place.delimiters.subcomponent, separator)
    return older, Repetition(rest, place.delimiters)


def _set_product(context: Context, immunization: Resource, rxa: Segment) -> None:
    lots = [lot for one in rxa.repetitions(15) if (lot := one.text().strip())]
    if lots:
        immunization["lotNumber"] = lots[0]
    if len(lots) > 1:
        carry_field(immunization, rxa, 15)
    moment = put_date(context, immunization, "expirationDate", rxa, 16)
    if moment is not None and moment.hour:
        carry_field(immunization, rxa, 16)
    if manufacturer := organization_from_cwe(context, rxa, 17):
        immunization["manufacturer"] = reference(manufacturer)
