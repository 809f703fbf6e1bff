"""
MSH -> MessageHeader and the message Bundle (HL7 v2-to-FHIR guide, maps MSH[MessageHeader], MSH[Bundle]).

Used for bundles of kind `message` alone, in which a Provenance tells the rest (`segments/msh.py`).

    [dropped]                              = MSH-1      delimiters: how the message is written
    [dropped]                              = MSH-2      delimiters: how the message is written
    MessageHeader.source                   = MSH-3      HD     name; endpoint, where it is a URI
    MessageHeader.sender                   = MSH-4      HD     an Organization
    MessageHeader.destination              = MSH-5*     HD     name; endpoint, where it is a URI
    MessageHeader.destination.receiver     = MSH-6      HD     an Organization; beside that of MSH-23: extension
    Bundle.timestamp                       = MSH-7      DTM    where it is an instant; also Provenance.occurredDateTime
    [dropped]                              = MSH-8      security of the transport between two systems
    MessageHeader.event                    = MSH-9      event (table 0003); without one the type (table 0076)
    Bundle.identifier                      = MSH-10     ID
    Provenance.meta.tag                    = MSH-11     ID     table 0103; production is not tagged
    [dropped]                              = MSH-12     the version of HL7 the message is written in
    [dropped]                              = MSH-13     sequence protocol between two systems
    [dropped]                              = MSH-14     continuation of a message split for transport
    [dropped]                              = MSH-15..16 asks for acknowledgments, which intake has sent
    Organization.address.country           = MSH-17     ID     of the sending facility, named or not
    [dropped]                              = MSH-18     character set of the bytes
    Provenance.language                    = MSH-19     CWE    where it is a language tag
    [dropped]                              = MSH-20     character set handling of the bytes
    [dropped]                              = MSH-21     profile that the message claims
    MessageHeader.responsible              = MSH-22     XON    also Provenance.agent[author].onBehalfOf
    MessageHeader.destination.receiver     = MSH-23     XON    the organization that the receiver answers to
    MessageHeader.source.endpoint          = MSH-24     HD     where it is a URI and MSH-3 is none
    MessageHeader.destination.endpoint     = MSH-25     HD     where it is a URI and MSH-5 is none

FHIR asks for an endpoint and most senders have none that is a URI: then the reason `unknown` stands in its place,
never an address that does not exist.
"""

from __future__ import annotations

from shared.formats.hl7v2.authority import uri_of
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_value,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_hd, organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_instant
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION, TERMINOLOGY

TABLE = table_of(__doc__)

RECEIVING_FACILITY = f"{EXTENSIONS}receiving-facility"

_ABSENT = {"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}


def message_header_from_msh(context: Context, header: Segment) -> Resource:
    """Return the MessageHeader; its focus is set when the bundle is complete."""
    context.claim(header, TABLE)
    message = context.add("MessageHeader", context.scope, header.text(10), header.text(7))
    kind, event = header.text(9), header.text(9, 2)
    code, table = (event, "v2-0003") if event else (kind, "v2-0076")
    if code:
        message["eventCoding"] = {"system": TERMINOLOGY + table, "code": code}
    else:
        message["eventCoding"] = {"extension": [dict(_ABSENT)]}
    _set_destinations(context, message, header)
    if sender := organization_from_hd(context, header.first(4)):
        message["sender"] = reference(sender)
    responsible = header.first(22)
    if responsible is not None and (organization := organization_from_xon(context, responsible)):
        message["responsible"] = reference(organization)
    message["source"] = _party(header.first(3), header.first(24))
    for number in (24, 25):
        _keep_address(message, header, number)
    return message


def complete_bundle(context: Context, bundle: Resource, header: Segment) -> None:
    """Set what MSH says of the message Bundle itself: its identifier and the time it was sent."""
    if control_id := header.text(10):
        bundle["identifier"] = {"value": control_id}
    put_instant(context, bundle, "timestamp", header, 7)


def _set_destinations(context: Context, message: Resource, header: Segment) -> None:
    facility, answering = organization_from_hd(context, header.first(6)), header.first(23)
    receiver = (organization_from_xon(context, answering) if answering is not None else None) or facility
    parties = [_party(one, header.first(25)) for one in header.repetitions(5)]
    if not parties and receiver is not None:
        parties = [_party(None, header.first(25))]
    for party in parties:
        if receiver is not None:
            party["receiver"] = reference(receiver)
        if facility is not None and facility is not receiver:
            append(party, "extension", {"url": RECEIVING_FACILITY, "valueReference": reference(facility)})
    if parties:
        message["destination"] = parties


def _party(application: Repetition | None, network: Repetition | None) -> Resource:
    """Return an application as source or destination: its name, and its address where one is known."""
    party: Resource = {}
    if application is not None and (name := application.component(1) or application.component(2)):
        party["name"] = name
    universal = application.component(2) if application is not None else ""
    if application is not None and universal not in ("", party.get("name")):
        said = uri_of(universal, application.component(3))
        append(party, "extension", {} if said else original_value(application.text()))
    for address in (application, network):
        if address is not None and (uri := uri_of(address.component(2), address.component(3))):
            party["endpoint"] = uri
            return party
    extend(party, "endpoint", dict(_ABSENT))
    return party


def _keep_address(message: Resource, header: Segment, number: int) -> None:
    """Keep a network address that is not the endpoint."""
    address = header.first(number)
    named = [message["source"], *message.get("destination", ())]
    if address is not None and uri_of(address.component(2), address.component(3)) not in (
        party.get("endpoint") for party in named
    ):
        carry_field(message, header, number)
