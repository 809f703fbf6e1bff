"""
PTH -> CarePlan (policy: the guide has no map for it).

    CarePlan.status       = PTH-1    AS-SENT  DE: entered in error
    CarePlan.category     = PTH-2    CWE   its words are the title
    CarePlan.identifier   = PTH-3    EI
    CarePlan.created      = PTH-4    DTM
    CarePlan.status       = PTH-5    AS-SENT  also as a code; silent: active, no translation: unknown
    CarePlan.extension    = PTH-6..7   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.care_fields import care_resource, status_of
from shared.terminology.care_maps import PATHWAY_STATUS

TABLE = table_of(__doc__)


def care_plan_from_pth(context: Context, pth: Segment, about: Resource) -> Resource:
    """Return the CarePlan of a pathway; `about` holds subject and encounter."""
    context.claim(pth, TABLE)
    plan, is_new = care_resource(context, "CarePlan", pth, about["subject"], number=3, code=2)
    if not is_new:
        return plan
    plan["status"] = status_of(context, pth, 5, PATHWAY_STATUS, "unknown" if pth.first(5) else "active")
    plan["intent"] = "plan"
    if pathway := concept(context, pth, 2):
        append(plan, "category", pathway)
        if "text" in pathway:
            plan["title"] = pathway["text"]
    plan.update(about)
    put_date_time(context, plan, "created", pth, 4)
    carry_into(context, plan, pth, TABLE)
    return plan
