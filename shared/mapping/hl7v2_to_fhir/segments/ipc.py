"""
IPC, or ZDS of older IHE profiles -> ImagingStudy of an order. The guide has no map: all of this is our policy.

    ImagingStudy.identifier     = IPC-1    EI    ACSN
    ImagingStudy.identifier     = IPC-2    EI    the requested procedure
    ImagingStudy.identifier     = IPC-3    EI    the study instance UID, which is also its business key
    ImagingStudy.identifier     = IPC-4    EI    the scheduled procedure step
    ImagingStudy.modality       = IPC-5*   CWE
    ImagingStudy.procedureCode  = IPC-6*   CWE
    ImagingStudy.extension      = IPC-7..10*  AS-SENT

The study is registered as far as an order tells; what there is of it, the archive says.
"""

from __future__ import annotations

import re

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments import zds
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)

_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UID_FIELDS = {"IPC": 3, "ZDS": 1}


def imaging_study(context: Context, request: Resource, segment: Segment) -> Resource | None:
    """Return the ImagingStudy that an IPC or ZDS below an order names; None for other segments, or without a UID."""
    number = _UID_FIELDS.get(segment.name)
    uid = segment.text(number) if number else ""
    if not _UID.fullmatch(uid):
        return None
    study = context.shared("ImagingStudy", "uid", uid)
    append(study, "identifier", {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"})
    study["status"] = "registered"
    study["subject"] = request["subject"]
    if "encounter" in request:
        study["encounter"] = request["encounter"]
    append(study, "basedOn", reference(request))
    if segment.name == "IPC":
        _set_procedure(context, study, segment)
    carry_into(context, study, segment, TABLE if segment.name == "IPC" else zds.TABLE)
    return study


def _set_procedure(context: Context, study: Resource, ipc: Segment) -> None:
    for number, kind in ((1, "ACSN"), (2, ""), (4, "")):
        append(study, "identifier", identifier_from_ei(context, ipc.first(number), kind))
    named = ipc.first(3)
    if named is not None and len(named.parts) > 1:
        append(study, "extension", original_value(named.text()))
    for value in concepts(context, ipc, 5):
        for coding in value.get("coding", ()):
            append(study, "modality", coding)
        if "coding" not in value:
            append(study, "extension", original_value(value["text"]))
    for value in concepts(context, ipc, 6):
        append(study, "procedureCode", value)
