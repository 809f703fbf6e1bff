"""
OBX -> DocumentReference.content (HL7 v2-to-FHIR guide, map OBX[DocumentReference]).

    [dropped]                                   = OBX-1   numbers the segment
    [dropped]                                   = OBX-2   names the data type of OBX-5, which shapes the attachment
    DocumentReference.content.attachment.title  = OBX-3   CWE
    DocumentReference.content.extension         = OBX-4   AS-SENT
    DocumentReference.content.attachment        = OBX-5*  as ED, RP; text of several OBX is one attachment
    DocumentReference.content.extension         = OBX-6..10*  AS-SENT
    [dropped]                                   = OBX-11  the state of a part of the document
    DocumentReference.content.extension         = OBX-12..34*  AS-SENT
"""

from __future__ import annotations

import base64

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.attachments import attachment_from_ed, attachment_from_rp
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.document_maps import DOCUMENT_PRESENTATION

TABLE = table_of(__doc__)

TEXTS = frozenset({"TX", "FT", "ST"})
FILES = frozenset({"ED", "RP"})


def contents_from_text(context: Context, parts: list[Segment], presentation: str) -> list[Resource]:
    """Return the text of the OBX as one content: each is a line, in their order; nothing where there is no text."""
    lines = [one.text() for part in parts for one in part.repetitions(5)]
    content: Resource = {}
    for part in parts:
        carry_into(context, content, part, TABLE)
    text = "\n".join(lines).strip("\n")
    if not text and not content:
        return []
    kind = DOCUMENT_PRESENTATION.get(presentation) or "text/plain"
    attachment: Resource = {"contentType": f"{kind}; charset=utf-8"}
    if text:
        attachment["data"] = base64.b64encode(text.encode()).decode("ascii")
    content["attachment"] = attachment
    _set_title(context, attachment, parts[0])
    return [content]


def contents_from_file(context: Context, obx: Segment) -> list[Resource]:
    """Return a content for each ED or RP; what the OBX says beside it is in the first."""
    contents: list[Resource] = []
    for repetition in obx.repetitions(5):
        if obx.text(2) == "ED":
            attachment = attachment_from_ed(context, repetition, obx.location(5))
        else:
            attachment = attachment_from_rp(repetition)
        if attachment is not None:
            _set_title(context, attachment, obx)
            contents.append({"attachment": attachment})
    carry_into(context, contents[0] if contents else {}, obx, TABLE)
    return contents


def _set_title(context: Context, attachment: Resource, obx: Segment) -> None:
    value = concept(context, obx, 3)
    codings = value.get("coding", []) if value else []
    if title := (value or {}).get("text") or (codings[0].get("code", "") if codings else ""):
        attachment["title"] = title
