"""
CER -> Practitioner.qualification, a certificate (policy: the guide has no map for master files).

    [dropped]                               = CER-1    numbers the segment
    Practitioner.qualification.identifier   = CER-2    ST
    Practitioner.qualification.extension    = CER-3    AS-SENT
    Practitioner.qualification.issuer       = CER-4    XON
    Practitioner.qualification.extension    = CER-5..9*  AS-SENT
    Practitioner.qualification.code         = CER-10   CWE
    Practitioner.qualification.extension    = CER-11..24*  AS-SENT
    Practitioner.qualification.period.start = CER-25   DTM
    Practitioner.qualification.extension    = CER-26   AS-SENT
    Practitioner.qualification.period.end   = CER-27   DTM
    Practitioner.qualification.extension    = CER-28..31*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.systems import DATA_ABSENT_REASON

TABLE = table_of(__doc__)


def add_cer(context: Context, person: Resource, cer: Segment) -> None:
    """Add a certificate, valid from its activation until it expires."""
    kind = concept(context, cer, 10) or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    certificate: Resource = {"code": kind}
    carry_into(context, certificate, cer, TABLE)
    serial = cer.first(2)
    if serial is not None and (text := serial.text().strip()):
        certificate["identifier"] = [{"value": text}]
    named = cer.first(4)
    if named is not None and (issuer := organization_from_xon(context, named)):
        certificate["issuer"] = reference(issuer)
    put_period(context, certificate, "period", cer, 25, 27)
    append(person, "qualification", certificate)
