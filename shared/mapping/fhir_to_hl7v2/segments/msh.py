"""
MessageHeader, Provenance, Bundle -> MSH.

    MessageHeader.source.name            = MSH-3    HD    after the preferences; else Provenance's assembler
    MessageHeader.sender                 = MSH-4    HD    after the preferences; else Provenance's author
    MessageHeader.destination.name       = MSH-5    HD    after the receiver's preferences
    MessageHeader.destination.receiver   = MSH-6    HD    after the receiver's preferences
    [dropped]                            = MSH-7    when this message is written
    MessageHeader.event                  = MSH-9    see `choice`
    [dropped]                            = MSH-10   number of this message, made of its content
    Provenance.meta.tag                  = MSH-11   ID    table 0103; else P
    [dropped]                            = MSH-12   the version that is written
    [dropped]                            = MSH-18   the character set that is written
    Organization.address.country         = MSH-17   ID    of the sending facility
    Provenance.language                  = MSH-19   CWE
"""

from __future__ import annotations

from shared.formats.hl7v2.structures import structure_of
from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import hd_from_organization, hd_from_text, trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import moment_text
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.message_header import RECEIVING_FACILITY
from shared.mapping.hl7v2_to_fhir.segments.txa import TRANSCRIBER
from shared.terminology.system_names import universal_id
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_PROCESSING = TERMINOLOGY + "v2-0103"


def msh_from(context: Context, control_id: str) -> Draft:
    """Return MSH; the writer adds delimiters and character set."""
    wishes, source = context.preferences, context.source
    draft = Draft("MSH", TABLE)
    header, provenance = source.first("MessageHeader"), source.provenance
    parties = (
        (3, wishes.sending_application, _application(context, header, provenance)),
        (4, wishes.sending_facility, _facility(context, header, provenance)),
        (5, wishes.receiving_application, _destination(context, header)),
        (6, wishes.receiving_facility, _receiver(context, header)),
    )
    for number, wished, said in parties:
        draft.put(number, hd_from_text(wished) if wished else said)
    draft.put(7, moment_text(context.sent.isoformat(timespec="seconds")))
    structure = structure_of(context.code, context.event, version=context.definitions.version)
    draft.put(9, [context.code, context.event, structure])
    draft.put(10, control_id)
    draft.put(11, _processing(provenance))
    draft.put(12, context.definitions.version)
    draft.put(17, _country(context, header, provenance))
    if provenance is not None:
        draft.put(19, source.text(provenance, "language"))
        context.restore(draft, provenance)
    return draft


def agents(context: Context, provenance: Resource | None, role: str) -> list[Resource]:
    """
    Return the agents of a Provenance in a role (`author`, `enterer`); they count as read.

    Who is told to have transcribed a document has no role but that one.
    """
    found = []
    for agent in (provenance or {}).get("agent", ()):
        kind = agent.get("type", {}) if isinstance(agent, dict) else {}
        codes = [coding.get("code") for coding in kind.get("coding", ())]
        if role in codes and (role == TRANSCRIBER or TRANSCRIBER not in codes):
            context.source.take(provenance or {}, "agent")
            context.source.whole(agent, "type")
            found.append(agent)
    return found


def _application(context: Context, header: Resource | None, provenance: Resource | None) -> Composite | None:
    if header is not None and (origin := context.source.one(header, "source")):
        return _party(context, origin)
    for agent in agents(context, provenance, "assembler"):
        who = context.source.one(agent, "who") or {}
        name = context.source.text(who, "display")
        context.source.whole(who, "identifier", "reference", "type")
        named = who.get("identifier", {})
        value = str(named.get("value", ""))
        universal, kind = universal_id(value) if "system" in named else (value, named.get("type", {}).get("text", ""))
        return trimmed([name if name != universal else "", universal, str(kind) if universal else ""])
    return None


def _sender(context: Context, header: Resource | None, provenance: Resource | None) -> Resource | None:
    sender = context.source.reference(header, "sender") if header is not None else None
    for agent in agents(context, provenance, "author"):
        sender = sender or context.source.reference(agent, "who")
    return sender


def _country(context: Context, header: Resource | None, provenance: Resource | None) -> str:
    sender = _sender(context, header, provenance)
    addresses = context.source.items(sender, "address") if sender is not None else []
    return next((country for one in addresses if (country := context.source.text(one, "country"))), "")


def _facility(context: Context, header: Resource | None, provenance: Resource | None) -> Composite | None:
    sender = _sender(context, header, provenance)
    return hd_from_organization(context, sender) if sender is not None else None


def _destination(context: Context, header: Resource | None) -> Composite | None:
    one = context.source.one(header, "destination") if header is not None else None
    return _party(context, one) if one is not None else None


def _receiver(context: Context, header: Resource | None) -> Composite | None:
    one = context.source.one(header, "destination") if header is not None else None
    if one is None:
        return None
    # Where the organization that the receiver answers to is named too, the facility stands beside it.
    beside = context.extension(one, RECEIVING_FACILITY)
    found = context.source.reference(beside, "valueReference") if beside else context.source.reference(one, "receiver")
    return hd_from_organization(context, found) if found is not None else None


def _party(context: Context, party: Resource) -> Composite:
    name, endpoint = context.source.text(party, "name"), context.source.text(party, "endpoint")
    universal, kind = universal_id(endpoint)
    return trimmed([name if name != universal else "", universal, kind])


def _processing(provenance: Resource | None) -> str:
    tags = (provenance or {}).get("meta", {}).get("tag", ())
    return next((str(tag["code"]) for tag in tags if tag.get("system") == _PROCESSING and "code" in tag), "P")
