"""
ContactPoint -> XTN; Address -> XAD.

    XTN 1    value as it is, until 2.6; 12 since 2.7
    XTN 4    an e-mail address; in the XTN of the number before it, where the two were sent in one
    XTN 2    use (table 0201)      3  system (table 0202)
    XTN 5-8  extensions contactpoint-country, -area, -local, -extension; where they say all, 1 and 12 stay empty
    XAD 1, 2 line    3 city    4 state    5 postalCode    6 country    7 use, type    9 district    13, 14 period
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import ORIGINAL_VALUE
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import WITH_NUMBER

_FORMER = "old"
_USES = {"home": "PRN", "work": "WPN", "mobile": "PRN", "temp": "VHN"}
_EQUIPMENT = {"phone": "PH", "fax": "FX", "pager": "BP", "email": "Internet", "sms": "CP", "url": "Internet"}
_ADDRESS_USES = {"home": "H", "work": "B", "temp": "C", "old": "BA", "billing": "BI"}
_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
_MAIL = 4
_NUMBER_PARTS = ("country", "area", "local", "extension")


def put_numbers(context: Context, draft: Draft, contacts: list[Resource], *, home: int, work: int) -> None:
    """Put the ContactPoints of a person into the field for those of use `work` and the one for all others."""
    for number, of_work in ((home, False), (work, True)):
        draft.put(number, *xtns_from(context, [one for one in contacts if (one.get("use") == "work") is of_work]))


def xtns_from(context: Context, contacts: list[Resource]) -> list[Composite]:
    """Return ContactPoints as XTNs; none for those without a value, nor for a former one, which nothing would tell."""
    found: list[Composite] = []
    for contact in contacts:
        with_number = context.extension(contact, WITH_NUMBER) is not None
        if contact.get("use") == _FORMER or (xtn := _xtn_from(context, contact)) is None:
            continue
        mail = xtn[_MAIL - 1 : _MAIL]
        if mail and with_number and found and not any(found[-1][_MAIL - 1 : _MAIL]):
            number = found[-1]
            number += [""] * (_MAIL - len(number))
            number[_MAIL - 1 : _MAIL] = mail
        else:
            found.append(xtn)
    return found


def _xtn_from(context: Context, contact: Resource) -> Composite | None:
    source = context.source
    value, system, use = (source.text(contact, name) for name in ("value", "system", "use"))
    if not value:
        return None
    start, end = bound_texts(context, contact)
    other = context.original_code(contact, table="HL70201")
    equipment = context.original_code(contact, table="HL70202")
    equipment = equipment or ("CP" if use == "mobile" and system == "phone" else _EQUIPMENT.get(system, "PH"))
    kind = "NET" if system in ("email", "url") else other or _USES.get(use, "")
    parts: Composite = ["", kind, equipment, "", *number_parts(context, contact), "", "", "", "", start, end]
    spoken = " ".join(str(part) for part in (f"+{str(parts[4]).lstrip('+')}" if parts[4] else "", *parts[5:7]) if part)
    if system == "email":
        parts[3] = value
    elif value != (f"{spoken} ext. {parts[7]}".strip() if parts[7] else spoken):
        parts[0 if context.in_use("XTN", 1) else 11] = value
    for kept in context.extensions(contact, ORIGINAL_VALUE):
        place = 8 if not parts[8] else 0
        parts[place] = parts[place] or str(kept.get("valueString", ""))
    rank = number_text(source.take(contact, "rank"))
    parts += ["", "", "", rank] if rank and context.in_use("XTN", 18) else []
    return trimmed(context.complete(parts, "xtn", contact))


def number_parts(context: Context, contact: Resource) -> list[str]:
    """Return country, area, local number and extension of a telephone number, as far as extensions tell them apart."""
    found = [context.extension(contact, f"{_STANDARD}contactpoint-{name}") for name in _NUMBER_PARTS]
    return [str(one.get("valueString", "")) if one else "" for one in found]


def xad_from(context: Context, address: Resource | None) -> Composite | None:
    """Return an Address as an XAD; None when it names no place."""
    if address is None:
        return None
    source = context.source
    lines = [str(one) for one in source.take(address, "line") or () if one]
    words = source.text(address, "text")
    city, state, code, country, district = (
        source.text(address, name) for name in ("city", "state", "postalCode", "country", "district")
    )
    kind = _kind(context, address)
    if not lines and words and not (city or state or code or country or district):
        lines = [words]
    if not any((*lines, city, state, code, country, district)):
        return None
    start, end = bound_texts(context, address)
    first, rest = (lines[0] if lines else ""), ", ".join(lines[1:])
    tract = context.extension(address, f"{_STANDARD}iso21090-ADXP-censusTract")
    parts: Composite = [first, rest, city, state, code, country, kind, "", district]
    parts += [str(tract.get("valueString", "")) if tract else "", "", "", start, end]
    return trimmed(context.complete(parts, "xad", address))


def _kind(context: Context, address: Resource) -> str:
    use, form = context.source.text(address, "use"), context.source.text(address, "type")
    beside = address.get("_use")
    visit = context.extension(beside, f"{_STANDARD}iso21090-AD-use") if isinstance(beside, dict) else None
    if visit is not None:
        return str(visit.get("valueCode", ""))
    return context.original_code(address) or _ADDRESS_USES.get(use, "") or ("M" if form == "postal" else "")
