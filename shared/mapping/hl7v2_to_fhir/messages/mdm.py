"""
MDM^T01-T11 -> transaction Bundle (HL7 v2-to-FHIR guide, map MDM_T02).

    TXA                     DocumentReference; its relation to the parent is the event's: T05, T06 appends, T07, T08
                            transforms, T09, T10 replaces; T11 makes it entered-in-error
    OBX of text, ED, RP     its content: text is one attachment, every file one; without any (T01, T03 ...) an
                            attachment that says so
    OBX of other types      Observation, in DocumentReference.context.related
    ORC, OBR, TQ1, NTE      ServiceRequest, in DocumentReference.context.related
    PID, PV1 ... CON        see `patient`
    NTE                     notes of what they follow
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.order_groups import OrderGroup
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.obx import observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.obx_document import FILES, TEXTS, contents_from_file, contents_from_text
from shared.mapping.hl7v2_to_fhir.segments.txa import document_from_txa
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION

OPENERS = {
    **patient.OPENERS,
    "ORC": ("PID", ""),
    "OBR": ("ORC", "PID", ""),
    "TQ1": ("OBR", "ORC"),
    "TQ2": ("OBR", "ORC"),
    "TXA": ("PID", ""),
    "CON": ("TXA", "PID", ""),
    "OBX": ("TXA", "PID", ""),
}
_ABSENT = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}


def bundle_from_mdm(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    for group in patient.adopt(root, OPENERS) or [root]:
        _take_consents(group)
        about = patient.about_patient(context, group)
        requests = _requests(context, group, about, provenance)
        for document in group.all("TXA"):
            _document(context, document, about, requests, provenance)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _take_consents(group: Group) -> None:
    """Raise the consents below a document to the patient, who gave them."""
    for document in group.all("TXA"):
        consents = list(document.all("CON"))
        document.children = [child for child in document.children if child not in consents]
        group.children += consents


def _requests(context: Context, group: Group, about: About, provenance: Resource) -> list[Resource]:
    """Return the ServiceRequests of the orders that the document is about."""
    scene = Scene(context, about, provenance)
    found = []
    for order in group.all("ORC", "OBR"):
        below = list(order.walk())
        orc = order.segment if order.name == "ORC" else None
        obrs = [one.segment for one in (order, *below) if one.name == "OBR"]
        details = [one.segment for one in below if one.name in ("TQ1", "TQ2") and one.segment is not None]
        notes = [one.segment for one in below if one.name == "NTE" and one.segment is not None]
        for position, obr in enumerate(obrs or [None]):
            whole = OrderGroup(orc=orc, obr=obr) if position else OrderGroup(orc, obr, notes, details)
            found.append(map_order(scene, whole, reports=False)[0])
    return found


def _document(context: Context, group: Group, about: About, requests: list[Resource], provenance: Resource) -> None:
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    document = document_from_txa(context, group.segment, about.subject, provenance)
    related = document.setdefault("context", {})
    if about.encounter is not None:
        related["encounter"] = [reference(about.encounter)]
    for request in requests:
        append(related, "related", reference(request))
    parts = [child for child in group.all("OBX") if child.segment is not None]
    document["content"] = _contents(context, parts, group.segment)
    for content in document["content"]:
        put_date_time(context, content["attachment"], "creation", group.segment, 6)
    for child in parts:
        holder = document
        if child.segment is not None and child.segment.text(2) not in TEXTS | FILES:
            holder = _observation(context, child.segment, document, about)
            append(related, "related", reference(holder))
        add_notes(context, child, holder)
    add_notes(context, group, document)
    if not related:
        del document["context"]


def _contents(context: Context, parts: list[Group], txa: Segment) -> list[Resource]:
    segments = [child.segment for child in parts if child.segment is not None]
    texts = [segment for segment in segments if segment.text(2) in TEXTS]
    contents = contents_from_text(context, texts, txa.text(3)) if texts else []
    for segment in segments:
        if segment.text(2) in FILES:
            contents += contents_from_file(context, segment)
    return contents or [{"attachment": dict(_ABSENT)}]


def _observation(context: Context, obx: Segment, document: Resource, about: About) -> Resource:
    owner = (context.scope, "document", str(document["id"]))
    return observation_from_obx(context, obx, owner, about.as_fields())


MAP = MessageMap("hl7v2-mdm", "1.3.3", bundle_from_mdm)
