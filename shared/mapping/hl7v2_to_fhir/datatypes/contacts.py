"""
XTN -> ContactPoint; XAD, SAD -> Address.

    ContactPoint.value   12 as sent; else 4 (e-mail); else 1 as sent; else made of 5, 6, 7, 8
    ContactPoint.system  3 (table 0202); email where 4 alone is valued
    ContactPoint.use     2 (table 0201), or mobile where 3 is CP
    Address.line 1 (street), 2    city 3    state 4    postalCode 5    country 6    use, type 7    district 9
    Address.period 13, 14    8, 10, 11: original-value
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_code, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.terminology.concept_maps import ADDRESS_TYPE, ADDRESS_USE, TELECOM_SYSTEM, TELECOM_USE
from shared.terminology.systems import TERMINOLOGY


def contact_from_xtn(context: Context, repetition: Repetition, location: str, use: str = "") -> Resource | None:
    """Return an XTN as a ContactPoint; `use` where the value does not say. None without a number or address."""
    component = repetition.component
    contact: Resource = {}
    _set_system(contact, component(3), component(2), mail=bool(component(4)))
    value = component(12) or component(4) or component(1) or _assembled(repetition)
    if not value:
        return None
    contact.setdefault("system", "phone")
    contact["value"] = value
    if code := ("mobile" if component(3) == "CP" else TELECOM_USE.get(component(2)) or use):
        contact["use"] = code
    kept = [part for number in (1, 4, 5, 6, 7, 8, 9, 12) if (part := component(number)) and not _holds(value, part)]
    for part in kept:
        append(contact, "extension", original_value(part))
    if len(repetition.parts) > 12:
        period(context, contact, "period", repetition, location, 13)
    return contact


def address_from_xad(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an XAD (or SAD) as an Address; None when it names no place."""
    memory = ("XAD", repetition.raw)
    if memory not in context.known:
        context.known[memory] = _address(context, repetition, location)
    address: Resource | None = context.known[memory]
    return address


def _address(context: Context, repetition: Repetition, location: str) -> Resource | None:
    component = repetition.component
    address: Resource = {}
    if kind := component(7):
        _set_kind(address, kind)
    lines = [part for part in (*_street(repetition), component(2)) if part]
    if lines:
        address["line"] = lines
    for name, number in (("city", 3), ("district", 9), ("state", 4), ("postalCode", 5), ("country", 6)):
        if value := component(number):
            address[name] = value
    for number in (8, 10, 11):
        if value := component(number):
            append(address, "extension", original_value(value))
    if len(repetition.parts) > 12:
        period(context, address, "period", repetition, location, 13)
    return address if address.keys() - {"use", "type"} else None


def _set_system(contact: Resource, equipment: str, use: str, *, mail: bool) -> None:
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
    digits = "".join(filter(str.isdigit, part))
    spoken = any(char.isalpha() for char in part)
    return part in value or (bool(digits) and not spoken and digits in "".join(filter(str.isdigit, value)))


def _assembled(repetition: Repetition) -> str:
    country, area, number, extension = (repetition.component(part) for part in (5, 6, 7, 8))
    if not (country or area or number or extension):
        return ""
    text = " ".join(part for part in (f"+{country.lstrip('+')}" if country else "", area, number) if part)
    return f"{text} ext. {extension}".strip() if extension else text


def _set_kind(address: Resource, kind: str) -> None:
    use, form = ADDRESS_USE.get(kind), ADDRESS_TYPE.get(kind)
    if use:
        address["use"] = use
    if form:
        address["type"] = form
    if not use and not form:
        append(address, "extension", original_code(TERMINOLOGY + "v2-0190", kind))


def _street(repetition: Repetition) -> list[str]:
    """Return the street: SAD.1 is the whole line; its parts stand in where it is missing."""
    separator = repetition.delimiters.subcomponent
    if not separator or separator not in repetition.parts[0]:
        return [repetition.component(1)]
    line, name, number = (repetition.subcomponent(1, part) for part in (1, 2, 3))
    extra = [part for part in (number, name) if part and part not in line]
    return [line, " ".join(extra)]
