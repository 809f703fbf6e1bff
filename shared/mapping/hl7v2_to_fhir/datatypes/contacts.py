"""
XTN -> ContactPoint; XAD, SAD -> Address.

    ContactPoint.value   12 as sent; else 4 (e-mail); else 1 as sent; else made of 5, 6, 7, 8
    ContactPoint         another one for 4 beside a number (1, 7, 12), with the extension sent-with-number
    ContactPoint.system  3 (table 0202); email where 4 alone is valued
    ContactPoint.use     2 (table 0201), or mobile where 3 is CP
    ContactPoint.rank    18             ContactPoint.period 13, 14
    extensions contactpoint-country 5, -area 6, -local 7, -extension 8; of our own: 10, 11, 15, 16, 17
    Address.line 1 (street), 2    city 3    state 4    postalCode 5    country 6    use, type 7    district 9
    Address.line too: the addressee 19    Address.period 13, 14, else 12
    extensions iso21090-AD-use 7 HV; of our own: 8, 10 (R4 has the census tract at a line), 11, 15..18, 20..23
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    original_code,
    original_value,
)
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.remainders import keep
from shared.mapping.hl7v2_to_fhir.datatypes.times import period, period_within
from shared.terminology.concept_maps import ADDRESS_TYPE, ADDRESS_USE, TELECOM_SYSTEM, TELECOM_USE
from shared.terminology.systems import TERMINOLOGY

# An e-mail address that stood in the same XTN as the number before it.
WITH_NUMBER = EXTENSIONS + "sent-with-number"

_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
_NUMBER_PARTS = tuple(f"{_STANDARD}contactpoint-{name}" for name in ("country", "area", "local", "extension"))
_MAX_RANK = 2_147_483_647
_UNLIMITED = 9


def add_contacts(context: Context, element: Resource, segment: Segment, *fields: tuple[int, str]) -> None:
    """Add what the XTNs of fields say to the telecom of an element; each field with the use where they do not say."""
    count = len(segment.fields)
    for number, use in fields:
        if number >= count or not segment.fields[number]:
            continue
        for repetition in segment.repetitions(number):
            # The next of kin is a person, and a contact of the patient.
            memory = ("XTN", repetition.raw, use)
            if (contacts := context.known.get(memory)) is None:
                contacts = _contacts(context, repetition, segment.location(number), use)
                if len(repetition.parts) <= _UNLIMITED:  # the dates of others are reported where they stand
                    context.known[memory] = contacts
            for contact in contacts:
                append(element, "telecom", contact)


def contacts_from_xtn(context: Context, segment: Segment, number: int, use: str = "") -> list[Resource]:
    """Return the XTNs of a field as ContactPoints; `use` where they do not say."""
    found: dict[str, list[Resource]] = {"telecom": []}
    add_contacts(context, found, segment, (number, use))
    return found["telecom"]


def contact_from_xtn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an XTN as the one ContactPoint that its place holds; None without a number or address."""
    contacts = _contacts(context, repetition, location, "")
    if len(contacts) <= 1:
        return contacts[0] if contacts else None
    number, mail = contacts
    return {**number, "extension": [*number.get("extension", ()), original_value(mail["value"])]}


def _contacts(context: Context, repetition: Repetition, location: str, use: str) -> list[Resource]:
    parts = repetition.components(12)
    number, _, _, mail, country, area, local, extension, _, _, _, sent = parts
    if mail and (told := sent or number or local) and mail not in told and told not in mail:
        return _number_and_mail(context, repetition, location, use, parts)
    value = sent or mail or number or _assembled(country, area, local, extension)
    return [_contact(context, repetition, location, use, parts, value)] if value else []


def _number_and_mail(
    context: Context, repetition: Repetition, location: str, use: str, parts: list[str]
) -> list[Resource]:
    """Return a telephone number and the e-mail address that was sent with it: nobody can ring an address."""
    _, kind, equipment, mail, *_ = parts
    value = parts[11] or parts[0] or _assembled(*parts[4:8])
    number = _contact(context, repetition, location, use, [*parts[:3], "", *parts[4:]], value)
    if number["system"] == "email" and "@" not in number["value"]:
        number["system"] = "phone"
        for table, code in (("v2-0201", kind if kind == "NET" else ""), ("v2-0202", equipment)):
            if code:
                append(number, "extension", original_code(TERMINOLOGY + table, code))
    address: Resource = {"system": "email", "value": mail, "extension": [{"url": WITH_NUMBER, "valueBoolean": True}]}
    if code := TELECOM_USE.get(kind) or use:
        address["use"] = code
    if "period" in number:
        address["period"] = {**number["period"]}
    return [number, address]


def _contact(
    context: Context, repetition: Repetition, location: str, use: str, parts: list[str], value: str
) -> Resource:
    number, kind, equipment, mail, country, area, local, extension, words, _, _, sent = parts
    contact: Resource = {}
    _set_system(contact, equipment, kind, mail)
    if "system" not in contact:
        contact["system"] = "phone"
    contact["value"] = value
    if code := ("mobile" if equipment == "CP" else TELECOM_USE.get(kind) or use):
        contact["use"] = code
    if local or area or country or extension:
        told = contact.setdefault("extension", [])
        for url, part in zip(_NUMBER_PARTS, (country, area, local, extension), strict=True):
            if part:
                told.append({"url": url, "valueString": part})
    for part in (number, mail, words, sent):
        if part and not _holds(value, part):
            append(contact, "extension", original_value(part))
    if len(repetition.parts) > _UNLIMITED:
        _qualify(context, contact, repetition, location)
    return contact


def _qualify(context: Context, contact: Resource, repetition: Repetition, location: str) -> None:
    """Add what the rarer components say: from when to when, how preferred."""
    period(context, contact, "period", repetition, location, 13)
    rank = decimal(repetition.component(18))
    if isinstance(rank, int) and 0 < rank <= _MAX_RANK:
        contact["rank"] = rank
    else:
        keep(contact, repetition, "xtn", (18,))
    keep(contact, repetition, "xtn", (10, 11, 15, 16, 17))


def address_from_xad(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an XAD (or SAD) as an Address; None when it names no place."""
    memory = ("XAD", repetition.raw)
    if memory not in context.known:
        context.known[memory] = _address(context, repetition, location)
    address: Resource | None = context.known[memory]
    return address


def _address(context: Context, repetition: Repetition, location: str) -> Resource | None:
    _, other, city, state, postal_code, country, kind = repetition.components(7)
    address: Resource = {}
    if kind:
        _set_kind(address, kind)
    street = _street(repetition)
    if lines := [*street, other] if other else street:
        address["line"] = lines
    if city:
        address["city"] = city
    if state:
        address["state"] = state
    if postal_code:
        address["postalCode"] = postal_code
    if country:
        address["country"] = country
    if len(repetition.parts) > 7:
        _set_county(address, repetition)
        _complete(context, address, repetition, location)
    return None if address.keys() <= {"use", "type"} else address


def _set_county(address: Resource, repetition: Repetition) -> None:
    """Set the county: its words, where it is sent as a CWE (since 2.8), else its code."""
    if not (sent := repetition.component(9)):
        return
    code, words = repetition.subcomponent(9, 1), repetition.subcomponent(9, 2)
    address["district"] = words or code or sent
    if address["district"] not in (sent, sent.strip("&")):  # text writes sub-components apart by `&` always
        append(address, "extension", original_value(sent))


def _complete(context: Context, address: Resource, repetition: Repetition, location: str) -> None:
    """Add what the rarer components say: to whom, from when to when."""
    append(address, "line", repetition.component(19))
    if not (repetition.component(13) or repetition.component(14)):
        period_within(context, address, "period", repetition, location, 12)
    else:
        period(context, address, "period", repetition, location, 13)
        keep(address, repetition, "xad", (12,))
    keep(address, repetition, "xad", (8, 10, 11, 15, 16, 17, 18, 20, 21, 22, 23))


def _set_system(contact: Resource, equipment: str, use: str, mail: str) -> None:
    if equipment:
        if code := TELECOM_SYSTEM.get(equipment.upper()):
            contact["system"] = code
        else:
            append(contact, "extension", original_code(TERMINOLOGY + "v2-0202", equipment))
    if mail or use == "NET":
        contact["system"] = "email"
    if use and use != "NET" and not TELECOM_USE.get(use):
        append(contact, "extension", original_code(TERMINOLOGY + "v2-0201", use))


def _holds(value: str, part: str) -> bool:
    """Tell whether the value says the part already, digits compared without their punctuation."""
    if part in value:
        return True
    digits = "".join(filter(str.isdigit, part))
    spoken = any(char.isalpha() for char in part)
    return bool(digits) and not spoken and digits in "".join(filter(str.isdigit, value))


def _assembled(country: str, area: str, number: str, extension: str) -> str:
    if not (country or area or number or extension):
        return ""
    text = f"{area} {number}" if area and number else area or number
    if country:
        text = f"+{country.lstrip('+')} {text}".rstrip()
    return f"{text} ext. {extension}".strip() if extension else text


def _set_kind(address: Resource, kind: str) -> None:
    use, form = ADDRESS_USE.get(kind), ADDRESS_TYPE.get(kind)
    if use:
        address["use"] = use
    if form:
        address["type"] = form
    if kind == "HV":
        append(address, "extension", {"url": f"{_STANDARD}iso21090-AD-use", "valueCode": kind})
    elif not use and not form:
        append(address, "extension", original_code(TERMINOLOGY + "v2-0190", kind))


def _street(repetition: Repetition) -> list[str]:
    """Return the lines of the street: SAD.1 is the whole line; its parts stand in where it is missing."""
    separator = repetition.delimiters.subcomponent
    if not separator or separator not in repetition.parts[0]:
        return [street] if (street := repetition.component(1)) else []
    line, name, number = repetition.subcomponents(1, 3)
    extra = " ".join([part for part in (number, name) if part and part not in line])
    return [part for part in (line, extra) if part]
