"""
DocumentReference -> TXA, its content OBX.

    DocumentReference.type                   = TXA-2    CWE   table 0270
    DocumentReference.content.attachment.contentType = TXA-3  ID  TX for text, AP for an application, IM for an image
    DocumentReference.context.period.start   = TXA-4    DTM
    DocumentReference.author                 = TXA-5*   XCN
    DocumentReference.date                   = TXA-6    DTM
    DocumentReference.authenticator          = TXA-10*  XCN
    Provenance.agent[enterer]                = TXA-11*  XCN   of v3's type TRANS
    DocumentReference.masterIdentifier       = TXA-12   EI    else the first identifier
    DocumentReference.relatesTo              = TXA-13   EI
    DocumentReference.context.related        = TXA-14*  EI    PLAC
    DocumentReference.context.related        = TXA-15   EI    FILL
    DocumentReference.identifier             = TXA-16   ST
    DocumentReference.docStatus              = TXA-17   ID    table 0271
    DocumentReference.securityLabel          = TXA-18   ID    table 0272
    DocumentReference.status                 = TXA-19   ID    table 0273
    DocumentReference.description            = TXA-25*  ST    since 2.8
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments import obx
from shared.mapping.fhir_to_hl7v2.segments.msh import agents
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obx_value import attachment_from, decoded_text
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.txa import TRANSCRIBER
from shared.terminology.document_maps import DOCUMENT_AVAILABILITY

TABLE = table_of(__doc__)

_REQUIRED = frozenset({2, 12})
_STATUS = {"final": "AU", "preliminary": "IP", "amended": "AU"}
# Nobody said that it was authenticated.
_DOCUMENTED = "DO"
_FURTHER = f"{EXTENSIONS}further-authenticator"


def txa_from(context: Context, document: Resource) -> Draft:
    """Return TXA; the document's type and number are required."""
    draft = Draft("TXA", TABLE, _REQUIRED)
    source = context.source
    source.whole(document, "subject", "category")
    draft.put(2, cwe_from(context, source.one(document, "type"), "TXA-2", "HL70270"))
    draft.put(5, *xcns_from(context, document, "author"))
    draft.put(6, dtm_from(context, document, "date"))
    for content in context.source.items(document, "content") if not draft.has(6) else ():
        draft.put(6, dtm_from(context, content.get("attachment", {}), "creation") if not draft.has(6) else None)
    draft.put(10, *xcns_from(context, document, "authenticator"))
    for further in context.extensions(document, _FURTHER):
        draft.put(10, *xcns_from(context, further, "valueReference"))
    for agent in agents(context, source.provenance, TRANSCRIBER):
        draft.put(11, *xcns_from(context, agent, "who"))
    _set_numbers(context, draft, document)
    _set_context(context, draft, source.one(document, "context") or {})
    draft.put(17, _STATUS.get(source.text(document, "docStatus"), _DOCUMENTED))
    for label in source.items(document, "securityLabel")[:1]:
        draft.put(18, cwe_from(context, label, "TXA-18", "HL70272"))
    status = context.original_code(document, "status") or back(DOCUMENT_AVAILABILITY, source.text(document, "status"))
    draft.put(19, status)
    if context.has_field("TXA", 25):
        draft.put(25, *source.text(document, "description").split("\n"))
    context.restore(draft, document)
    draft.below(*ntes_from(context, document))
    return draft


def contents_from(context: Context, document: Resource, txa: Draft) -> list[Draft]:
    """Return the OBX of a document's contents; text as text, anything else as data or a URL."""
    drafts = []
    for content in context.source.items(document, "content"):
        attachment = context.source.one(content, "attachment")
        if attachment is None:
            continue
        draft = Draft("OBX", obx.TABLE)
        title = str(attachment.get("title", "")) or "Document"
        draft.put(3, ["", title])
        text = decoded_text(attachment)
        if text is not None:
            context.source.whole(attachment, *attachment)
            draft.put(2, "TX")
            draft.fields[5] = [[line] for line in text.split("\n")]
        else:
            value = attachment_from(context, attachment)
            draft.put(2, value.datatype)
            draft.fields[5] = value.repetitions
        if draft.has(5):
            draft.put(11, "F")
            context.restore(draft, content)
            drafts.append(draft)
        kind = str(attachment.get("contentType", "")).split("/")[0]
        if not txa.has(3):
            txa.put(3, {"text": "TX", "application": "AP", "image": "IM", "audio": "AU"}.get(kind))
    return drafts


def _set_numbers(context: Context, draft: Draft, document: Resource) -> None:
    source = context.source
    draft.put(12, ei_from(context, source.one(document, "masterIdentifier")))
    for identifier in source.items(document, "identifier"):
        if not draft.has(12):
            draft.put(12, ei_from(context, identifier))
        elif not draft.has(16) and "system" not in identifier:
            draft.put(16, source.text(identifier, "value"))
    for relation in source.items(document, "relatesTo")[:1]:
        source.whole(relation, "code")
        target = source.one(relation, "target") or {}
        source.whole(target, "reference", "type", "display")
        draft.put(13, ei_from(context, source.one(target, "identifier")))


def _set_context(context: Context, draft: Draft, about: Resource) -> None:
    source = context.source
    source.whole(about, "encounter", "sourcePatientInfo")
    if (period := source.one(about, "period")) is not None:
        draft.put(4, dtm_from(context, period, "start"))
    for reference in source.items(about, "related"):
        source.held({"related": [reference]}, "related")
        identifier = source.one(reference, "identifier")
        number: Composite | None = ei_from(context, identifier)
        draft.put(15 if identifier is not None and is_of(identifier, "FILL") else 14, number)
