"""
Observation -> OBX, one for each component that has a code of its own.

    Observation.code               = OBX-3    CWE
    Observation.extension          = OBX-4    AS-SENT  components: 1.1, 1.2 ... where nothing is kept
    Observation.value              = OBX-5*   see obx_value
    Observation.valueQuantity.unit = OBX-6    CWE
    Observation.referenceRange     = OBX-7    ST    its text, else its numbers; for whom, and its type
    Observation.interpretation     = OBX-8*   CWE   table 0078
    Observation.status             = OBX-11   ID    table 0085; final and not asked (dataAbsentReason): N
    Observation.effectiveDateTime  = OBX-14   DTM   a period that is not the report's by its start
    Observation.performer          = OBX-15   CWE   an Organization by a coded number
    Observation.performer          = OBX-16*  XCN   people
    Observation.method             = OBX-17   CWE
    Observation.device             = OBX-18   EI
    Observation.bodySite           = OBX-20   CWE   since 2.7
    Observation.identifier         = OBX-21   EI    since 2.7
    Observation.performer          = OBX-23   XON   an Organization by name and number, since 2.5.1; else the report's
    Organization.address           = OBX-24   XAD
    Observation.performer          = OBX-25*  XCN   the medical director (MDIR), since 2.5.1
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import organization_of, xcn_from, xon_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import unit_from, value_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obx_value import Value, attachment_from, value_from
from shared.mapping.fhir_to_hl7v2.segments.prt import actors_of, in_prt, prts_from
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import OBSERVATION_STATUS
from shared.terminology.system_names import system_name
from shared.terminology.systems import INTERPRETATION_SYSTEM

TABLE = table_of(__doc__)

_REQUIRED = frozenset({3})
_STATUS = {"final": "F", "amended": "C", "corrected": "C", "entered-in-error": "D"}
_PLACE = "http://hl7.org/fhir/StructureDefinition/event-location"
_DIRECTOR = "MDIR"
_PERFORMERS = (15, 16, 23, 25)
_USUAL = "normal"
_NOT_ASKED = "not-asked"
# What a status without a value (table 0085), or an attachment in its place, says of itself.
_SAID_BY_SILENCE = frozenset({_NOT_ASKED, "not-performed", "temp-unknown", "unknown", "as-text"})
_ATTACHED = f"{EXTENSIONS}value-attachment"


def obxs_from(context: Context, observation: Resource, report: Resource | None) -> list[Draft]:
    """Return the OBX of an Observation, comments below; the code is required."""
    source = context.source
    source.whole(observation, "subject", "encounter", "partOf", "category")
    source.held(observation, "basedOn", "specimen", "hasMember")
    main = _obx(context, observation, observation)
    own = source.items(observation, "component")
    same = [one for one in own if one.get("code") == observation.get("code")]
    _set_value(main, _several(context, same) if same else _attached(context, observation))
    if main.has(5):
        source.whole(observation, "dataAbsentReason")
    elif (reason := source.one(observation, "dataAbsentReason")) and _reasons(observation) & _SAID_BY_SILENCE:
        source.whole(reason, *reason)
    _set_details(context, main, observation, report)
    context.restore(main, observation)
    if context.extensions(observation, f"{EXTENSIONS}obx-5") and not main.has(2):
        main.put(2, "ST")
    drafts = [main]
    for position, component in enumerate((one for one in own if one not in same), start=1):
        part = _obx(context, component, observation)
        _set_value(part, value_from(context, component))
        part.default(4, f"1.{position}")
        drafts.append(part)
    drafts[0].below(*_participations(context, observation), *ntes_from(context, observation))
    return drafts


def _obx(context: Context, element: Resource, observation: Resource) -> Draft:
    """Return an OBX with what an Observation and its components have alike."""
    draft = Draft("OBX", TABLE, _REQUIRED)
    draft.put(3, cwe_from(context, context.source.one(element, "code"), "OBX-3"))
    status = context.source.text(observation, "status")
    sent = context.original_code(observation, "status") or _STATUS.get(status) or back(OBSERVATION_STATUS, status)
    if sent == "F" and _NOT_ASKED in _reasons(observation):
        sent = "N"
    draft.put(11, sent)
    for one in context.source.items(element, "interpretation"):
        draft.put(8, cwe_from(context, one, "OBX-8", "HL70078", INTERPRETATION_SYSTEM))
    for index, composite in enumerate(draft.fields.get(8, [])):
        # A bare code of the system that table 0078 became is a code of table 0078.
        if len(composite) == len(("code", "", "system")) and composite[2] == system_name(INTERPRETATION_SYSTEM):
            draft.fields[8][index] = [composite[0]]
    ranges = [_range(context, one) for one in context.source.items(element, "referenceRange")]
    draft.put(7, ", ".join(one for one in ranges if one))
    return draft


def _reasons(observation: Resource) -> set[str]:
    """Return the codes that say why an Observation has no value."""
    return {str(one.get("code", "")) for one in observation.get("dataAbsentReason", {}).get("coding", ())}


def _set_value(draft: Draft, value: Value) -> None:
    draft.put(2, value.datatype)
    if value.repetitions:
        # Equal and empty lines of a text count.
        draft.fields[5] = value.repetitions
    draft.put(6, value.unit)


def _several(context: Context, components: list[Resource]) -> Value:
    values = [value_from(context, one) for one in components]
    for one in components:
        context.source.whole(one, "code")
    found = Value(values[0].datatype, [], next((one.unit for one in values if one.unit), None))
    for value in values:
        if value.datatype == found.datatype:
            found.repetitions += value.repetitions
        else:
            found.repetitions += [[str(part) for part in one] for one in value.repetitions]
    return found


def _attached(context: Context, observation: Resource) -> Value:
    for one in context.extensions(observation, _ATTACHED):
        if isinstance(attachment := one.get("valueAttachment"), dict):
            return attachment_from(context, attachment)
    return value_from(context, observation)


def _range(context: Context, one: Resource) -> str:
    """Return a reference range: its words, else its numbers; and for whom it is, or of what kind, unless usual."""
    source = context.source
    low, high = source.one(one, "low"), source.one(one, "high")
    first, second = value_of(context, low), value_of(context, high)
    for limit in (low, high):
        unit_from(context, limit)
    words = source.text(one, "text") or _between(first, second)
    further = [text for text in _applies(context, one) if text.casefold() not in words.casefold()]
    return f"{words} ({', '.join(further)})" if words and further else words


def _applies(context: Context, one: Resource) -> Iterator[str]:
    """Yield of what kind a reference range is, and for whom: without it several could not be told apart."""
    source = context.source
    concepts = [*source.items(one, "type"), *source.items(one, "appliesTo")]
    for concept in concepts:
        codings = [*concept.get("coding", ()), {}]
        source.whole(concept, *concept)
        if codings[0].get("code") != _USUAL:
            yield str(concept.get("text") or codings[0].get("display") or codings[0].get("code") or "")
    if age := source.one(one, "age"):
        limits = [(source.one(age, name) or {}) for name in ("low", "high")]
        first, second = (value_of(context, limit) for limit in limits)
        units = [str(words[0]) for limit in limits if (words := unit_from(context, limit))]
        yield " ".join(["age", _between(first, second), *units[:1]])


def _between(low: str, high: str) -> str:
    """Return what lies between two limits, of which either may be open."""
    if low and high:
        return f"{low}-{high}"
    return f">={low}" if low else f"<={high}" if high else ""


def _set_details(context: Context, draft: Draft, observation: Resource, report: Resource | None) -> None:
    source = context.source
    period = source.one(observation, "effectivePeriod")
    when = dtm_from(context, observation, "effectiveDateTime") or dtm_from(context, observation, "effectiveInstant")
    if period is not None and report is not None and period == report.get("effectivePeriod"):
        source.whole(observation, "effectivePeriod")
    elif period is not None:
        when = when or dtm_from(context, period, "start")
    draft.put(14, when)
    for reference, known in source.references(observation, "performer"):
        _set_performer(context, draft, reference, organization_of(reference, known))
    if not any(draft.has(number) for number in _PERFORMERS) and report is not None:
        _set_laboratory(context, draft, report)
    draft.put(17, cwe_from(context, source.one(observation, "method"), "OBX-17"))
    device = source.reference(observation, "device")
    if device is not None and not in_prt(context, "OBX", device):
        draft.put(18, *(ei_from(context, one) for one in source.items(device, "identifier")))
    if context.has_field("OBX", 20):
        draft.put(20, cwe_from(context, source.one(observation, "bodySite"), "OBX-20"))
    if context.has_field("OBX", 21) and (number := source.one(observation, "identifier")):
        draft.put(21, ei_from(context, number))


def _participations(context: Context, observation: Resource) -> list[Draft]:
    """Return those who came in a PRT of the result: people, devices, and places, which an extension has."""
    actors = actors_of(context, observation, "performer", "device")
    for extension in observation.get("extension", ()):
        if extension.get("url") == _PLACE:
            found = actors_of(context, extension, "valueReference")
            if any(in_prt(context, "OBX", one) for one in found):
                context.source.use(extension)
            actors += found
    return prts_from(context, "OBX", actors)


def _set_performer(context: Context, draft: Draft, reference: Resource, resource: Resource | None) -> None:
    if in_prt(context, "OBX", resource):
        return
    if resource is not None and _is_director(resource) and context.has_field("OBX", 25):
        draft.put(25, xcn_from(context, reference, resource))
    elif resource is None or resource["resourceType"] != "Organization":
        draft.put(16, xcn_from(context, reference, resource))
    elif _is_coded(resource) or not context.has_field("OBX", 23):
        if not draft.has(15):
            draft.put(15, _producer(context, resource))
    elif not draft.has(23):
        draft.put(23, xon_from(context, resource))
        for address in context.source.items(resource, "address")[:1]:
            draft.put(24, xad_from(context, address))


def _set_laboratory(context: Context, draft: Draft, report: Resource) -> None:
    """Set who answers for a report as who made a result that names nobody."""
    for reference, known in context.source.references(report, "performer"):
        resource = organization_of(reference, known)
        if resource is not None and resource["resourceType"] == "Organization":
            _set_performer(context, draft, reference, resource)


def _is_director(resource: Resource) -> bool:
    """Tell whether somebody is the medical director of the laboratory."""
    return any(one.get("code") == _DIRECTOR for kind in resource.get("code", ()) for one in kind.get("coding", ()))


def _is_coded(organization: Resource) -> bool:
    """Tell whether an Organization is known by a coded number alone, as OBX-15 has it."""
    identifiers = organization.get("identifier", ())
    plain = all("assigner" not in one and "type" not in one for one in identifiers)
    return plain and "address" not in organization and "version" not in organization and bool(identifiers)


def _producer(context: Context, organization: Resource) -> Composite | None:
    """Return an Organization as the coded value of OBX-15."""
    source = context.source
    name = source.text(organization, "name")
    aliases = [str(one) for one in source.take(organization, "alias") or ()]
    parts: list[str] = []
    for index, identifier in enumerate(source.items(organization, "identifier")[:2]):
        source.whole(identifier, "assigner", "type", "use")
        system, value = source.text(identifier, "system"), source.text(identifier, "value")
        words = name if index == 0 else aliases[0] if aliases else ""
        parts += [value, words if words != value else "", system_name(system) if system else ""]
    return trimmed([*parts]) or (["", name] if name else None)
