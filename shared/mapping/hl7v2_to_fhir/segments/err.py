"""
ERR -> OperationOutcome.issue. The guide has no map of it: all of this is our policy.

    OperationOutcome.issue.expression  = ERR-1*   AS-SENT  before 2.5: place, and the code in its fourth component
    OperationOutcome.issue.expression  = ERR-2*   AS-SENT  in the standard's words: PID-3, OBX[2]-5.1
    OperationOutcome.issue.details     = ERR-3    CWE   table 0357, which also gives issue.code
    OperationOutcome.issue.severity    = ERR-4    ID    table 0516; no translation: error, extension original-code
    OperationOutcome.issue.details     = ERR-5    CWE   the application's own code
    OperationOutcome.issue.extension   = ERR-6*   AS-SENT
    OperationOutcome.issue.diagnostics = ERR-7    TX
    OperationOutcome.issue.details.text = ERR-8   TX
    OperationOutcome.issue.extension   = ERR-9..12*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.order_maps import ISSUE_SEVERITY, ISSUE_TYPE
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)


def issue_from_err(context: Context, err: Segment) -> Resource:
    """Return the issue of an ERR in its old form (2.1 to 2.4) or its new one."""
    issue: Resource = {}
    severity = ISSUE_SEVERITY.get(err.text(4))
    issue["severity"] = severity or "error"
    if severity is None and err.text(4):
        extend(issue, "severity", original_code(TERMINOLOGY + "v2-0516", err.text(4)))
    old = err.first(1)
    code = err.text(3) or (old.subcomponent(4, 1) if old is not None else "")
    issue["code"] = ISSUE_TYPE.get(code) or "processing"
    if details := _details(context, err):
        issue["details"] = details
    if diagnostics := _text(err, 7):
        issue["diagnostics"] = diagnostics
    for place in _places(err):
        append(issue, "expression", place)
    carry_into(context, issue, err, TABLE)
    return issue


def _details(context: Context, err: Segment) -> Resource:
    """Return the error's codes, the standard's before the application's own, and its words for the user."""
    details: Resource = {}
    words = [_text(err, 8)]
    for number, table in ((3, "HL70357"), (5, "HL70533")):
        value = concept(context, err, number, table) or {}
        for coding in value.get("coding", ()):
            append(details, "coding", coding)
        if value.get("text") not in {coding.get("display") for coding in value.get("coding", ())}:
            words.append(value.get("text", ""))
    if text := "; ".join(word for word in words if word):
        details["text"] = text
    return details


def _places(err: Segment) -> list[str]:
    """Return where the error is, in the standard's words."""
    found = []
    for number in (2, 1):
        for one in err.repetitions(number):
            segment, occurrence, field = (one.component(part) for part in (1, 2, 3))
            place = f"{segment}[{occurrence}]" if occurrence not in ("", "1") else segment
            place += f"-{field}" if field else ""
            if number == 2:
                repetition, component = one.component(4), one.component(5)
                place += f"({repetition})" if repetition not in ("", "1") else ""
                place += f".{component}" if component else ""
            if segment:
                found.append(place)
    return found


def _text(err: Segment, number: int) -> str:
    first = err.first(number)
    return first.text().strip() if first is not None else ""
