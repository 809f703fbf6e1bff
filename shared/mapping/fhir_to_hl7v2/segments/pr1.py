"""
Procedure -> PR1, those in a role at it in ROL below.

    Procedure.code                 = PR1-3    CWE
    Procedure.code.text            = PR1-4    ST    until 2.6, where it is not the display
    Procedure.performedDateTime    = PR1-5    DTM   or the start of performedPeriod
    Procedure.category             = PR1-6    CWE   table 0230
    Procedure.performedPeriod      = PR1-7    NM    its length in minutes
    Procedure.performer            = PR1-8*   XCN   the anaesthetist, until 2.6
    Procedure.performer            = PR1-11*  XCN   the surgeon, until 2.6
    Procedure.performer            = PR1-12*  XCN   all others, until 2.6
    Procedure.reasonCode           = PR1-15*  CWE
    Procedure.code.extension       = PR1-16*  CWE   modifiers
    Procedure.identifier           = PR1-19   EI    since 2.5
    Procedure.status               = PR1-20   ID    D where it is entered in error
    Procedure.location             = PR1-23   PL    since 2.7
    Procedure.partOf               = PR1-25   EI    since 2.8

Policy: PR1 says that a procedure was done. One that was not, or not yet, makes none, nor does one entered in error in
a version that cannot say so.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcn_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import codes_from, cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds, dtm_from, minutes_between
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.dg1 import set_words
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.rol import describes_role, rol_from, rol_of_person
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_REQUIRED = frozenset({3})
_NOT_DONE = frozenset(("preparation", "in-progress", "not-done", "on-hold", "stopped"))
_ERROR, _ACTION = "entered-in-error", 20
_ANAESTHETIST, _SURGEON = "88189002", "304292004"


def pr1_from(context: Context, procedure: Resource) -> Draft | None:
    """Return PR1, None for what was not done; the code is required."""
    status = str(procedure.get("status", ""))
    if status in _NOT_DONE or (status == _ERROR and not context.has_field("PR1", _ACTION)):
        return None
    draft = Draft("PR1", TABLE, _REQUIRED)
    source = context.source
    source.whole(procedure, "status", "subject", "encounter")
    code = source.one(procedure, "code")
    draft.put(3, cwe_from(context, code, "PR1-3", "HL70088"))
    set_words(context, draft, code)
    for modifier in context.extensions(code or {}, f"{EXTENSIONS}modifier"):
        draft.put(16, cwe_from(context, modifier.get("valueCodeableConcept"), "PR1-16", "HL70340"))
    _set_time(context, draft, procedure)
    draft.put(6, cwe_from(context, source.one(procedure, "category"), "PR1-6", "HL70230"))
    draft.put(15, *codes_from(context, procedure, "reasonCode", "PR1-15"))
    for identifier in source.items(procedure, "identifier")[:1]:
        draft.put(19, ei_from(context, identifier))
    draft.put(23, pl_from(context, source.named(procedure, "location", "Location")))
    for whole in source.items(procedure, "partOf")[:1]:
        source.whole(whole, "reference", "type", "display")
        draft.put(25, ei_from(context, source.one(whole, "identifier")))
    _set_performers(context, draft, procedure)
    context.restore(draft, procedure)
    if status == _ERROR:
        draft.fields[_ACTION] = [["D"]]
    draft.below(*ntes_from(context, procedure))
    return draft


def _set_time(context: Context, draft: Draft, procedure: Resource) -> None:
    period = context.source.one(procedure, "performedPeriod")
    start, _ = bounds(context, period)
    draft.put(5, dtm_from(context, procedure, "performedDateTime"), start)
    if period is not None:
        draft.put(7, minutes_between(str(period.get("start", "")), str(period.get("end", ""))))


def _set_performers(context: Context, draft: Draft, procedure: Resource) -> None:
    """Set who did it: in PR1's own fields, where the version has them, else in ROL, as those who have a role there."""
    source = context.source
    for performer in source.items(procedure, "performer"):
        function = source.one(performer, "function") or {}
        codes = {str(one.get("code", "")) for one in function.get("coding", ())}
        number = 8 if _ANAESTHETIST in codes else 11 if _SURGEON in codes else 12
        for reference, actor in source.references(performer, "actor"):
            if actor is not None and describes_role(actor):
                source.whole(performer, "function")
                draft.below(rol_from(context, actor))
            elif context.has_field("PR1", number):
                source.whole(performer, "function")
                draft.put(number, xcn_from(context, reference, actor))
            else:
                kind = cwe_from(context, function, "ROL-3")
                draft.below(rol_of_person(kind, xcn_from(context, reference, actor)))
