"""
OM3 -> ObservationDefinition: the answers of a categorical result (policy: the guide has no map for master files).

    ObservationDefinition.extension              = OM3-1..2*  AS-SENT
    ObservationDefinition.validCodedValueSet     = OM3-3*   AS-SENT
    ObservationDefinition.normalCodedValueSet    = OM3-4*   AS-SENT
    ObservationDefinition.abnormalCodedValueSet  = OM3-5*   AS-SENT
    ObservationDefinition.criticalCodedValueSet  = OM3-6*   AS-SENT
    ObservationDefinition.extension              = OM3-7    AS-SENT

A set of answers is a ValueSet inside of the definition: the codes whose system is known.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)

_SETS = ((3, "valid"), (4, "normal"), (5, "abnormal"), (6, "critical"))


def add_om3(context: Context, definition: Resource, om3: Segment) -> None:
    """Add the sets of answers to the definition of a test."""
    for number, name in _SETS:
        includes = _includes(context, om3, number)
        element = f"{name}CodedValueSet"
        if includes and element not in definition:
            answers = {"resourceType": "ValueSet", "id": name, "status": "active", "compose": {"include": includes}}
            append(definition, "contained", answers)
            definition[element] = {"reference": f"#{name}"}
    carry_into(context, definition, om3, TABLE)


def _includes(context: Context, om3: Segment, number: int) -> list[Resource]:
    systems: dict[str, Resource] = {}
    for answer in concepts(context, om3, number):
        for coding in answer.get("coding", ()):
            if "system" in coding and "code" in coding:
                include = systems.setdefault(coding["system"], {"system": coding["system"]})
                append(include, "concept", {name: coding[name] for name in ("code", "display") if name in coding})
    return list(systems.values())
