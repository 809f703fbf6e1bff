"""
ED, RP -> Attachment.

    ED   contentType 2 and 3     data 5 by its encoding 4 (Base64, Hex, A)     title: what the observation is called
    RP   url 1                   contentType 3 and 4
"""

from __future__ import annotations

import base64
import binascii

from shared.formats.hl7v2.authority import uri_of
from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value

_TYPES = {
    "PDF": "application/pdf",
    "RTF": "application/rtf",
    "XML": "application/xml",
    "HTML": "text/html",
    "PLAIN": "text/plain",
    "TXT": "text/plain",
    "TEXT": "text/plain",
    "JPEG": "image/jpeg",
    "JPG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "TIF": "image/tiff",
    "DICOM": "application/dicom",
    "X-HL7-CDA-LEVEL-ONE": "application/xml",
}
_TOP_LEVEL = frozenset({"application", "audio", "image", "model", "multipart", "text", "video"})


def attachment_from_ed(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an ED as an Attachment; data that cannot be decoded stays as text in an extension and is reported."""
    attachment: Resource = {}
    _set_type(attachment, repetition.component(2), repetition.component(3))
    data, encoding = repetition.component(5), repetition.component(4)
    if data:
        encoded = _encoded(data, encoding.upper())
        if encoded is None:
            append(attachment, "extension", original_value(data))
            context.report("warning", "value", "data-undecodable", f"{location}.5", "The data are not what ED.4 says.")
        else:
            attachment["data"] = encoded
    if source := repetition.component(1):
        append(attachment, "extension", original_value(source))
    return attachment if data or attachment else None


def attachment_from_rp(repetition: Repetition) -> Resource | None:
    """Return an RP as an Attachment; a pointer that is no URL stays in an extension."""
    attachment: Resource = {}
    _set_type(attachment, repetition.component(3), repetition.component(4))
    pointer = repetition.component(1)
    if url := uri_of(pointer, "URI"):
        attachment["url"] = url
    elif pointer:
        append(attachment, "extension", original_value(pointer))
    if application := repetition.component(2):
        append(attachment, "extension", original_value(application))
    return attachment or None


def _set_type(attachment: Resource, kind: str, subtype: str) -> None:
    """Set contentType where the two make one; what they say otherwise is kept."""
    if not kind and not subtype:
        return
    content = _TYPES.get(subtype.upper(), "")
    whole = kind if "/" in kind else f"{kind.lower()}/{subtype.lower()}"
    if not content and whole.split("/")[0] in _TOP_LEVEL and whole.count("/") == 1 and not whole.endswith("/"):
        content = whole if " " not in whole else ""
    if content:
        attachment["contentType"] = content
    for part in (kind, subtype):
        if part and part.lower() not in content.lower():
            append(attachment, "extension", original_value(part))


def _encoded(data: str, encoding: str) -> str | None:
    """Return the data as base64, None when they are not in the encoding they claim."""
    try:
        if encoding == "HEX":
            return base64.b64encode(bytes.fromhex(data)).decode("ascii")
        if encoding in ("BASE64", ""):
            compact = "".join(data.split())
            base64.b64decode(compact, validate=True)
            return compact
    except (ValueError, binascii.Error):
        return None
    return base64.b64encode(data.encode()).decode("ascii")
