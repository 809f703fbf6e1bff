"""
PR1 -> Procedure (HL7 v2-to-FHIR guide, map PR1[Procedure]).

Policy: a procedure with a time is completed, one without has the status unknown, one that is deleted (PR1-20 D) is
entered in error.

    [dropped]                      = PR1-1    numbers the segment
    Procedure.extension            = PR1-2    AS-SENT  the system of PR1-3 where that names none
    Procedure.code                 = PR1-3    CWE
    Procedure.code.text            = PR1-4    ST
    Procedure.performedDateTime    = PR1-5    DTM   the start of performedPeriod where PR1-7 gives its end
    Procedure.category             = PR1-6    CWE   table 0230
    Procedure.performedPeriod      = PR1-7    NM    minutes after a start with time and zone; else extension
    Procedure.performer            = PR1-8*   XCN   anaesthetist
    Procedure.extension            = PR1-9..10*  AS-SENT
    Procedure.performer            = PR1-11*  XCN   surgeon
    Procedure.performer            = PR1-12*  XCN
    Procedure.extension            = PR1-13..14*  AS-SENT
    Procedure.reasonCode           = PR1-15*  CWE
    Procedure.code.extension       = PR1-16*  CWE   modifiers
    Procedure.extension            = PR1-17..18*  AS-SENT
    Procedure.identifier           = PR1-19   EI
    Procedure.status               = PR1-20   ID
    Procedure.extension            = PR1-21..22*  AS-SENT
    Procedure.location             = PR1-23   PL
    Procedure.extension            = PR1-24   AS-SENT
    Procedure.partOf               = PR1-25   EI    a logical reference
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, issuer_key
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import later, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.systems import DATA_ABSENT_REASON, SNOMED

TABLE = table_of(__doc__)

# Longer than any procedure, in minutes: what else an end could be reckoned from is a slip.
_DAYS = 7 * 24 * 60
# The guide's codes for what PR1-8 and PR1-11 do.
_PERFORMERS = ((8, "88189002", "Anesthesiologist"), (11, "304292004", "Surgeon"), (12, "", ""))


def procedure_from_pr1(context: Context, pr1: Segment, subject: Resource, encounter: Resource | None) -> Resource:
    """Return the Procedure; its identifier is its business key, else the visit, the code and the time."""
    context.claim(pr1, TABLE)
    procedure = context.add("Procedure", *_key(context, pr1, subject, encounter))
    for number, element in ((19, "identifier"), (25, "partOf")):
        _set_number(context, procedure, pr1, number, element)
    _set_status(procedure, pr1)
    if category := concept(context, pr1, 6, "HL70230"):
        procedure["category"] = category
    procedure["code"] = _code(context, pr1)
    procedure["subject"] = subject
    if encounter is not None:
        procedure["encounter"] = reference(encounter)
    _set_time(context, procedure, pr1)
    for number, code, words in _PERFORMERS:
        for person in practitioners(context, pr1, number):
            performer: Resource = {"actor": reference(person)}
            if code:
                performer["function"] = {"coding": [{"system": SNOMED, "code": code}], "text": words}
            append(procedure, "performer", performer)
    if place := location_from_pl(context, pr1.first(23)):
        procedure["location"] = reference(place)
    if reasons := concepts(context, pr1, 15):
        procedure["reasonCode"] = reasons
    carry(context, procedure, pr1, TABLE)
    return procedure


def _key(context: Context, pr1: Segment, subject: Resource, encounter: Resource | None) -> tuple[str, ...]:
    if value := pr1.text(19):
        return "id", scoped(context.scope, issuer_key(context, *(pr1.text(19, part) for part in (2, 3, 4)))), value
    whom = (
        str(encounter["id"]) if encounter is not None else str(subject.get("reference") or context.message.control_id)
    )
    return context.scope, whom, pr1.text(3) or pr1.text(3, 2) or pr1.text(4), pr1.text(5)


def _set_number(context: Context, procedure: Resource, pr1: Segment, number: int, element: str) -> None:
    sent = pr1.first(number)
    if sent is None:
        return
    identifier = identifier_from_ei(context, sent)
    if identifier is None:
        append(procedure, "extension", original_value(sent.text()))
    elif element == "partOf":
        append(procedure, element, {"type": "Procedure", "identifier": identifier})
    else:
        append(procedure, element, identifier)


def _set_status(procedure: Resource, pr1: Segment) -> None:
    action = pr1.text(20)
    if action == "D":
        procedure["status"] = "entered-in-error"
        return
    procedure["status"] = "completed" if pr1.text(5) else "unknown"
    carry_field(procedure, pr1, 20)


def _set_time(context: Context, procedure: Resource, pr1: Segment) -> None:
    """Set when it was done: from when to when, where its length in minutes is known."""
    put_date_time(context, procedure, "performedDateTime", pr1, 5)
    length = decimal(pr1.text(7)) if pr1.text(7) else None
    start = procedure.get("performedDateTime", "")
    exact = "T" in start and "_performedDateTime" not in procedure
    end = later(start, length) if exact and isinstance(length, int) and 0 < length <= _DAYS else ""
    if end:
        del procedure["performedDateTime"]
        procedure["performedPeriod"] = {"start": start, "end": end}
    else:
        carry_field(procedure, pr1, 7)


def _code(context: Context, pr1: Segment) -> Resource:
    """Return the procedure: before 2.5 the coding method stands in PR1-2 and the words in PR1-4."""
    code = {**(concept(context, pr1, 3, pr1.text(2)) or {})}
    words = pr1.field(4).text().strip() if pr1.raw(4) and not pr1.is_null(4) else ""
    if words and code.get("text", words) != words:
        append(code, "extension", {"url": f"{EXTENSIONS}pr1-3-text", "valueString": code["text"]})
    if words:
        code["text"] = words
    if not code:
        code = {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    for modifier in concepts(context, pr1, 16, "HL70340"):
        append(code, "extension", {"url": f"{EXTENSIONS}modifier", "valueCodeableConcept": modifier})
    return code
