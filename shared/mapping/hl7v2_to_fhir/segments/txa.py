"""
TXA -> DocumentReference (HL7 v2-to-FHIR guide, map TXA[DocumentReference]).

    [dropped]                                = TXA-1    numbers the segment
    DocumentReference.type                   = TXA-2    CWE   table 0270
    DocumentReference.content.attachment.contentType = TXA-3  AS-SENT  of text that OBX holds
    DocumentReference.context.period.start   = TXA-4    DTM
    DocumentReference.author                 = TXA-5*   XCN
    DocumentReference.content.attachment.creation = TXA-6  DTM  and DocumentReference.date, where it is an instant
    DocumentReference.extension              = TXA-7..8*  AS-SENT
    DocumentReference.author                 = TXA-9*   XCN
    DocumentReference.authenticator          = TXA-10*  XCN   the first; further ones: extension
    Provenance.agent[enterer]                = TXA-11*  XCN   the transcriptionist, as v3's TRANS tells too
    DocumentReference.masterIdentifier       = TXA-12   EI
    DocumentReference.relatesTo              = TXA-13   EI    as the event says; else appends
    DocumentReference.context.related        = TXA-14*  EI    PLAC, a logical reference
    DocumentReference.context.related        = TXA-15   EI    FILL, a logical reference
    DocumentReference.identifier             = TXA-16   ST    the file's name
    DocumentReference.docStatus              = TXA-17   ID    table 0271; kept as sent
    DocumentReference.securityLabel          = TXA-18   ID    table 0272
    DocumentReference.status                 = TXA-19   ID    table 0273; no translation: extension original-code
    DocumentReference.extension              = TXA-20..24*  AS-SENT
    DocumentReference.description            = TXA-25*  ST    repetitions are lines
    DocumentReference.extension              = TXA-26   AS-SENT
    DocumentReference.custodian              = TXA-27   HD
    DocumentReference.context.practiceSetting = TXA-28  CWE
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_code,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_hd, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key, identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time, put_instant
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.msh import participant
from shared.terminology.document_maps import (
    CANCELLED_DOCUMENT,
    DOCUMENT_AVAILABILITY,
    DOCUMENT_COMPLETION,
    RELATION_OF_EVENT,
)
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

# Who typed a document, apart from who entered the event or an order.
TRANSCRIBER = "TRANS"


def document_from_txa(context: Context, txa: Segment, subject: Resource, provenance: Resource) -> Resource:
    """Return the DocumentReference, still without its content and its visit."""
    context.claim(txa, TABLE)
    document = context.add("DocumentReference", *_key(context, txa))
    _set_status(context, document, txa)
    document["subject"] = subject
    if number := identifier_from_ei(context, txa.first(12)):
        document["masterIdentifier"] = number
    if name := txa.text(16):
        document["identifier"] = [{"value": name}]
    if kind := concept(context, txa, 2, "HL70270"):
        document["type"] = kind
    put_instant(context, document, "date", txa, 6)
    _set_people(context, document, txa, provenance)
    event = context.message.event
    if parent := identifier_from_ei(context, txa.first(13)):
        target = {"type": "DocumentReference", "identifier": parent}
        document["relatesTo"] = [{"code": RELATION_OF_EVENT.get(event, "appends"), "target": target}]
    if label := concept(context, txa, 18, "HL70272"):
        document["securityLabel"] = [label]
    if title := txa.lines(25):
        document["description"] = title
    _set_context(context, document, txa)
    carry(context, document, txa, TABLE)
    return document


def _key(context: Context, txa: Segment) -> tuple[str, ...]:
    """Return the document's own number, else that of the message."""
    return entity_key(context, txa.first(12)) or (context.scope, "message", context.message.control_id)


def _set_status(context: Context, document: Resource, txa: Segment) -> None:
    code = txa.text(19)
    if context.message.event == CANCELLED_DOCUMENT:
        document["status"] = "entered-in-error"
        carry_field(document, txa, 19)
    elif status := DOCUMENT_AVAILABILITY.get(code):
        document["status"] = status
    else:
        document["status"] = "current"
        if code:
            extend(document, "status", original_code(TERMINOLOGY + "v2-0273", code))
    if completion := DOCUMENT_COMPLETION.get(txa.text(17)):
        document["docStatus"] = completion
    carry_field(document, txa, 17)


def _set_people(context: Context, document: Resource, txa: Segment, provenance: Resource) -> None:
    for number in (9, 5):
        for person in practitioners(context, txa, number):
            append(document, "author", reference(person))
    for person in practitioners(context, txa, 10):
        if document.setdefault("authenticator", reference(person)) != reference(person):
            url = f"{EXTENSIONS}further-authenticator"
            append(document, "extension", {"url": url, "valueReference": reference(person)})
    for person in practitioners(context, txa, 11):
        append(provenance, "agent", {"type": _transcriber(), "who": reference(person)})
    custodian = organization_from_hd(context, txa.first(27))
    if custodian is not None:
        document["custodian"] = reference(custodian)


def _transcriber() -> Resource:
    kind = participant("enterer")
    kind["coding"].append({"system": TERMINOLOGY + "v3-ParticipationType", "code": TRANSCRIBER})
    return kind


def _set_context(context: Context, document: Resource, txa: Segment) -> None:
    about: Resource = {}
    period: Resource = {}
    put_date_time(context, period, "start", txa, 4)
    if period:
        about["period"] = period
    if setting := concept(context, txa, 28):
        about["practiceSetting"] = setting
    for number, kind in ((14, "PLAC"), (15, "FILL")):
        for repetition in txa.repetitions(number):
            if order := identifier_from_ei(context, repetition, kind):
                append(about, "related", {"type": "ServiceRequest", "identifier": order})
    if about:
        document["context"] = about
