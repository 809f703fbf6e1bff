"""
EI, CWE -> Device (HL7 v2-to-FHIR guide, maps PRT[Device], OBX[Observation] for OBX-18, CWE[Device] for ORC-18).

    Device.identifier   EI 1..4: the device's number with its authority, which is also its business key
    Device.identifier   CWE 1 and 3, 4 and 6, 10 and 12
    Device.deviceName   CWE 9, 2, 5, 11: the names that people know it by
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, issuer_key


def device_from_ei(context: Context, repetition: Repetition) -> Resource | None:
    """Return the Device that an EI numbers, None without a number."""
    # The same instrument is named in every OBX of a report.
    memory = ("Device", repetition.raw)
    if memory not in context.known:
        context.known[memory] = _device(context, repetition)
    device: Resource | None = context.known[memory]
    return device


def device_from_cwe(context: Context, segment: Segment, number: int) -> Resource | None:
    """Return the Device that a coded field names, None when the field is empty."""
    value = concept(context, segment, number)
    if value is None:
        return None
    codings, words = value.get("coding", []), value.get("text", "")
    numbers = [{"system": one.get("system"), "value": one["code"]} for one in codings if "code" in one]
    key = (numbers[0]["system"] or "", numbers[0]["value"]) if numbers else ("name", words)
    device = context.shared("Device", context.scope, "coded", *key)
    for one in numbers:
        append(device, "identifier", {name: text for name, text in one.items() if text})
    for name in (words, *(one.get("display", "") for one in codings)):
        append(device, "deviceName", {"name": name, "type": "user-friendly-name"} if name else None)
    return device


def _device(context: Context, repetition: Repetition) -> Resource | None:
    identifier = identifier_from_ei(context, repetition)
    if identifier is None:
        return None
    issuer = issuer_key(context, *(repetition.component(part) for part in (2, 3, 4)))
    device = context.shared("Device", scoped(context.scope, issuer), repetition.component(1))
    append(device, "identifier", identifier)
    if further := "^".join(part for part in repetition.parts[4:] if part):
        append(device, "extension", original_value(further))
    return device
