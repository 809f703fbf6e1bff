"""
Who handled an order -> agents of the message's Provenance (HL7 v2-to-FHIR guide, map ORC[Provenance]).

    Provenance.agent[enterer]     = ORC-10*  XCN
    Provenance.agent[verifier]    = ORC-11*  XCN
    Provenance.agent.onBehalfOf   = ORC-17   CWE   of the enterer; without one an enterer itself
    Provenance.agent[enterer]     = ORC-18   CWE   the device
    Provenance.agent[performer]   = ORC-19*  XCN   who acted as the order control says

Policy: the Provenance is of the whole message. Where its orders were not all handled by the same, each keeps these
fields as sent too: nobody is to seem to have verified what another did.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.devices import device_from_cwe
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.mapping.hl7v2_to_fhir.segments.msh import participant

_ROLES = ((11, "verifier"), (19, "performer"))
_HANDLED = (10, 11, 17, 18, 19)


def add_agents(context: Context, provenance: Resource, order: Resource, orc: Segment) -> list[Resource]:
    """Add who entered, verified and did what the order says; return who entered it."""
    if not any(orc.fields[10:12]) and not any(orc.fields[17:20]):
        return []
    orders, alike = _handled(context)
    if not alike:
        for number in _HANDLED:
            carry_field(order, orc, number)
    # The orders of a message are mostly all entered by one person.
    memory = ("handled by", str(provenance["id"]), *orders[orc])
    entered: list[Resource] | None = context.known.get(memory)
    if entered is None:
        entered = context.known[memory] = _add_enterers(context, provenance, orc)
        for number, role in _ROLES:
            for person in practitioners(context, orc, number):
                append(provenance, "agent", {"type": participant(role), "who": reference(person)})
    return entered


def _handled(context: Context) -> tuple[dict[Segment, tuple[str, ...]], bool]:
    """Return what each order of the message says of who handled it, and whether all say the same."""
    memory = ("who handled orders",)
    if (known := context.known.get(memory)) is None:
        orders = {orc: _said(orc) for orc in context.message.all("ORC")}
        known = context.known[memory] = (orders, len(set(orders.values())) <= 1)
    handled: tuple[dict[Segment, tuple[str, ...]], bool] = known
    return handled


def _said(orc: Segment) -> tuple[str, ...]:
    fields = orc.fields
    return tuple([fields[number] if number < len(fields) else "" for number in _HANDLED])


def _add_enterers(context: Context, provenance: Resource, orc: Segment) -> list[Resource]:
    people = practitioners(context, orc, 10)
    organization = organization_from_cwe(context, orc, 17) if orc.raw(17) else None
    behalf = {"onBehalfOf": reference(organization)} if organization is not None else {}
    for person in people:
        append(provenance, "agent", {"type": participant("enterer"), "who": reference(person), **behalf})
    if organization is not None and not people:
        append(provenance, "agent", {"type": participant("enterer"), "who": reference(organization)})
    if orc.raw(18) and (device := device_from_cwe(context, orc, 18)):
        append(provenance, "agent", {"type": participant("enterer"), "who": reference(device)})
    return people
