"""
A FHIR R4 Bundle -> HL7 v2 messages: one for each patient that it is about, for each document, for each appointment.

Pure: the same bundle, preferences, instant and key give the same bytes; without a key the control id is made of the
content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import Issue, RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.structures import definitions_of
from shared.formats.hl7v2.writing import write_message
from shared.mapping.fhir_to_hl7v2.bundles import SUBJECTS, index, read_bundle
from shared.mapping.fhir_to_hl7v2.choice import choose, read_message_type
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.messages.orders import order_drafts, oru_drafts
from shared.mapping.fhir_to_hl7v2.messages.others import dft_drafts, mdm_drafts, siu_drafts, vxu_drafts
from shared.mapping.fhir_to_hl7v2.messages.patient import is_retired
from shared.mapping.fhir_to_hl7v2.messages.visits import adt_drafts, merge_drafts
from shared.mapping.fhir_to_hl7v2.reading import Resource, Source
from shared.mapping.fhir_to_hl7v2.segments.msh import msh_from
from shared.mapping.fhir_to_hl7v2.structure import arrange
from shared.partners.hl7v2_writing import NO_PREFERENCES, WRITTEN_VERSIONS, WritingPreferences

_DRAFTS: dict[str, Callable[[Context], list[Draft]]] = {
    "ADT": adt_drafts,
    "ORU": oru_drafts,
    "OML": order_drafts,
    "ORM": order_drafts,
    "SIU": siu_drafts,
    "MDM": mdm_drafts,
    "VXU": vxu_drafts,
    "DFT": dft_drafts,
}
# What a message tells one of.
_TOPICS = {"SIU": "Appointment", "MDM": "DocumentReference"}
_CONTROL_ID = 20


@dataclass(frozen=True, slots=True)
class Generated:
    """One HL7 v2 message: its bytes, its type (`ADT^A01`), and what of the FHIR it could not carry or hold."""

    payload: bytes
    message_type: str
    issues: tuple[Issue, ...]


def messages_from_bundle(
    bundle: dict[str, Any],
    *,
    message_type: str = "",
    preferences: WritingPreferences = NO_PREFERENCES,
    sent: datetime,
    key: str = "",
) -> Iterator[Generated]:
    """
    Yield the messages of a Bundle (or of a single resource), one for each patient, document and appointment.

    The control ids are made of `key`: what is owed anew repeats nothing, however much it is like what was sent before.
    `message_type` is `TYPE^EVENT`, "" to let the bundle tell. RejectedError where the type is not written, the version
    has none of it, or an element that HL7 v2 requires is missing; it names the element.
    """
    if sent.tzinfo is None:
        raise ValueError("`sent` needs a zone")
    entries = read_bundle(bundle)
    known = index(entries)
    definitions = definitions_of(preferences.version)
    if definitions is None or preferences.version not in WRITTEN_VERSIONS:
        raise RejectedError("unsupported-version", "MSH-12", f"Written are {', '.join(WRITTEN_VERSIONS)}.")
    wanted = read_message_type(message_type) if message_type else None
    version = tuple(map(int, preferences.version.split(".")))
    parts = (each for part in _by_patient(entries, known, wanted) for each in _by_topic(part, known, wanted, version))
    for number, part in enumerate(parts, start=1):
        source = Source(part, known)
        chosen = wanted or choose(source, version)
        if wanted is not None:
            _count_stated(source, version)
        context = Context(source, definitions, preferences, chosen, sent)
        content = key.encode() or serialize(bundle)
        yield _written(context, _control_id(content, preferences, chosen, number))


def _count_stated(source: Source, version: tuple[int, ...]) -> None:
    """Count what states an event as read, though the caller says another."""
    try:
        choose(source, version)
    except RejectedError:
        return


def _written(context: Context, control_id: str) -> Generated:
    build = merge_drafts if context.event == "A40" else _DRAFTS[context.code]
    drafts = [msh_from(context, control_id), *build(context)]
    segments = arrange(context, drafts)
    written = write_message(segments, delimiters=context.preferences.delimiters, charset=context.preferences.charset)
    _count_provenance(context)
    issues = (*context.issues, *written.issues, *context.source.left())
    return Generated(written.payload, f"{context.code}^{context.event}", issues)


def _count_provenance(context: Context) -> None:
    """Count what a Provenance or MessageHeader says of its own message, which this one is not."""
    for provenance in context.source.provenances():
        context.source.whole(provenance, "target", "entity", "occurredDateTime", "recorded", "agent", "activity")
    for header in context.source.all("MessageHeader"):
        context.source.whole(header, "focus", "eventCoding")


def _control_id(content: bytes, preferences: WritingPreferences, message: tuple[str, str], number: int) -> str:
    content += "|".join((preferences.version, *message, str(number))).encode()
    return hashlib.sha256(content).hexdigest()[:_CONTROL_ID].upper()


def _by_patient(
    entries: list[tuple[str, Resource, str]], known: dict[str, Resource], wanted: tuple[str, str] | None
) -> Iterator[list[tuple[str, Resource]]]:
    """Yield the entries of each message: those of one patient with those of nobody."""
    whole = [(path, resource) for path, resource, _ in entries]
    patients = [one for _, one in whole if one["resourceType"] == "Patient" and not is_retired(one)]
    shared_by_all = wanted is not None and wanted[0] == "SIU"
    if len(patients) <= 1 or shared_by_all:
        yield whole
        return
    owners = [(path, one, _owner(one, known)) for path, one in whole]
    told = {owner for _, one, owner in owners if one["resourceType"] != "Patient"}
    # Whom a message about results or orders says nothing of has none, and is reported with the first.
    silent = {id(one) for one in patients} - told if wanted is not None and wanted[0] != "ADT" else set[int]()
    if len(silent) == len(patients):
        silent = set()
    beside = [(path, one) for path, one, owner in owners if owner in silent]
    for patient in patients:
        if id(patient) not in silent:
            yield [(path, one) for path, one, owner in owners if owner in (None, id(patient))] + beside
            beside = []


def _by_topic(
    part: list[tuple[str, Resource]],
    known: dict[str, Resource],
    wanted: tuple[str, str] | None,
    version: tuple[int, ...],
) -> Iterator[list[tuple[str, Resource]]]:
    """Yield the entries of each document or appointment, of which a message tells one; what only others name aside."""
    code, _ = wanted or choose(Source(part, known), version)
    topics = [one for _, one in part if one["resourceType"] == _TOPICS.get(code)]
    if len(topics) <= 1:
        yield part
        return
    own = {id(topic): {id(one) for one in (topic, *_named(topic, known))} for topic in topics}
    told = set[int]().union(*own.values())
    for topic in topics:
        aside = told - own[id(topic)]
        yield [(path, one) for path, one in part if one["resourceType"] == "Patient" or id(one) not in aside]


def _named(value: Any, known: dict[str, Resource]) -> Iterator[Resource]:
    """Yield the resources that the references of a resource, or of a part of it, mean."""
    if isinstance(value, dict):
        found = known.get(str(value.get("reference")))
        yield from [found] if found is not None else ()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _named(part, known)


def _owner(resource: Resource, known: dict[str, Resource]) -> int | None:
    """Return the identity of the patient that a resource is about, None for one about nobody."""
    if resource["resourceType"] == "Patient":
        links = resource.get("link", ())
        others = (
            [known.get(str(link.get("other", {}).get("reference"))) for link in links] if is_retired(resource) else []
        )
        return id(others[0] if others and others[0] is not None else resource)
    for name in SUBJECTS:
        values = resource.get(name)
        for value in values if isinstance(values, list) else [values]:
            found = known.get(str(value.get("reference", ""))) if isinstance(value, dict) else None
            if found is not None and found["resourceType"] == "Patient":
                return id(found)
    return None
