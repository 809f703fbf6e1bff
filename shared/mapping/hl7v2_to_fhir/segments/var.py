"""
VAR -> Annotation: how what happened differs from what was planned (policy: the guide has no map for it).

    Annotation.extension        = VAR-1    AS-SENT
    Annotation.extension        = VAR-2    AS-SENT
    Annotation.time             = VAR-3    DTM   without it VAR-2
    Annotation.authorReference  = VAR-4*   XCN   the first; further ones: extension
    Annotation.extension        = VAR-5    AS-SENT
    Annotation.text             = VAR-6*   ST    repetitions are lines
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.nte import add_annotation

TABLE = table_of(__doc__)


def add_var(context: Context, resource: Resource, var: Segment) -> None:
    """Add the variance to the problem, goal, pathway or order that it is about."""
    note: Resource = {}
    carry_into(context, note, var, TABLE)
    people = practitioners(context, var, 4)
    if people:
        note["authorReference"] = reference(people[0])
    if len(people) > 1:
        carry_field(note, var, 4)
    put_date_time(context, note, "time", var, 3 if var.first(3) else 2)
    text = "\n".join(one.text() for one in var.repetitions(6)).strip()
    note["text"] = text or "(no text)"
    add_annotation(resource, note)
