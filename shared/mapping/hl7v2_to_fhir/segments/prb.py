"""
PRB -> Condition, an item of the problem list (policy: the guide has no map for it).

    Condition.verificationStatus  = PRB-1    AS-SENT  DE: entered in error
    Condition.extension           = PRB-2    AS-SENT
    Condition.code                = PRB-3    CWE
    Condition.identifier          = PRB-4    EI
    Condition.extension           = PRB-5..6   AS-SENT
    Condition.recordedDate        = PRB-7    DTM
    Condition.extension           = PRB-8    AS-SENT
    Condition.abatementDateTime   = PRB-9    DTM
    Condition.category            = PRB-10   CWE   beside problem-list-item
    Condition.extension           = PRB-11..12*  AS-SENT
    Condition.verificationStatus  = PRB-13   AS-SENT  also as a code, where it has a translation
    Condition.clinicalStatus      = PRB-14   AS-SENT  also as a code; silent or unknown: active, resolved with PRB-9
    Condition.extension           = PRB-15   AS-SENT
    Condition.onsetDateTime       = PRB-16   DTM
    Condition.onsetString         = PRB-17   ST    with PRB-16: extension
    Condition.extension           = PRB-18..25*  AS-SENT
    Condition.severity            = PRB-26   CWE
    Condition.extension           = PRB-27..28   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.care_fields import ENTERED_IN_ERROR, care_resource, status_of
from shared.terminology.care_maps import PROBLEM_CLINICAL_STATUS, PROBLEM_VERIFICATION
from shared.terminology.systems import DATA_ABSENT_REASON, TERMINOLOGY

TABLE = table_of(__doc__)

_PROBLEM = {"coding": [{"system": TERMINOLOGY + "condition-category", "code": "problem-list-item"}]}
_OVER = frozenset({"inactive", "resolved", "remission"})


def condition_from_prb(context: Context, prb: Segment, about: Resource) -> Resource:
    """Return the Condition of a problem; `about` holds subject and encounter."""
    context.claim(prb, TABLE)
    condition, is_new = care_resource(context, "Condition", prb, about["subject"], number=4, code=3)
    if not is_new:
        return condition
    put_date_time(context, condition, "abatementDateTime", prb, 9)
    _set_status(context, condition, prb)
    condition["category"] = [_PROBLEM]
    append(condition, "category", concept(context, prb, 10))
    condition["code"] = concept(context, prb, 3) or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    condition.update(about)
    put_date_time(context, condition, "recordedDate", prb, 7)
    put_date_time(context, condition, "onsetDateTime", prb, 16)
    words = prb.first(17)
    if words is not None and "onsetDateTime" not in condition and "_onsetDateTime" not in condition:
        if text := words.text().strip():
            condition["onsetString"] = text
    else:
        carry_field(condition, prb, 17)
    if severity := concept(context, prb, 26):
        condition["severity"] = severity
    carry_into(context, condition, prb, TABLE)
    return condition


def _set_status(context: Context, condition: Resource, prb: Segment) -> None:
    """Set both states; con-4: what has abated is over, con-5: what is entered in error has no clinical state."""
    verification = status_of(context, prb, 13, PROBLEM_VERIFICATION, "")
    if verification:
        coding = {"system": TERMINOLOGY + "condition-ver-status", "code": verification}
        condition["verificationStatus"] = {"coding": [coding]}
    if verification == ENTERED_IN_ERROR:
        # What was never there has no end either, and no state that con-4 could ask for.
        for name in ("abatementDateTime", "_abatementDateTime"):
            if condition.pop(name, None):
                carry_field(condition, prb, 9)
        return
    clinical = status_of(context, prb, 14, PROBLEM_CLINICAL_STATUS, "active")
    if clinical not in _OVER and ("abatementDateTime" in condition or "_abatementDateTime" in condition):
        clinical = "resolved"
    condition["clinicalStatus"] = {"coding": [{"system": TERMINOLOGY + "condition-clinical", "code": clinical}]}
