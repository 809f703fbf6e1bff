"""
MSH -> Provenance of everything in the message; SFT and UAC say nothing about the record.

A transaction carries no MessageHeader: the resource belongs to message bundles, and a server would store it.

    [dropped]                              = MSH-1      delimiters: how the message is written
    [dropped]                              = MSH-2      delimiters: how the message is written
    Provenance.agent[assembler].who        = MSH-3      HD     sending application
    Provenance.agent[author].who           = MSH-4      HD     sending facility, an Organization
    [dropped]                              = MSH-5      addresses this delivery, not the record
    [dropped]                              = MSH-6      addresses this delivery, not the record
    Provenance.occurredDateTime            = MSH-7      DTM
    [dropped]                              = MSH-8      security of the transport between two systems
    Provenance.activity                    = MSH-9      type, event (table 0003), structure
    Provenance.entity.what.identifier      = MSH-10     ID
    Provenance.meta.tag                    = MSH-11     PT     table 0103, production is not tagged; 11.2 table 0207
    [dropped]                              = MSH-12     the version of HL7 the message is written in
    [dropped]                              = MSH-13     sequence protocol between two systems
    [dropped]                              = MSH-14     continuation of a message split for transport
    [dropped]                              = MSH-15..16 asks for acknowledgments, which intake has sent
    Organization.address.country           = MSH-17     ID     of the sending facility, named or not
    [dropped]                              = MSH-18     character set of the bytes
    Provenance.language                    = MSH-19     CWE    where it is a language tag
    [dropped]                              = MSH-20     character set handling of the bytes
    [dropped]                              = MSH-21     profile that the message claims
    Provenance.agent[author].onBehalfOf    = MSH-22     XON    sending responsible organization
    [dropped]                              = MSH-23..25 addresses this delivery, not the record
"""

from __future__ import annotations

import re
from datetime import UTC

from shared.formats.hl7v2.message import Message, Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import authority_organization, issuer_key
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION, TERMINOLOGY

TABLE = table_of(__doc__)

_PARTICIPANT = TERMINOLOGY + "provenance-participant-type"
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def provenance_from_msh(context: Context, header: Segment) -> Resource:
    """Return the Provenance of the message; its targets are set when the bundle is complete."""
    context.claim(header, TABLE)
    control_id, kind = header.text(10), context.message.code
    provenance = context.add("Provenance", context.scope, control_id, header.text(7))
    provenance["target"] = []
    put_date_time(context, provenance, "occurredDateTime", header, 7)
    provenance["recorded"] = _instant(context)
    _set_activity(provenance, context.message)
    provenance["agent"] = _agents(context, header)
    entity: Resource = {"role": "source", "what": {"display": f"HL7 v2 message {kind}".strip()}}
    if control_id:
        entity["what"]["identifier"] = {"value": control_id}
    provenance["entity"] = [entity]
    _set_tags(provenance, header)
    if language := header.first(19):
        if _LANGUAGE.fullmatch(language.component(1)):
            provenance["language"] = language.component(1)
        if "language" not in provenance or len(language.parts) > 1:
            append(provenance, "extension", original_value(language.text()))
    return provenance


def _set_tags(provenance: Resource, header: Segment) -> None:
    """Tag what is not production, and the mode of processing (data type PT)."""
    tags: Resource = {}
    if (processing := header.text(11)) != "P":
        append(tags, "tag", {"system": TERMINOLOGY + "v2-0103", "code": processing} if processing else None)
    if mode := header.text(11, 2):
        append(tags, "tag", {"system": TERMINOLOGY + "v2-0207", "code": mode})
    if tags:
        provenance["meta"] = tags


def _facility(context: Context, header: Segment) -> Resource | None:
    """Return the sending facility, None where nothing is known of it; MSH-17 alone makes one in that country."""
    facility = authority_organization(context, header.text(4), header.text(4, 2), header.text(4, 3))
    if country := header.text(17):
        if facility is None:
            facility = context.shared("Organization", context.scope, "sender in", country)
            # R4 asks for a name or an identifier (org-1): that it is not known stands in its place.
            facility["_name"] = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}
        append(facility, "address", {"country": country})
    return facility


def _set_activity(provenance: Resource, message: Message) -> None:
    kind = (message.code, message.event, message.structure)
    activity: Resource = {"text": "^".join([part for part in kind if part])}
    if message.event:
        activity["coding"] = [{"system": TERMINOLOGY + "v2-0003", "code": message.event}]
    if activity["text"]:
        provenance["activity"] = activity


def _agents(context: Context, header: Segment) -> list[Resource]:
    facility = _facility(context, header)
    author: Resource = {"type": participant("author"), "who": reference(facility) if facility else _unnamed(context)}
    if (responsible := header.first(22)) and (organization := organization_from_xon(context, responsible)):
        author["onBehalfOf"] = reference(organization)
    agents = [author]
    if application := header.first(3):
        agents.append({"type": participant("assembler"), "who": _application(context, application)})
    return agents


def participant(code: str) -> Resource:
    """Return the type of a Provenance agent."""
    return {"coding": [{"system": _PARTICIPANT, "code": code}]}


def _application(context: Context, repetition: Repetition) -> Resource:
    """Return a logical reference: the application is named, not described."""
    namespace, universal, kind = repetition.components(3)
    issuer = issuer_key(context, namespace, universal, kind)
    who: Resource = {"display": namespace or universal}
    if ":" in issuer:
        who["identifier"] = {"system": "urn:ietf:rfc:3986", "value": issuer}
    elif universal:
        who["identifier"] = {"value": universal, "type": {"text": kind}} if kind else {"value": universal}
    return who


def _unnamed(context: Context) -> Resource:
    return {"display": context.partner.name or "sender not named"}


def _instant(context: Context) -> str:
    received = context.received if context.received.tzinfo is UTC else context.received.astimezone(UTC)
    return received.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
