"""
CX, EI, XCN and XON identifiers -> Identifier.

    system           the partner file's URI for the authority; else the URI that the universal id makes; never invented
    assigner         the namespace, where it gives no URI
    type             CX.5, table 0203
    period           CX.7, CX.8
    extension        CX.2 check digit, CX.3 scheme, CX.6 facility: original-value
"""

from __future__ import annotations

from shared.formats.hl7v2.authority import authority
from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.terminology.systems import TERMINOLOGY, identifier_system

IDENTIFIER_TYPES = TERMINOLOGY + "v2-0203"


def identifier_from_cx(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return a CX as an Identifier; None without a number."""
    value = repetition.component(1)
    if not value:
        return None
    identifier: Resource = {}
    if code := repetition.component(5):
        identifier["type"] = identifier_type(code)
    set_issuer(context, identifier, repetition, 4)
    identifier["value"] = value
    if len(repetition.parts) > 6:
        period(context, identifier, "period", repetition, location, 7)
    for number in (2, 3, 6):
        if text := repetition.component(number):
            append(identifier, "extension", original_value(text))
    return identifier


def identifier_from_ei(context: Context, repetition: Repetition | None, type_code: str = "") -> Resource | None:
    """Return an EI as an Identifier; None without a number."""
    if repetition is None or not (value := repetition.component(1)):
        return None
    identifier: Resource = {}
    if type_code:
        identifier["type"] = identifier_type(type_code)
    issuer = authority(repetition.component(2), repetition.component(3), repetition.component(4))
    _issue(context, identifier, issuer, repetition.component(2), repetition.component(3), repetition.component(4))
    identifier["value"] = value
    return identifier


def identifier_from_eip(context: Context, repetition: Repetition, component: int, type_code: str) -> Resource | None:
    """Return one half of an EIP (an EI in sub-components) as an Identifier."""
    value, namespace, universal, kind = (repetition.subcomponent(component, part) for part in (1, 2, 3, 4))
    if not value:
        return None
    identifier: Resource = {"type": identifier_type(type_code)}
    _issue(context, identifier, authority(namespace, universal, kind), namespace, universal, kind)
    identifier["value"] = value
    return identifier


def identifier_type(code: str) -> Resource:
    """Return an identifier type of table 0203."""
    return {"coding": [{"system": IDENTIFIER_TYPES, "code": code.strip()}]}


def set_issuer(context: Context, identifier: Resource, repetition: Repetition, component: int) -> None:
    """Set system and assigner from an HD in sub-components."""
    if component > len(repetition.parts):
        return
    namespace, universal, kind = (repetition.subcomponent(component, part) for part in (1, 2, 3))
    _issue(context, identifier, authority(namespace, universal, kind), namespace, universal, kind)


def issuer_of(context: Context, repetition: Repetition, component: int) -> str:
    """Return the authority in an HD component as a key part: a URI, or the namespace."""
    namespace, universal, kind = (repetition.subcomponent(component, part) for part in (1, 2, 3))
    return issuer_key(context, namespace, universal, kind)


def issuer_key(context: Context, namespace: str, universal: str, kind: str) -> str:
    """Return an authority as a key part."""
    issuer = authority(namespace, universal, kind)
    return _mapped(context, issuer, namespace, universal) or issuer


def _issue(context: Context, identifier: Resource, issuer: str, namespace: str, universal: str, kind: str) -> None:
    system = _mapped(context, issuer, namespace, universal) or (identifier_system(issuer) if ":" in issuer else "")
    if system and not any(char.isspace() for char in system):
        identifier["system"] = system
    else:
        system = ""
    assigner: Resource = {"display": namespace} if namespace else {}
    if universal and (not system or universal not in issuer or _says_more(kind, issuer)):
        assigner["identifier"] = {"value": universal}
        if kind:
            assigner["identifier"]["type"] = {"text": kind}
    elif kind and not universal:
        append(assigner, "extension", original_value(kind))
    if assigner:
        identifier["assigner"] = assigner


def _says_more(kind: str, issuer: str) -> bool:
    """Tell whether the type of a universal id says more than the URI made of it."""
    return bool(kind) and not issuer.startswith(("urn:oid:", "urn:uuid:")) and kind.upper() != "URI"


def _mapped(context: Context, issuer: str, namespace: str, universal: str) -> str:
    authorities = context.partner.assigning_authorities
    if not authorities:
        return ""
    return authorities.get(universal) or authorities.get(issuer) or authorities.get(namespace) or ""
