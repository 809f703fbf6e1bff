"""
MFA -> Task.output: what became of one record of a master file (policy: the guide has no map for master files).

    Task.output.extension  = MFA-1..3*  AS-SENT
    Task.output.value      = MFA-4      CWE   table 0181
    Task.output.extension  = MFA-5..6*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.systems import DATA_ABSENT_REASON

TABLE = table_of(__doc__)


def add_mfa(context: Context, task: Resource, mfa: Segment) -> None:
    """Add the result of a record to the task of the message answered."""
    result = concept(context, mfa, 4, "HL70181") or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    output: Resource = {"type": {"text": "master file record"}, "valueCodeableConcept": result}
    carry_into(context, output, mfa, TABLE)
    task.setdefault("output", []).append(output)
