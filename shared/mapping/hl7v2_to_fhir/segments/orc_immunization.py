"""
ORC -> Immunization (HL7 v2-to-FHIR guide, map ORC[Immunization]).

    Immunization.extension          = ORC-1   AS-SENT
    Immunization.identifier         = ORC-2   EI    PLAC
    Immunization.identifier         = ORC-3   EI    FILL; 9999 of what was not given: dropped
    Immunization.identifier         = ORC-4   EI    PGN
    Immunization.extension          = ORC-5..8*  AS-SENT
    Immunization.recorded           = ORC-9   DTM   where RXA-22 is silent; else extension
    Provenance.agent[enterer]       = ORC-10* XCN
    Provenance.agent[verifier]      = ORC-11* XCN
    Immunization.performer          = ORC-12* XCN   OP
    Immunization.extension          = ORC-13..16*  AS-SENT
    Provenance.agent.onBehalfOf     = ORC-17  CWE   of the enterer; without one an enterer itself
    Provenance.agent[enterer]       = ORC-18  CWE   the device
    Provenance.agent[performer]     = ORC-19* XCN
    Immunization.extension          = ORC-20..27*  AS-SENT
    Immunization.meta.security      = ORC-28* CWE
    Immunization.extension          = ORC-29..38*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.orc_agents import add_agents
from shared.terminology.medication_maps import NO_NUMBER, NOT_GIVEN, NOTHING_ADMINISTERED
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_NOT_A_NUMBER = "the number that all vaccinations share that were refused or not given: it identifies none"
_FILLER = 3
_FUNCTION = TERMINOLOGY + "v2-0443"


def add_orc_to_immunization(
    context: Context, immunization: Resource, orc: Segment, rxa: Segment, provenance: Resource
) -> None:
    """Add what the order says of the immunization; RXA is read before, what it says stands."""
    context.claim(orc, TABLE)
    for number, kind in ((2, "PLAC"), (3, "FILL"), (4, "PGN")):
        if number == _FILLER and identifies_nothing(orc.text(number), rxa):
            context.drop_field(orc, number, _NOT_A_NUMBER)
            continue
        append(immunization, "identifier", identifier_from_ei(context, orc.first(number), kind))
    if "recorded" in immunization or "_recorded" in immunization:
        carry_field(immunization, orc, 9)
    else:
        put_date_time(context, immunization, "recorded", orc, 9)
    add_agents(context, provenance, immunization, orc)
    for person in practitioners(context, orc, 12):
        append(immunization, "performer", performer("OP", person))
    for security in concepts(context, orc, 28, "HL70177"):
        for coding in security.get("coding", ()):
            append(immunization.setdefault("meta", {}), "security", coding)
    carry(context, immunization, orc, TABLE)


def identifies_nothing(number: str, rxa: Segment) -> bool:
    """Tell whether the filler's number is the one that all vaccinations share that were refused or not given."""
    return number == NO_NUMBER and (rxa.text(20) in NOT_GIVEN or rxa.text(5) == NOTHING_ADMINISTERED)


def performer(code: str, actor: Resource) -> Resource:
    """Return who performed an immunization, in which function (table 0443)."""
    return {"function": {"coding": [{"system": _FUNCTION, "code": code}]}, "actor": reference(actor)}
