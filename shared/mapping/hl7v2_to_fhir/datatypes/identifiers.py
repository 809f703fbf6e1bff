"""
CX, EI, XCN and XON identifiers -> Identifier.

    system           the partner file's URI for the authority; else the URI that the universal id makes; never invented
    assigner         the Organization of the authority; its namespace as display
    type             CX.5, table 0203
    period           CX.7, CX.8
    extension        CX.2 check digit, 3 scheme, 6 facility, 9 jurisdiction, 10 agency, 11 and 12 security check

HD -> Organization: identifier[0] the namespace; identifier[1] the universal id, its type in table 0301.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.authority import authority
from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.remainders import keep
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent, remembered
from shared.terminology.systems import TERMINOLOGY, identifier_system

IDENTIFIER_TYPES = TERMINOLOGY + "v2-0203"

_UNIVERSAL_ID_TYPES = TERMINOLOGY + "v2-0301"
_UNPLACED = (2, 3, 6, 9, 10, 11, 12)


class _Issuer(NamedTuple):
    """An HD as sent, the key part and the system that it makes; whether its universal id says more than these."""

    namespace: str
    universal: str
    kind: str
    key: str
    system: str
    further: bool


def identifier_from_cx(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return a CX as an Identifier; None without a number."""
    if not (value := repetition.component(1)):
        return None
    identifier: Resource = {}
    if code := repetition.component(5):
        identifier["type"] = identifier_type(code)
    set_issuer(context, identifier, repetition, 4)
    identifier["value"] = value
    parts = repetition.parts
    if len(parts) > 6:
        period(context, identifier, "period", repetition, location, 7)
    if len(parts) > 5 or any(parts[1:3]):
        keep(identifier, repetition, "cx", _UNPLACED)
    return identifier


def identifier_from_ei(context: Context, repetition: Repetition | None, type_code: str = "") -> Resource | None:
    """Return an EI as an Identifier; None without a number."""
    if repetition is None:
        return None
    # Order and report carry the same numbers, and every result names its order's.
    memory = ("EI", type_code, repetition.raw)
    if memory not in context.known:
        context.known[memory] = _identifier_from_ei(context, repetition, type_code)
    identifier: Resource | None = context.known[memory]
    return identifier


def _identifier_from_ei(context: Context, repetition: Repetition, type_code: str) -> Resource | None:
    value, namespace, universal, kind = repetition.components(4)
    if not value:
        return None
    identifier: Resource = {}
    if type_code:
        identifier["type"] = identifier_type(type_code)
    _issue(context, identifier, namespace, universal, kind)
    identifier["value"] = value
    return identifier


def identifier_from_eip(context: Context, repetition: Repetition, component: int, type_code: str) -> Resource | None:
    """Return one half of an EIP (an EI in sub-components) as an Identifier."""
    value, namespace, universal, kind = repetition.subcomponents(component, 4)
    if not value:
        return None
    identifier: Resource = {"type": identifier_type(type_code)}
    _issue(context, identifier, namespace, universal, kind)
    identifier["value"] = value
    return identifier


def entity_key(context: Context, repetition: Repetition | None) -> tuple[str, str] | None:
    """Return the issuer and the number of an EI as parts of a business key, None when it has no number."""
    if repetition is None:
        return None
    value, namespace, universal, kind = repetition.components(4)
    return (scoped(context.scope, issuer_key(context, namespace, universal, kind)), value) if value else None


def identifier_type(code: str) -> Resource:
    """Return an identifier type of table 0203."""
    return {"coding": [{"system": IDENTIFIER_TYPES, "code": code.strip()}]}


def set_issuer(context: Context, identifier: Resource, repetition: Repetition, component: int) -> None:
    """Set system and assigner from an HD in sub-components."""
    if component > len(repetition.parts) or not (raw := repetition.parts[component - 1]):
        return
    # Most numbers of a message are issued by the same few.
    memory = ("HD in a component", raw)
    if (issued := context.known.get(memory)) is None:
        issuer: _Issuer = remembered(context, memory, _issuer_in, repetition, component)
        issued = context.known[memory] = _issued(context, issuer) if any(issuer[:3]) else {}
    identifier.update(issued)


def issuer_of(context: Context, repetition: Repetition, component: int) -> str:
    """Return the authority in an HD component as a key part: a URI, or the namespace."""
    if component > len(repetition.parts) or not (raw := repetition.parts[component - 1]):
        return ""
    return remembered(context, ("HD in a component", raw), _issuer_in, repetition, component).key


def _issuer_in(context: Context, repetition: Repetition, component: int) -> _Issuer:
    namespace, universal, kind = repetition.subcomponents(component, 3)
    return _issuer(context, namespace, universal, kind)


def issuer_key(context: Context, namespace: str, universal: str, kind: str) -> str:
    """Return an authority as a key part."""
    issuer = _authority(namespace, universal, kind)
    return _mapped(context, issuer, namespace, universal) or issuer


# The same few authorities issue all that an interface sends; their names say nothing about anybody.
_authority = lru_cache(maxsize=4096)(authority)
_preferred_system = lru_cache(maxsize=4096)(identifier_system)


def authority_organization(context: Context, namespace: str, universal: str, kind: str) -> Resource | None:
    """Return the Organization that an HD names, None when it names none."""
    memory = ("HD", namespace, universal, kind)
    return recurrent(context, memory, _organization, namespace, universal, kind)


def _organization(context: Context, namespace: str, universal: str, kind: str) -> Resource | None:
    if not (namespace or universal):
        return None
    issuer = issuer_key(context, namespace, universal, kind)
    organization = context.shared("Organization", scoped(context.scope, issuer), "authority")
    if namespace and namespace != universal:
        append(organization, "identifier", {"value": namespace})
    if universal or ":" in issuer:
        identifier: Resource = {"type": {"coding": [{"system": _UNIVERSAL_ID_TYPES, "code": kind}]}} if kind else {}
        if ":" in issuer:
            identifier["system"] = "urn:ietf:rfc:3986"
        identifier["value"] = issuer if ":" in issuer else universal
        append(organization, "identifier", identifier)
    name_organization(organization, namespace or universal)
    return organization


def name_organization(organization: Resource, name: str) -> None:
    """Set the name; another name for the same organization is an alias."""
    if not name or organization.get("name") == name:
        return
    if "name" in organization:
        append(organization, "alias", name)
    else:
        organization["name"] = name


def _issue(context: Context, identifier: Resource, namespace: str, universal: str, kind: str) -> None:
    if not (namespace or universal or kind):
        return
    # Most numbers of a message are issued by the same few.
    memory = ("issuer", namespace, universal, kind)
    if memory not in context.known:
        context.known[memory] = _issued(context, _issuer(context, namespace, universal, kind))
    identifier.update(context.known[memory])


def _issuer(context: Context, namespace: str, universal: str, kind: str) -> _Issuer:
    """Return what an HD says of an issuer."""
    issuer = _authority(namespace, universal, kind)
    mapped = _mapped(context, issuer, namespace, universal)
    system = mapped or (_preferred_system(issuer) if ":" in issuer else "")
    if any(map(str.isspace, system)):
        system = ""  # no URI has a blank
    further = bool(universal) and (not system or universal not in issuer or _says_more(kind, issuer))
    return _Issuer(namespace, universal, kind, mapped or issuer, system, further)


def _issued(context: Context, issuer: _Issuer) -> Resource:
    """Return system and assigner of an identifier; the Organization of its issuer is in the bundle then."""
    namespace, universal, kind, _, system, further = issuer
    assigner: Resource = {"display": namespace} if namespace else {}
    if further:
        assigner["identifier"] = {"value": universal}
        if kind:
            assigner["identifier"]["type"] = {"text": kind}
    elif kind and not universal:
        append(assigner, "extension", original_value(kind))
    if organization := authority_organization(context, namespace, universal, kind):
        assigner.update(reference(organization))
    return {"system": system, "assigner": assigner} if system else {"assigner": assigner}


def _says_more(kind: str, issuer: str) -> bool:
    """Tell whether the type of a universal id says more than the URI made of it."""
    return bool(kind) and not issuer.startswith(("urn:oid:", "urn:uuid:")) and kind.upper() != "URI"


def _mapped(context: Context, issuer: str, namespace: str, universal: str) -> str:
    authorities = context.partner.assigning_authorities
    if not authorities:
        return ""
    return authorities.get(universal) or authorities.get(issuer) or authorities.get(namespace) or ""
