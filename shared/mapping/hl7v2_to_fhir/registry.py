"""
The message maps by message type: MSH-9.1 decides which one applies, its module is read when it is first needed.

A type that has no map of its own is read segment by segment (`messages/any_message.py`), and an issue says so.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from shared.errors import Issue
from shared.formats.hl7v2.message import Message
from shared.mapping.coverage import Coverage
from shared.mapping.hl7v2_to_fhir.accounts import coverage_of
from shared.mapping.hl7v2_to_fhir.bundles import BundleKind, as_kind
from shared.mapping.hl7v2_to_fhir.context import Context
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.transformation import add_transformation
from shared.partners.profile import PartnerProfile

_MESSAGES = "shared.mapping.hl7v2_to_fhir.messages"
_ANY = "any_message"

# MSH-9.1 -> the module in `messages/` whose `MAP` reads it.
MODULES = {
    "ADT": "adt",
    "BAR": "bar",
    "DFT": "dft",
    "ORU": "oru_r01",
    "OUL": "oul",
    **dict.fromkeys(("ORM", "OML", "OMG", "OMI", "OMD", "OMS", "OMN"), "orders"),
    **dict.fromkeys(("ORR", "ORL", "ORG", "ORI", "ORD", "ORS", "ORN", "ORA"), "orders"),
    **dict.fromkeys(("OMP", "RDE", "RDS", "RAS", "ORP", "RRE", "RRD", "RRA"), "pharmacy"),
    **dict.fromkeys(("SIU", "SRM", "SRR"), "siu"),
    "MDM": "mdm",
    **dict.fromkeys(("REF", "RRI", "RPA"), "ref"),
    "VXU": "vxu",
    **dict.fromkeys(("PPR", "PGL", "PPP", "PPG", "PRR", "PPV", "PTR", "PPT"), "ppr"),
    **dict.fromkeys(("MFN", "MFK", "MFR", "MFD", "MFQ"), "mfn"),
    **dict.fromkeys(("QBP", "QCN", "QRY", "QSB", "QVR", "QSX", "VXQ", "DSR", "DSQ"), "query"),
    **dict.fromkeys(("RSP", "RTB", "RDY", "ADR", "ORF", "VXR", "VXX"), "query"),
    **dict.fromkeys(("ACK", "MCF"), "acknowledgment"),
}


class Mapped(NamedTuple):
    """What a map made of a message."""

    bundle: dict[str, Any]
    coverage: Coverage
    issues: tuple[Issue, ...]
    mapping: str


def map_of(message: Message) -> MessageMap:
    """Return the map of a message; the one for any message where its type has none."""
    return _map_in(MODULES.get(message.code, _ANY))


@cache
def _map_in(module: str) -> MessageMap:
    found: MessageMap = import_module(f"{_MESSAGES}.{module}").MAP
    return found


def map_message(
    message: Message, partner: PartnerProfile | None, received: datetime, bundle_kind: BundleKind = "transaction"
) -> Mapped:
    """Return the bundle, coverage and issues of a message; RejectedError where it breaks a limit."""
    message_map = map_of(message)
    context = Context(message, partner, received)
    bundle = message_map.build(context)
    if context.partner.operator is not None:
        add_transformation(context, bundle, context.partner.operator, message_map.identity)
    bundle = as_kind(context, bundle, bundle_kind)
    context.close()
    return Mapped(bundle, coverage_of(context), tuple(context.issues), message_map.identity)
