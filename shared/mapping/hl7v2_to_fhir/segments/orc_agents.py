"""
Who handled an order -> agents of the message's Provenance (HL7 v2-to-FHIR guide, map ORC[Provenance]).

    Provenance.agent[enterer]     = ORC-10*  XCN
    Provenance.agent[verifier]    = ORC-11*  XCN
    Provenance.agent[performer]   = ORC-19*  XCN   who acted as the order control says
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.segments.msh import participant

_ROLES = ((10, "enterer"), (11, "verifier"), (19, "performer"))


def add_agents(context: Context, provenance: Resource, orc: Segment) -> list[Resource]:
    """Add who entered, verified and did what the order says; return who entered it."""
    entered: list[Resource] = []
    for number, role in _ROLES:
        people = practitioners(context, orc, number)
        for person in people:
            append(provenance, "agent", {"type": participant(role), "who": reference(person)})
        if role == "enterer":
            entered = people
    return entered
