"""
MFN, MFK, MFR, MFD -> transaction Bundle (policy: the guide has no map for master files).

    STF    see `master_staff`        CDM, LOC    see `master_records`        OM1    see `master_tests`
    MFI    extensions of the Provenance
    MFE    extensions of the record's resource; it withdraws the record (MDL, MDC) or puts it in use
    MSA, ERR, MFA    Task: the answer to a message, with the result of each record

A record of another kind stays unknown, and an issue says so.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import master_records, master_staff, master_tests
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.query_parts import add_answer, add_query
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments import mfe, mfi
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.mfa import add_mfa
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.terminology.master_file_maps import RECORD_EVENTS

_MAPS = {
    "STF": master_staff.map_staff,
    "CDM": master_records.map_charge,
    "LOC": master_records.map_location,
    "OM1": master_tests.map_test,
}
_RECORDS = {**master_staff.OPENERS, **master_records.OPENERS, **master_tests.OPENERS}
_PARTS = tuple(name for name in _RECORDS if name not in (*_MAPS, "NTE"))
OPENERS = {**_RECORDS, **{name: (*_RECORDS[name], "MFE", "") for name in _PARTS}, "MFI": ("",), "MFE": ("",)}


def bundle_from_mfn(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    task = add_answer(context)
    add_query(context)
    root = tree(message.segments[1:], OPENERS)
    for group in root.children:
        assert group.segment is not None  # noqa: S101 - only the message itself has no segment
        if group.name == "MFI":
            carry_into(context, provenance, group.segment, mfi.TABLE)
            add_notes(context, group, provenance)
        elif group.name == "MFA" and task is not None:
            add_mfa(context, task, group.segment)
        elif group.name == "MFE":
            _map_record(context, group)
        elif make := _MAPS.get(group.name):
            make(context, group, "")
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _map_record(context: Context, group: Group) -> None:
    """Map what stands below an MFE; the first resource that it makes is that of the record."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    event = group.segment.text(1)
    if event not in RECORD_EVENTS:
        place = group.segment.location(1)
        context.report("warning", "code-invalid", "unmapped-code", place, "Not an event of a master file record.")
    records = list(group.all(*_MAPS))
    if records:
        # What came before its record, out of order, is the record's all the same.
        records[0].children += group.all(*_PARTS)
    made = [_MAPS[record.name](context, record, event) for record in records]
    if not made:
        text = "A master file record of a kind that has no map."
        context.report("warning", "not-supported", "master-file-unmapped", group.segment.label, text)
        return
    carry_into(context, made[0], group.segment, mfe.TABLE)
    add_notes(context, group, made[0])


MAP = MessageMap("hl7v2-mfn", "1.1.3", bundle_from_mfn)
