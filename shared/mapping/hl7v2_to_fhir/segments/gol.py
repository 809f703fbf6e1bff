"""
GOL -> Goal (policy: the guide has no map for it).

    Goal.lifecycleStatus     = GOL-1    AS-SENT  DE: entered in error
    Goal.extension           = GOL-2    AS-SENT
    Goal.description         = GOL-3    CWE
    Goal.identifier          = GOL-4    EI
    Goal.extension           = GOL-5..6   AS-SENT
    Goal.startDate           = GOL-7    DTM   a time of day: extension
    Goal.target.dueDate      = GOL-8    DTM   a time of day: extension
    Goal.category            = GOL-9    CWE
    Goal.extension           = GOL-10..15*  AS-SENT
    Goal.achievementStatus   = GOL-16   CWE
    Goal.note                = GOL-17*  ST
    Goal.lifecycleStatus     = GOL-18   AS-SENT  also as a code; silent or unknown: active
    Goal.statusDate          = GOL-19   DTM   a time of day: extension
    Goal.extension           = GOL-20..22*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.care_fields import care_resource, status_of
from shared.terminology.care_maps import GOAL_STATUS
from shared.terminology.systems import DATA_ABSENT_REASON

TABLE = table_of(__doc__)


def goal_from_gol(context: Context, gol: Segment, about: Resource) -> Resource:
    """Return the Goal; `about` holds the subject."""
    context.claim(gol, TABLE)
    goal, is_new = care_resource(context, "Goal", gol, about["subject"], number=4, code=3)
    if not is_new:
        return goal
    goal["lifecycleStatus"] = status_of(context, gol, 18, GOAL_STATUS, "active")
    goal["description"] = concept(context, gol, 3) or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    goal["subject"] = about["subject"]
    append(goal, "category", concept(context, gol, 9))
    if achievement := concept(context, gol, 16):
        goal["achievementStatus"] = achievement
    target: Resource = {}
    for element, name, number in ((goal, "startDate", 7), (target, "dueDate", 8), (goal, "statusDate", 19)):
        _set_date(context, goal, element, name, gol, number)
    append(goal, "target", target)
    if text := "\n".join(one.text() for one in gol.repetitions(17)).strip():
        append(goal, "note", {"text": text})
    carry_into(context, goal, gol, TABLE)
    return goal


def _set_date(context: Context, goal: Resource, element: Resource, name: str, gol: Segment, number: int) -> None:
    moment = put_date(context, element, name, gol, number)
    if moment is not None and moment.hour:
        carry_field(goal, gol, number)
