"""
OM1 -> ObservationDefinition (policy: the guide has no map for master files).

    ObservationDefinition.extension            = OM1-1    AS-SENT
    ObservationDefinition.code                 = OM1-2    CWE
    ObservationDefinition.permittedDataType    = OM1-3*   AS-SENT  table 0125, as far as FHIR has such a type here
    ObservationDefinition.extension            = OM1-4..8*  AS-SENT
    ObservationDefinition.preferredReportName  = OM1-9    ST
    ObservationDefinition.extension            = OM1-10..13*  AS-SENT
    ObservationDefinition.method               = OM1-14*  CWE   the first; further ones: extension
    ObservationDefinition.extension            = OM1-15..17*  AS-SENT
    ObservationDefinition.category             = OM1-18   CWE   table 0174
    ObservationDefinition.extension            = OM1-19..48*  AS-SENT
    ObservationDefinition.category             = OM1-49   CWE   table 0074
    ObservationDefinition.extension            = OM1-50..54*  AS-SENT
    ObservationDefinition.category             = OM1-55*  CWE
    ObservationDefinition.extension            = OM1-56..59*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.master_file_maps import PERMITTED_TYPE
from shared.terminology.systems import DATA_ABSENT_REASON

TABLE = table_of(__doc__)


def definition_from_om1(context: Context, om1: Segment) -> Resource:
    """Return the ObservationDefinition; the producer's code of the test is its business key."""
    key = om1.text(2) or om1.text(2, 2) or f"{context.message.control_id} {om1.label}"
    definition = context.add("ObservationDefinition", context.scope, key, om1.text(2, 3))
    for number, table in ((18, "HL70174"), (49, "HL70074"), (55, "")):
        for category in concepts(context, om1, number, table):
            append(definition, "category", category)
    definition["code"] = concept(context, om1, 2) or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    for kind in om1.repetitions(3):
        append(definition, "permittedDataType", PERMITTED_TYPE.get(kind.component(1)))
    methods = concepts(context, om1, 14)
    if methods:
        definition["method"] = methods[0]
    if len(methods) > 1:
        carry_field(definition, om1, 14)
    name = om1.first(9)
    if name is not None and (text := name.text().strip()):
        definition["preferredReportName"] = text
    carry_into(context, definition, om1, TABLE)
    return definition
