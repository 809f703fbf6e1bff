"""
What a partner file says of FHIR, held against R4: what Z-fields and codes become, and what may leave.

The reader of the files stands below the definitions of R4 and takes any name. What is wrong here would break every
message of the sender, or hold back every delivery to the receiver.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import ConfigurationError
from shared.partners.model import EVERYTHING, Partner
from shared.partners.profile import ElementMapping, PartnerProfile
from shared.validation.shapes import Property, resource_types, shape

_TEXTS = frozenset({"string", "markdown", "code", "uri", "url", "canonical", "id", "oid", "uuid"})
# What a field becomes that is read as one of these data types of HL7 v2.
BECOMES = {
    "ST": _TEXTS,
    "ID": _TEXTS,
    "NM": frozenset({"decimal", "integer", "positiveInt", "unsignedInt"}),
    "DT": frozenset({"date", "dateTime"}),
    "DTM": frozenset({"dateTime", "instant"}),
    "CWE": frozenset({"CodeableConcept"}),
    "CX": frozenset({"Identifier"}),
    "XPN": frozenset({"HumanName"}),
    "XAD": frozenset({"Address"}),
    "XTN": frozenset({"ContactPoint"}),
    "XCN": frozenset({"Reference"}),
    "XON": frozenset({"Reference"}),
}
_ACTORS = {"XCN": "Practitioner", "XON": "Organization"}
_CODES = {
    "OBX-11": ("Observation", "status"),
    "OBR-25": ("DiagnosticReport", "status"),
    "PID-8": ("Patient", "gender"),
}
# Conversion and destinations know a resource by these.
_OURS = frozenset({"resourceType", "id"})


def check_partner(partner: Partner) -> None:
    """Raise ConfigurationError `partner-file-invalid` at the first place that names what R4 lacks or cannot hold."""
    for place, text in _faults(partner):
        raise ConfigurationError("partner-file-invalid", f"{partner.name}.yaml: {place}", text)


def _faults(partner: Partner) -> Iterator[tuple[str, str]]:
    if partner.sends is not None:
        yield from _of_fields(partner.sends.profile)
        yield from _of_codes(partner.sends.profile)
    if partner.receives is not None:
        for kind, elements in partner.receives.allow.items():
            yield from _of_allowed(kind, frozenset(elements))


def _of_fields(profile: PartnerProfile) -> Iterator[tuple[str, str]]:
    for name, mapping in profile.z_fields.items():
        place = f"sends.z-fields.{name}"
        if mapping.resource not in resource_types():
            yield f"{place}.resource", "no resource type of R4"
        elif isinstance(mapping, ElementMapping) and (fault := _of_element(mapping)):
            yield f"{place}.element", fault


def _of_element(mapping: ElementMapping) -> str:
    """Return what keeps a field from becoming an element, "" for nothing."""
    holder, found = mapping.resource, None
    for step in mapping.element.split("."):
        if found is not None and found.check is not None:
            return f"{found.key} has no elements"
        key = step.removesuffix("[]")
        found = None if key in _OURS else _property(holder, key)
        if found is None:
            return f"{holder} has no element {key} to be set"
        if found.many != step.endswith("[]"):
            return f"{key} repeats: {key}[]" if found.many else f"{key} does not repeat"
        holder = found.type
    if found is None or found.type not in BECOMES[mapping.datatype]:
        return f"{holder} cannot be read as {mapping.datatype}"
    actor = _ACTORS.get(mapping.datatype, "")
    return f"{found.key} refers to no {actor}" if actor and actor not in found.targets else ""


def _of_codes(profile: PartnerProfile) -> Iterator[tuple[str, str]]:
    for field, (kind, element) in _CODES.items():
        codes = shape(kind).properties[element].codes or frozenset()
        for local, meaning in profile.code_maps.get(field, {}).items():
            if meaning.code not in codes:
                yield f"sends.code-maps.{field}.{local}.code", f"no {element} of {kind}: {', '.join(sorted(codes))}"


def _of_allowed(kind: str, elements: frozenset[str]) -> Iterator[tuple[str, str]]:
    place = f"receives.allow.{kind}"
    if kind not in resource_types():
        yield place, "no resource type of R4"
    elif EVERYTHING not in elements:
        for element in sorted(elements):
            if _property(kind, element) is None:
                yield place, f"{kind} has no element {element}"
        for element, keys in shape(kind).required:
            if elements.isdisjoint(keys):
                yield place, f"{kind} without {element} is not valid, and would not leave"


def _property(holder: str, key: str) -> Property | None:
    try:
        return shape(holder).properties.get(key)
    except KeyError:
        return None
