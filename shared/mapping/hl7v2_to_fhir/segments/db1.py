"""
DB1 -> Patient: disability of the person that DB1-2 names (no map in the guide: our policy).

    [dropped]                        = DB1-1      numbers the segment
    Patient.extension                = DB1-2      AS-SENT
    Patient.identifier               = DB1-3*     CX    the patient's own (DB1-2 PT or empty); else extension
    Patient.extension                = DB1-4      AS-SENT
    Patient.extension[disability]    = DB1-5      DT    start of a Period
    Patient.extension[disability]    = DB1-6      DT    its end
    Patient.extension[unable-to-work] = DB1-7     DT    start of a Period
    Patient.extension[unable-to-work] = DB1-8     DT    its end
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)

_PERIODS = ((5, 6, "disability"), (7, 8, "unable-to-work"))


def add_disability(context: Context, patient: Resource, db1: Segment) -> None:
    """Add the disability to the patient."""
    carry_into(context, patient, db1, TABLE)
    if db1.text(2) not in ("", "PT"):
        carry_field(patient, db1, 3)
    else:
        for sent in db1.repetitions(3):
            identifier = identifier_from_cx(context, sent, db1.location(3))
            append(patient, "identifier", identifier)
            if identifier is None:
                append(patient, "extension", original_value(sent.text()))
    for first, last, name in _PERIODS:
        period: Resource = {}
        put_date_time(context, period, "start", db1, first)
        put_date_time(context, period, "end", db1, last)
        if period:
            append(patient, "extension", {"url": f"{EXTENSIONS}{name}", "valuePeriod": period})
