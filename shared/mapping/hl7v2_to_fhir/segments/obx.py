"""
OBX -> Observation (HL7 v2-to-FHIR guide, map OBX[Observation]).

    [dropped]                      = OBX-1    numbers the segment
    [dropped]                      = OBX-2    names the data type of OBX-5, which shapes value[x]
    Observation.code               = OBX-3    CWE
    Observation.extension          = OBX-4    AS-SENT  groups observations; 1.1 is a member of 1
    Observation.value              = OBX-5*   by OBX-2, see obx_value
    Observation.valueQuantity.unit = OBX-6    CWE   where the value has no unit: extension
    Observation.referenceRange     = OBX-7    ST    as text, and as numbers where it is two of them
    Observation.interpretation     = OBX-8*   CWE   table 0078
    Observation.extension          = OBX-9..10*  AS-SENT
    Observation.status             = OBX-11   ID    table 0085; unknown code -> unknown, extension original-code
    Observation.extension          = OBX-12..13* AS-SENT
    Observation.effectiveDateTime  = OBX-14   DTM   without it that of the report
    Observation.performer          = OBX-15   CWE   an Organization
    Observation.performer          = OBX-16*  XCN   responsible observer, in that role: RO of table 0912
    Observation.method             = OBX-17*  CWE   the first; further ones in extensions
    Observation.device             = OBX-18*  EI    the first; further ones in extensions
    Observation.extension          = OBX-19   AS-SENT
    Observation.bodySite           = OBX-20*  CWE   the first; further ones in extensions
    Observation.identifier         = OBX-21   EI    FILL
    Observation.extension          = OBX-22   AS-SENT
    Observation.performer          = OBX-23   XON
    Organization.address           = OBX-24   XAD   without OBX-23: extension
    Observation.performer          = OBX-25   XCN   medical director, in that role: MDIR, for OBX-23
    Observation.extension          = OBX-26..34* AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_code,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.actors import in_role, organization_from_xon, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept, concept_of, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.devices import device_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.recurrent import remembered
from shared.mapping.hl7v2_to_fhir.segments.obx_range import set_range
from shared.mapping.hl7v2_to_fhir.segments.obx_value import add_attachments, set_value
from shared.terminology.concept_maps import INTERPRETATION, OBSERVATION_STATUS
from shared.terminology.systems import DATA_ABSENT_REASON, INTERPRETATION_SYSTEM, TERMINOLOGY

TABLE = table_of(__doc__)

# Most results end before OBX-15: who, how and with what are looked for only in those that do not.
_COMMON = 15
_VALUES = (
    "Quantity",
    "CodeableConcept",
    "String",
    "Boolean",
    "Integer",
    "Range",
    "Ratio",
    "SampledData",
    "Time",
    "DateTime",
    "Period",
)
# The elements, the primitive ones with extensions alone among them, that answer what an observation is about.
_ANSWERS = frozenset({"component", *(f"{mark}value{kind}" for mark in ("", "_") for kind in _VALUES)})
# Why a value is missing, by OBX-11: still to come, or never to be.
_ABSENT = {
    "N": "not-asked",
    "X": "not-performed",
    **dict.fromkeys("IOPRS", "temp-unknown"),
}


def observation_from_obx(context: Context, obx: Segment, owner: tuple[str, ...], about: Resource) -> Resource:
    """
    Return the Observation of an OBX; attachments wait in it for `attach`.

    `owner` is the key of the report (or patient) that it belongs to; `about` holds subject, encounter and more.
    """
    context.claim(obx, TABLE)
    test = remembered(context, ("OBX-3", obx.raw(3)), _test, obx)
    observation = context.add("Observation", *owner, *test, obx.text(4))
    further = len(obx.fields) > _COMMON
    if further and obx.raw(21) and (number := identifier_from_ei(context, obx.first(21), "FILL")):
        observation["identifier"] = [number]
    _set_status(context, observation, obx)
    observation["code"] = concept(context, obx, 3) or absent_concept()
    observation.update(about)
    put_date_time(context, observation, "effectiveDateTime", obx, 14)
    if further:
        _set_performers(context, observation, obx)
    attachments = set_value(context, observation, obx)
    if attachments:
        context.attachments.append((observation, attachments))
    if _ANSWERS.isdisjoint(observation):
        _set_absence(observation, obx, attached=bool(attachments))
    if obx.raw(8):
        _set_interpretation(context, observation, obx)
    set_range(context, observation, obx)
    if further:
        _set_methods(context, observation, obx)
    carry(context, observation, obx, TABLE)
    return observation


def attach(context: Context, report: Resource | None) -> None:
    """Move the attachments of the observations read since the last call into their report."""
    for observation, attachments in context.attachments:
        add_attachments(report or observation, observation, attachments)
    context.attachments.clear()


def _set_status(context: Context, observation: Resource, obx: Segment) -> None:
    code = obx.text(11)
    local = context.local_code("OBX-11", code)
    if status := local.code if local else OBSERVATION_STATUS.get(code):
        observation["status"] = status
        return
    observation["status"] = "unknown"
    if not code:
        context.report("warning", "required", "missing-status", obx.location(11), "The result has no status.")
        return
    extend(observation, "status", original_code(TERMINOLOGY + "v2-0085", code))
    text = "The status is not in table 0085."
    context.report("warning", "code-invalid", "unmapped-code", obx.location(11), text)


def _test(_context: Context, obx: Segment) -> tuple[str, str]:
    """Return what tells a test from the others of a report, beside its sub-id: code and system."""
    text = obx.text
    if code := text(3):
        return code, text(3, 3)
    return text(3, 2) or text(3, 9), "words"


def _set_performers(context: Context, observation: Resource, obx: Segment) -> None:
    fields = obx.fields
    who = (*fields[15:17], *fields[23:26])
    if not any(who):
        return
    # The results of a report are mostly all of the same people and laboratory.
    memory = ("OBX performers", *who)
    if (known := context.known.get(memory)) is None:
        known = context.known[memory] = _performers(context, obx)
    performers, unplaced = known
    if performers:
        observation["performer"] = [*performers]
    if unplaced:
        carry_field(observation, obx, 24)


def _performers(context: Context, obx: Segment) -> tuple[list[Resource], bool]:
    """Return references to who performed it, and whether the address in OBX-24 is nobody's."""
    by: Resource = {}
    for observer in practitioners(context, obx, 16):
        append(by, "performer", reference(in_role(context, observer, "RO")))
    named = obx.first(23)
    laboratory = organization_from_xon(context, named) if named is not None else None
    for director in practitioners(context, obx, 25):
        append(by, "performer", reference(in_role(context, director, "MDIR", laboratory)))
    if laboratory is not None:
        append(by, "performer", reference(laboratory))
    place = obx.first(24)
    if place is not None and laboratory is not None:
        append(laboratory, "address", address_from_xad(context, place, obx.location(24)))
    if producer := _producer(context, obx):
        append(by, "performer", reference(producer))
    return by.get("performer", []), place is not None and laboratory is None


def _producer(context: Context, obx: Segment) -> Resource | None:
    """Return the Organization of OBX-15, a coded value that identifies a laboratory."""
    if not obx.raw(15):
        return None
    value = concept(context, obx, 15)
    if value is None:
        return None
    coding = value.get("coding", [{}])[0]
    key = (coding.get("system", ""), coding.get("code", ""))
    organization = context.shared("Organization", context.scope, "producer", *key, value.get("text", ""))
    for one in value.get("coding", ()):
        identifier = {name: one[part] for name, part in (("system", "system"), ("value", "code")) if part in one}
        append(organization, "identifier", identifier if "value" in identifier else None)
        if (version := one.get("version")) and version:
            append(organization, "extension", {"url": f"{EXTENSIONS}version", "valueString": version})
        if (display := one.get("display")) and display != value.get("text"):
            append(organization, "alias", display)
    organization["name"] = value.get("text") or coding.get("code", "")
    return organization


def _set_absence(observation: Resource, obx: Segment, *, attached: bool) -> None:
    status = obx.text(11)
    code = "as-text" if attached else _ABSENT.get(status, "unknown")
    observation["dataAbsentReason"] = {"coding": [{"system": DATA_ABSENT_REASON, "code": code}]}


def _set_interpretation(context: Context, observation: Resource, obx: Segment) -> None:
    for repetition in obx.repetitions(8):
        memory = ("OBX-8", repetition.raw)
        if memory not in context.known:
            context.known[memory] = _interpretation(context, repetition)
        append(observation, "interpretation", context.known[memory])


def _interpretation(context: Context, repetition: Repetition) -> Resource | None:
    code = repetition.component(1)
    known = None if context.local_code("OBX-8", code) else INTERPRETATION.get(code)
    if known and len(repetition.parts) == 1:
        return {"coding": [{"system": INTERPRETATION_SYSTEM, "code": known}]}
    value = concept_of(context, repetition, "OBX-8", "HL70078" if known else "")
    if value and known:
        value["coding"].insert(0, {"system": INTERPRETATION_SYSTEM, "code": known})
    elif value and code:
        value.setdefault("text", code)
    return value


def _set_methods(context: Context, observation: Resource, obx: Segment) -> None:
    how = (*obx.fields[17:19], *obx.fields[20:21])
    if not any(how):
        return
    memory = ("OBX methods", *how)
    if (known := context.known.get(memory)) is None:
        known = context.known[memory] = _methods(context, obx)
    elements, extensions = known
    observation.update(elements)
    for extension in extensions:
        append(observation, "extension", extension)


def _methods(context: Context, obx: Segment) -> tuple[Resource, list[Resource]]:
    """Return method, body site and device, one of each; and the extensions that further ones are."""
    elements: Resource = {}
    extensions: list[Resource] = []
    for number, element in ((17, "method"), (20, "bodySite")):
        for value in concepts(context, obx, number):
            if elements.setdefault(element, value) is not value:
                url = f"{EXTENSIONS}further-{element.lower()}"
                extensions.append({"url": url, "valueCodeableConcept": value})
    for repetition in obx.repetitions(18):
        named = reference(device) if (device := device_from_ei(context, repetition)) else None
        if named and elements.setdefault("device", named) != named:
            extensions.append({"url": f"{EXTENSIONS}further-device", "valueReference": named})
    return elements, extensions
